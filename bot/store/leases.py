"""A worker's writes beside its job row: in one transaction with the proof that the job is still its own."""

from __future__ import annotations

from sqlmodel import Session, col, select

from bot.domain import Job
from bot.errors import LeaseLost
from bot.store.models import JobRow


def require_lease(session: Session, job: Job | None) -> None:
    """Raises LeaseLost where another worker has claimed `job`; None is somebody who needs no lease.

    Holds the row until the transaction ends, so that nobody claims it meanwhile.
    """
    if job is None:
        return
    mine = select(JobRow.id).where(JobRow.id == job.id, col(JobRow.lease_token) == job.lease_token)
    if session.exec(mine.with_for_update()).first() is None:
        raise LeaseLost(f"job {job.id} is held by another worker")
