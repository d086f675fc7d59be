"""A worker's writes beside its job row: in one transaction with the proof that the job is still its own."""

from __future__ import annotations

from sqlmodel import Session

from bot.domain import Job
from bot.errors import LeaseLost
from bot.store.database import execute
from bot.store.jobrows import HOLD


def require_lease(session: Session, job: Job | None) -> None:
    """Raises LeaseLost where another worker has claimed `job`; None is somebody who needs no lease.

    Holds the row until the transaction ends, so that nobody claims it meanwhile.
    """
    if job is None:
        return
    if execute(session, HOLD, {"job_id": job.id, "mine": job.lease_token}).first() is None:
        raise LeaseLost(f"job {job.id} is held by another worker")
