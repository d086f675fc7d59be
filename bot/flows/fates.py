"""What becomes of a job whose step failed: later, never, or when the operator has mended it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import structlog

from bot.domain import Job
from bot.errors import DatabaseAway, LeaseLost, Misconfigured, Permanent, Transient
from bot.flows.paused import PROBE_EVERY, pause
from bot.store import Store

log = structlog.get_logger()

# How often, and why: a hiccup of X is over in seconds, an outage in an hour; the last wait of the row is
# about that, and eight of them together are two hours.
FIRST_WAIT = timedelta(seconds=4)
LONGEST_WAIT = timedelta(hours=1)
MAX_FAILURES = 8


def backoff(failures: int) -> timedelta:
    """Exponential with full jitter, so that jobs that failed together do not come back together."""
    longest = min(LONGEST_WAIT, FIRST_WAIT * float(2**failures))
    return FIRST_WAIT / 4 + longest * random.random()


def settle(job: Job, error: Exception, *, store: Store, now: datetime) -> str:
    """Writes the fate of a failed job into its row, and returns the state it is in now.

    Raises DatabaseAway where that cannot be written: the job is taken up again when its lease is over.
    """
    try:
        return _settle(job, error, store=store, now=now)
    except LeaseLost:
        log.warning("job.lease_lost")
        return "lost"


def _settle(job: Job, error: Exception, *, store: Store, now: datetime) -> str:
    match error:
        case LeaseLost():
            raise error
        case Permanent():
            store.jobs.give_up(job, error.reason, now=now, refused=error.refused, detail=error.detail)
            log.info("job.ended", refused=error.refused, reason=error.reason, detail=error.detail)
            return "refused" if error.refused else "failed"
        case Misconfigured():
            pause(error, store=store, now=now)
            until = now + PROBE_EVERY
            store.jobs.wait(job, until, error.reason, now=now, counts=False, detail=error.detail)
            return "waiting"
        case Transient():
            return _later(job, error, store=store, now=now)
        case DatabaseAway():
            return _later(job, Transient("database-away", str(error), counts=False), store=store, now=now)
        case _:
            log.error("job.unexpected_error", exc_info=error)
            unexpected = Transient("unexpected-error", f"{type(error).__name__}: {error}"[:500])
            return _later(job, unexpected, store=store, now=now)


def _later(job: Job, error: Transient, *, store: Store, now: datetime) -> str:
    failures = store.jobs.failures(job.id) + 1
    if error.counts and failures >= MAX_FAILURES:
        store.jobs.give_up(job, error.reason, now=now, detail=error.detail)
        log.error("job.given_up", reason=error.reason, detail=error.detail, failures=failures)
        return "failed"
    until = error.retry_at or now + backoff(failures)
    store.jobs.wait(job, until, error.reason, now=now, counts=error.counts, detail=error.detail)
    log.info("job.waits", reason=error.reason, until=until.isoformat(timespec="seconds"))
    return "waiting"
