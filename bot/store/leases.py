"""A worker's writes: in one transaction with the proof that the job is still its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot.domain import Job
from bot.errors import LeaseLost
from bot.store.database import execute
from bot.store.jobrows import HOLD, SET_THREAD, SET_THREAD_OF_REPLY
from bot.store.prepared import Prepared


def require_lease(session: Session, job: Job | None) -> None:
    """Raises LeaseLost where another worker has claimed `job`; None is somebody who needs no lease.

    Holds the row until the transaction ends, so that nobody claims it meanwhile.
    """
    if job is not None:
        required(job, execute(session, HOLD, {"job_id": job.id, "mine": job.lease_token}).first())


def name_thread(session: Session, job: Job | None, thread_id: int, *, now: datetime) -> None:
    """`require_lease`, and the job says which thread it came to: only the reply may be lacking then."""
    if job is not None:
        statement = SET_THREAD_OF_REPLY if job.reply_wanted else SET_THREAD
        change(session, statement, job, now=now, thread=thread_id)


def change(session: Session, statement: Prepared, job: Job, *, now: datetime, **values: Any) -> Row[Any]:
    """Of the job's own row. Raises LeaseLost."""
    return required(job, execute(session, statement, {**claim_of(job, now), **values}).first())


def claim_of(job: Job, now: datetime) -> dict[str, Any]:
    """What every statement about a job under way has to name."""
    return {"job_id": job.id, "mine": job.lease_token, "now": now}


def required(job: Job, changed: Row[Any] | None) -> Row[Any]:
    """Raises LeaseLost where no row was found."""
    if changed is None:
        raise LeaseLost(f"job {job.id} is held by another worker")
    return changed
