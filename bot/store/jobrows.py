"""The rows of jobs and attempts: what is due, and the statements that every unroll runs, each built once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Row,
    and_,
    bindparam,
    case,
    func,
    insert,
    null,
    or_,
    select,
    union_all,
    update,
)

from bot.domain import Goal, Job, JobState
from bot.rules.urgency import ONLY_THE_REPLY
from bot.settings import CLOCKS_APART, LEASE
from bot.store.inserts import table_of
from bot.store.models import AttemptRow, JobRow, ThreadPostRow, ThreadRow
from bot.store.prepared import Among, Prepared

# A wake-up that nothing came of for this long is taken for lost and sent again.
WAKE_UP_LOST = timedelta(seconds=60)

OPEN_STATES = ("queued", "waiting", "running")

JOB, ATTEMPT = table_of(JobRow), table_of(AttemptRow)
THREAD, POST_OF_THREAD = table_of(ThreadRow), table_of(ThreadPostRow)


def _time(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=JOB.c.updated_at.type)


def times_of(now: datetime) -> dict[str, datetime]:
    """Now, what is later than a clock that is right can say, and before when a wake-up sent is a lost one."""
    return {
        "now": now,
        "ahead": now + CLOCKS_APART,
        "too_far": now + LEASE + CLOCKS_APART,
        "lost": now - WAKE_UP_LOST,
    }


# Places for them, in statements that are built once.
PLACES = {name: _time(name) for name in ("now", "ahead", "too_far", "lost")}
NOW = PLACES["now"]


def came_due(now: datetime | None = None) -> list[tuple[ColumnElement[bool], Any]]:
    """The ways in which a worker could take a job now, each with the column that says since when it could.
    Without a time for statements that are built once, and run with `times_of`.
    """
    times = times_of(now) if now is not None else PLACES
    state = JOB.c.state
    return [
        (state == "queued", JOB.c.updated_at),
        (and_(state == "waiting", JOB.c.not_before <= times["now"]), JOB.c.not_before),
        (_from_a_clock_ahead(times), JOB.c.updated_at),
        (and_(state == "running", _over(JOB.c.lease_until, times)), JOB.c.lease_until),
    ]


def _from_a_clock_ahead(times: Mapping[str, Any]) -> ColumnElement[bool]:
    """It waits until a time of a clock that was set back since. What it waits for is looked at again anyway
    by whoever takes it.
    """
    late = and_(JOB.c.not_before > times["now"], JOB.c.updated_at > times["ahead"])
    return and_(JOB.c.state == "waiting", late)


def _over(until: ColumnElement[Any], times: Mapping[str, Any]) -> ColumnElement[bool]:
    return or_(until < times["now"], until > times["too_far"])


def claimable(now: datetime | None = None) -> ColumnElement[bool]:
    return or_(*(way for way, _ in came_due(now)))


def unsent() -> ColumnElement[bool]:
    """No wake-up since the job came due, or one that was lost."""
    return or_(
        JOB.c.enqueued_at.is_(None),
        JOB.c.enqueued_at < PLACES["lost"],
        JOB.c.enqueued_at > PLACES["ahead"],
        and_(
            JOB.c.state == "waiting",
            JOB.c.not_before <= NOW,
            JOB.c.enqueued_at < JOB.c.not_before,
        ),
        and_(JOB.c.state == "running", JOB.c.enqueued_at < JOB.c.lease_until),
    )


def as_job(row: JobRow | Row[Any]) -> Job:
    return Job(
        id=cast("int", row.id),
        kind=row.kind,
        state=cast("JobState", row.state),
        reason=row.reason,
        mention_id=row.mention_id,
        requester_id=row.requester_id,
        goal=Goal(row.post_id, row.conversation_id, row.author_id, row.author_username),
        thread_id=row.thread_id,
        reply_wanted=row.reply_wanted,
        reply_id=row.reply_id,
        reply_text=row.reply_text,
        reply_started_at=row.reply_started_at,
        attempts=row.attempts,
        not_before=row.not_before if row.state == "waiting" else None,
        lease_token=row.lease_token,
        lease_until=row.lease_until,
        created_at=row.created_at,
        updated_at=row.updated_at,
        from_site=row.from_site,
    )


OF_JOB = JOB.c.id == bindparam("job_id")
BY_ID = Prepared(select(JOB).where(OF_JOB))

CLAIM = Prepared(
    update(JOB)
    .where(OF_JOB, claimable())
    .values(
        state="running",
        lease_token=bindparam("token"),
        lease_until=_time("until"),
        attempts=JOB.c.attempts + 1,
        updated_at=NOW,
    )
    .returning(*JOB.c)
)
_LISTED = JOB.c.id, JOB.c.requester_id, JOB.c.priority, unsent().label("unsent")
DUE = Prepared(union_all(*(select(*_LISTED).where(way) for way, _ in came_due())))
# SQLite takes the states' indexes for a list that it does not know the length of, and a backlog is long.
WOKEN = (
    update(JOB)
    .where(JOB.c.id.in_(bindparam("ids", expanding=True)), claimable())
    .values(enqueued_at=NOW)
    .returning(JOB.c.id, JOB.c.mention_id)
)
# By whoever holds the claim.
MINE = update(JOB).where(OF_JOB, JOB.c.lease_token == bindparam("mine"))
HOLD = Prepared(select(JOB.c.id).where(OF_JOB, JOB.c.lease_token == bindparam("mine")).with_for_update())
WHICH = JOB.c.id, JOB.c.thread_id
_NAMED = MINE.values(thread_id=bindparam("thread"), updated_at=NOW).returning(*WHICH)
SET_THREAD = Prepared(_NAMED)
SET_THREAD_OF_REPLY = Prepared(
    _NAMED.values(priority=case((JOB.c.priority > ONLY_THE_REPLY, ONLY_THE_REPLY), else_=JOB.c.priority))
)
START_REPLY = Prepared(
    MINE.where(JOB.c.lease_until > _time("ends"))
    .values(reply_text=bindparam("text"), reply_started_at=NOW, updated_at=NOW)
    .returning(*WHICH)
)
UNSTART_REPLY = Prepared(MINE.values(reply_started_at=null(), updated_at=NOW).returning(*WHICH))
ENDED = MINE.values(lease_token=null(), lease_until=null(), updated_at=NOW).returning(*WHICH)
FINISH = Prepared(
    ENDED.values(state="done", reply_id=bindparam("reply"), reason=bindparam("why"), not_before=null())
)

ATTEMPT_BEGUN = Prepared(
    insert(ATTEMPT)
    .values({name: bindparam(name) for name in ("job_id", "number", "worker", "started_at")})
    .inline()
)
ATTEMPT_ENDED = Prepared(
    update(ATTEMPT)
    .where(ATTEMPT.c.job_id == bindparam("of"), ATTEMPT.c.number == bindparam("which"))
    .values(ended_at=bindparam("at"), outcome=bindparam("said"), detail=bindparam("why"))
)

# What other jobs say of a thread.
OTHERS = JOB.c.thread_id == bindparam("thread_id"), JOB.c.id != bindparam("besides")
_UNDER_WAY = or_(*(JOB.c.state == state for state in OPEN_STATES))
_MAY_HAVE = and_(JOB.c.reply_started_at.is_not(None), _UNDER_WAY)
_ANSWERED = (
    select(JOB.c.id)
    .where(*OTHERS, JOB.c.kind == "unroll", or_(JOB.c.reply_id.is_not(None), _MAY_HAVE))
    .limit(1)
)
ANSWERED = Prepared(_ANSWERED)
ANSWERED_TO = Prepared(_ANSWERED.where(JOB.c.requester_id == bindparam("requester_id")))
SAID = Prepared(select(JOB.c.id, JOB.c.reply_text, JOB.c.reply_started_at).where(*OTHERS))

# Requests for the threads of some authors: for threads that are known, and for what was posted by them.
LATEST = 2**63 - 1
_ASKED = (
    JOB.c.mention_id.is_not(None),
    or_(JOB.c.kind == "unroll", JOB.c.kind == "refresh"),
    JOB.c.created_at >= _time("since"),
    func.coalesce(JOB.c.reason, "") != "author-limit",
    # Not the bare column: SQLite, without statistics, would look through all jobs of a kind by their ids.
    JOB.c.id + 0 < bindparam("before", type_=BigInteger),
)
_AUTHOR = func.coalesce(THREAD.c.author_id, JOB.c.author_id)
_OF = union_all(
    select(THREAD.c.author_id.label("author_id"))
    .join(JOB, JOB.c.thread_id == THREAD.c.id)
    .where(JOB.c.thread_id.in_(select(THREAD.c.id).where(Among(THREAD.c.author_id))), *_ASKED),
    select(_AUTHOR.label("author_id"))
    .select_from(JOB)
    .outerjoin(POST_OF_THREAD, POST_OF_THREAD.c.post_id == JOB.c.post_id)
    .outerjoin(THREAD, THREAD.c.id == POST_OF_THREAD.c.thread_id)
    .where(JOB.c.thread_id.is_(None), Among(_AUTHOR), *_ASKED),
).subquery()
ASKED_OF = Prepared(select(_OF.c.author_id, func.count().label("requests")).group_by(_OF.c.author_id))
