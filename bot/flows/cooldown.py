"""When X complains of our replies, the replies rest; everything else goes on.

    complaint -> silence, longer each time -> one reply tries -> it went out: all go on
                                                              -> another complaint: silence again

Mentions are looked at all the while: that is free while there are none, X keeps only the newest 800, and a
"stop" among them must be heard. Commands have their effect at once and are confirmed later. Threads are not
fetched for a reply that must wait: read today, a page would be paid for again tomorrow to stay confirmed,
and all of it in vain if the asker says stop or the post goes in the meantime.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bot.domain import Job
from bot.errors import Complaint, Permanent, Transient
from bot.flows.parts import Parts, alone
from bot.rules.cooldown import AFTER_THE_OTHERS, COMPLAINTS_OF_ONE, CoolDown, after_complaint, after_reply

log = structlog.get_logger()


def require_calm(parts: Parts) -> None:
    """Raises Transient `cooling-down` while no reply may be made."""
    _calm(parts.store.notes.cool_down(), parts)


def _calm(rest: CoolDown | None, parts: Parts) -> None:
    if rest is not None and rest.holds(parts.clock()):
        raise Transient("cooling-down", rest.detail, retry_at=rest.until, counts=False)


@contextmanager
def careful(job: Job, rest: CoolDown | None, parts: Parts) -> Iterator[None]:
    """Around the reply of a job; `rest` is the last silence, over or not. Raises what becomes of the job if X
    complains; of many that waited for the end of a silence, one tries and the others wait for it.
    """
    _calm(rest, parts)
    if rest is None or rest.over_at is not None:
        with _heeding(job, parts):
            yield
        return
    with alone("reply-after-silence", parts, reason="cooling-down"):
        require_calm(parts)
        with _heeding(job, parts):
            yield
        parts.store.notes.set_cool_down(after_reply(rest, now=parts.clock()), now=parts.clock())
        log.info("replies.go_on", silent_for=str(parts.clock() - rest.since), complaints=rest.complaints)


@contextmanager
def _heeding(job: Job, parts: Parts) -> Iterator[None]:
    try:
        yield
    except Complaint as error:
        raise _silence(job, error, parts) from None


def _silence(job: Job, error: Complaint, parts: Parts) -> Permanent | Transient:
    now, earlier = parts.clock(), parts.store.notes.cool_down()
    if _is_this_mentions(job, earlier, parts):
        return Permanent("reply-not-allowed", error.detail)
    rest = after_complaint(earlier, now=now, detail=error.detail)
    if rest != earlier:
        parts.store.notes.set_cool_down(rest, now=now)
        log.critical(
            "replies.cool_down",
            detail=rest.detail,
            complaints=rest.complaints,
            until=rest.until.isoformat(timespec="seconds"),
            hint="look at the account on X: is it limited or locked?",
        )
    return Transient(error.reason, error.detail, retry_at=rest.until + AFTER_THE_OTHERS, counts=False)


def _is_this_mentions(job: Job, earlier: CoolDown | None, parts: Parts) -> bool:
    """Others were answered since X complained about this one, and complained it has before."""
    if earlier is None or earlier.over_at is None:
        return False
    ended = (attempt.outcome for attempt in parts.store.jobs.attempts(job.id))
    return sum(outcome == "waiting: not-permitted" for outcome in ended) >= COMPLAINTS_OF_ONE
