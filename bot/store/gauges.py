"""How things stand, in a few indexed queries: for whoever watches the house."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args

from sqlmodel import Session, col, func, select

from bot.domain import JobState
from bot.metrics import Figures
from bot.store.database import Database
from bot.store.jobrows import OPEN_STATES, came_due
from bot.store.models import JobRow, NoteRow, SpendSumRow
from bot.store.notes import COOL_DOWN, COOL_DOWNS, PAUSED, POLLED
from bot.store.spend import utc_day

# Whoever has waited for longer has been spoken of for long enough.
UNANSWERED_FOR = timedelta(days=1)


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


def _jobs(session: Session) -> dict[tuple[str, str], int]:
    """Every state is there, also without a job."""
    query = select(JobRow.state, JobRow.reason, func.count()).group_by(col(JobRow.state), col(JobRow.reason))
    none = {(state, ""): 0 for state in get_args(JobState)}
    return none | {(state, reason or ""): count for state, reason, count in session.exec(query)}


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
