"""X does not let us in: all calls stop, the jobs are kept, and once a minute one call tries it again.

It is the endpoint that failed that is tried: keys are of two kinds, and either may be revoked alone. A reply
cannot be tried without being made, so there a job's own reply is the one that tries.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog

from bot.errors import Misconfigured, Permanent, Transient
from bot.flows.parts import Parts, alone
from bot.settings import CLOCKS_APART
from bot.store import Store
from bot.store.notes import PAUSED, Pause
from bot.x import X

log = structlog.get_logger()

PROBE_EVERY = timedelta(seconds=60)

REPLY = "POST /2/tweets"


def pause(error: Misconfigured, *, store: Store, now: datetime) -> None:
    """Stops all calls to X until the next probe; says so loudly the first time."""
    earlier = store.notes.pause()
    since = earlier.since if earlier else now
    stopped = Pause(error.reason, error.detail, since, now + PROBE_EVERY, error.endpoint)
    store.notes.set_pause(stopped, now=now)
    if earlier is None:
        told = {"reason": error.reason, "detail": error.detail, "endpoint": error.endpoint}
        log.critical("x.paused", **told, hint="run `unroll doctor`")


def holds(paused: Pause, *, now: datetime) -> bool:
    """A probe that is further off than one can be was put there before a clock was set back."""
    return now < paused.probe_at <= now + PROBE_EVERY + CLOCKS_APART


@contextmanager
def probing(x: X, parts: Parts) -> Iterator[None]:
    """Around the poller's look, which tries the account's key itself. Raises Transient while there is a pause
    and it is not yet time to try.
    """
    paused = parts.store.notes.pause()
    if paused is None:
        yield
        return
    if holds(paused, now=parts.clock()):
        raise Transient(paused.reason, "paused", retry_at=paused.probe_at)
    x.probe(paused.endpoint)
    yield
    if paused.endpoint != REPLY:
        _end(paused, parts)


@contextmanager
def probing_by_reply(paused: Pause | None, parts: Parts) -> Iterator[None]:
    """Around a reply. Where it is replies that X did not let us make, one tries, and the others wait."""
    if paused is None or paused.endpoint != REPLY:
        yield
        return
    if holds(paused, now=parts.clock()):
        raise Transient(paused.reason, "paused", retry_at=paused.probe_at, counts=False)
    with alone("reply-after-pause", parts, reason=paused.reason):
        try:
            yield
        except Permanent:  # X lets us speak, if not to them
            _end(paused, parts)
            raise
        _end(paused, parts)


def _end(paused: Pause, parts: Parts) -> None:
    if parts.store.notes.drop(PAUSED):
        log.info("x.mended", paused_for=str(parts.clock() - paused.since))
