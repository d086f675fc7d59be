"""How things stand, in a few indexed queries: for whoever watches the house."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args

from sqlalchemy import BigInteger, column, delete, insert, table, text, union_all
from sqlalchemy import select as rows_of
from sqlmodel import Session, col, func, select

from bot.domain import JobState
from bot.metrics import Figures
from bot.store.database import Database
from bot.store.jobrows import JOB, OPEN_STATES, came_due
from bot.store.models import JobRow, NoteRow, SpendSumRow
from bot.store.notes import COOL_DOWN, COOL_DOWNS, PAUSED, POLLED
from bot.store.prepared import Prepared
from bot.store.spend import utc_day

# Whoever has waited for longer has been spoken of for long enough.
UNANSWERED_FOR = timedelta(days=1)

# The jobs that ended, by state and reason: the sum of its rows. Triggers write one with each job that ends,
# and one of -1 with each that is run again. SQLite's are lost where a migration copies the table of jobs.
COUNTED = "job_count"
COUNT = table(COUNTED, column("state"), column("reason"), column("jobs", BigInteger))
# So many rows are added up as quickly as one.
ADDED_UP_AFTER = 500

HOW_MANY = Prepared(rows_of(func.count().label("rows")).select_from(COUNT))
TAKE_ALL = delete(COUNT).returning(*COUNT.c)
PUT_BACK = insert(COUNT)
COUNT_ANEW = PUT_BACK.from_select(
    ["state", "reason", "jobs"],
    rows_of(JOB.c.state, JOB.c.reason, func.count())
    .where(JOB.c.state.not_in(OPEN_STATES))
    .group_by(JOB.c.state, JOB.c.reason),
)

# In one statement, or a job that ends meanwhile is seen twice or not at all.
BY_STATE = union_all(
    rows_of(JOB.c.state, JOB.c.reason, func.count().label("jobs"))
    .where(JOB.c.state.in_(OPEN_STATES))
    .group_by(JOB.c.state, JOB.c.reason),
    rows_of(COUNT.c.state, COUNT.c.reason, func.sum(COUNT.c.jobs))
    .group_by(COUNT.c.state, COUNT.c.reason)
    .having(func.sum(COUNT.c.jobs) != 0),
)


@dataclass(frozen=True, slots=True)
class Gauges:
    database: Database

    def read(self, now: datetime) -> Figures:
        """Everything at one moment."""
        with self.database.read() as session:
            due, oldest_due = _due(session, now)
            last_reply = _last_reply(session)
            polled, paused = _note(session, POLLED), _note(session, PAUSED)
            spent, on_rechecks = _spent(session, now)
            return Figures(
                jobs=_jobs(session),
                due=due,
                oldest_due=oldest_due,
                unanswered_since=_unanswered_since(session, last_reply, now),
                last_reply=last_reply,
                ticked_at=_moment(polled, "at"),
                polled_at=_moment(polled, "looked_at"),
                paused=str(paused["reason"]) if paused else None,
                cooling_down=_cools_down(_note(session, COOL_DOWN), now),
                spent=spent,
                spent_on_rechecks=on_rechecks,
            )

    def add_up(self) -> None:
        """Puts together what was counted, once there is much of it."""
        seen = self.database.glance(HOW_MANY, {})
        if seen is not None and seen.rows > ADDED_UP_AFTER:
            with self.database.write() as session:
                add_up(session)


def add_up(session: Session) -> None:
    """Those who count meanwhile do not wait, and what they count stays for the next time."""
    jobs: Counter[tuple[str, str | None]] = Counter()
    for row in session.execute(TAKE_ALL):
        jobs[row.state, row.reason] += row.jobs
    sums = [{"state": state, "reason": reason, "jobs": n} for (state, reason), n in jobs.items() if n]
    if sums:
        session.execute(PUT_BACK, sums)


def count_anew(session: Session) -> None:
    """From the jobs themselves, where very many came at once and nobody else writes: what was written for
    each of them would leave PostgreSQL a table of empty pages, and all of them are read.
    """
    sqlite = session.get_bind().dialect.name == "sqlite"
    session.execute(delete(COUNT) if sqlite else text(f"TRUNCATE {COUNTED}"))
    session.execute(COUNT_ANEW)


def _jobs(session: Session) -> dict[tuple[str, str], int]:
    """Every state is there, also without a job."""
    none = {(state, ""): 0 for state in get_args(JobState)}
    return none | {(row.state, row.reason or ""): int(row.jobs) for row in session.execute(BY_STATE)}


def _due(session: Session, now: datetime) -> tuple[int, datetime | None]:
    """How many, and since when the first of them. A replayed job came due when it was put back.

    One query a way: of all of them in one, SQLite reads every row.
    """
    told = [session.exec(select(func.count(), func.min(at)).where(way)).one() for way, at in came_due(now)]
    return sum(count for count, _ in told), min((at for _, at in told if at is not None), default=None)


def _last_reply(session: Session) -> datetime | None:
    started = col(JobRow.reply_started_at)
    query = select(started).where(started.is_not(None), col(JobRow.reply_id).is_not(None))
    return session.exec(query.order_by(started.desc()).limit(1)).first()


def _unanswered_since(session: Session, last_reply: datetime | None, now: datetime) -> datetime | None:
    since = max(now - UNANSWERED_FOR, last_reply or now - UNANSWERED_FOR)
    asked = col(JobRow.created_at)
    state = func.coalesce(col(JobRow.state), "")  # by the day, not by the state: there are many old failures
    query = select(asked).where(
        asked > since,
        col(JobRow.mention_id).is_not(None),
        JobRow.reply_wanted,
        col(JobRow.reply_id).is_(None),
        state.in_([*OPEN_STATES, "failed"]),
    )
    return session.exec(query.order_by(asked).limit(1)).first()


def _spent(session: Session, now: datetime) -> tuple[dict[str, int], int]:
    """Micro-dollars of this UTC day by resource, and how much of them went into rechecks."""
    query = select(SpendSumRow.resource, SpendSumRow.recheck, SpendSumRow.micro_usd).where(
        SpendSumRow.day == utc_day(now)
    )
    spent: dict[str, int] = {}
    on_rechecks = 0
    for resource, recheck, micro in session.exec(query):
        spent[resource] = spent.get(resource, 0) + micro
        on_rechecks += micro if recheck else 0
    return spent, on_rechecks


def _note(session: Session, name: str) -> Mapping[str, Any] | None:
    row = session.get(NoteRow, name)
    return row.value if row else None


def _cools_down(value: Mapping[str, Any] | None, now: datetime) -> bool:
    return value is not None and COOL_DOWNS.validate_python(value).holds(now)


def _moment(value: Mapping[str, Any] | None, name: str) -> datetime | None:
    told = (value or {}).get(name)
    return datetime.fromisoformat(told) if told else None
