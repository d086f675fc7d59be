"""One reply to one mention, ever.

said already? -> did an earlier POST land? -> may we still? -> mark -> POST -> its id

The mark is made under the job's lease, when X listens and only the words are not written yet; a worker that
has lost the lease stops there. One that is held up between that look and the write, which is one call of the
system, posts words that X knows by then: whoever took over looks for them first, and says the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import NoReturn

import structlog

from bot import metrics
from bot.domain import Job
from bot.errors import LeaseLost, Misconfigured, Permanent, Transient
from bot.flows.consent import silenced
from bot.flows.cooldown import careful
from bot.flows.parts import Parts
from bot.flows.paused import probing_by_reply
from bot.flows.restored import answered_since_backup
from bot.rules.plan import posted_at
from bot.settings import CLOCKS_APART, CONNECT_TIMEOUT, HTTP_TIMEOUT
from bot.x import X
from bot.x.price import Item

log = structlog.get_logger()

# X refuses a text it has just seen; after so many other wordings it is no longer chance.
MAX_WORDINGS = 5


def said(job: Job, x: X, parts: Parts) -> int | None:
    """The reply, if we have spoken: as the row knows, or as X shows after a POST of unknown outcome or after
    a backup was restored.

    Not before the time X needs to show it: looking too early would find nothing and speak twice.
    """
    if job.reply_id is not None or job.mention_id is None:
        return job.reply_id
    since_backup = answered_since_backup(job, x, parts)
    if since_backup is not None or job.reply_started_at is None:
        return since_backup
    now = parts.clock()
    if job.reply_started_at > now + CLOCKS_APART:
        return _begin_to_wait(job, now, parts)
    shown = job.reply_started_at + _visible(parts)
    if now < shown:
        raise Transient("reply-unsure", "not visible yet", retry_at=shown, counts=False)
    bot = parts.store.notes.bot() or x.me()
    posts = x.own_replies(bot.id, since_id=job.mention_id)
    landed = next((post.id for post in posts if post.reply_to == job.mention_id), None)
    if landed is not None:
        x.meter.book([Item("reply", landed)])  # its answer was lost, and with it the bill
        metrics.REPLIES.labels("found").inc()
        log.info("reply.found", reply=landed)
    return landed


def _begin_to_wait(job: Job, now: datetime, parts: Parts) -> NoReturn:
    """A clock was set back since the mark was made: how long ago that was, nobody knows."""
    parts.store.jobs.start_reply(job, job.reply_text or "", now=now)
    shown = now + _visible(parts)
    raise Transient("reply-unsure", "a clock was set back", retry_at=shown, counts=False)


def speak(job: Job, wordings: Iterable[str], x: X, parts: Parts) -> int:
    """Posts the first wording that X takes and returns the reply's id. Ask `said` before.

    Raises Permanent where the asker wants no answers by now, Transient while X wants none of our replies.
    Whatever else goes wrong in here leaves the mark where it is: then the next try looks first.
    """
    paused, rest = parts.store.notes.moods()
    with probing_by_reply(paused, parts), careful(job, rest, parts):
        return _speak(job, wordings, x, parts)


def _speak(job: Job, wordings: Iterable[str], x: X, parts: Parts) -> int:
    assert job.mention_id is not None  # noqa: S101 - only a mention wants a reply
    store, clock = parts.store, parts.clock
    unsure = job.reply_started_at is not None
    for text in wordings:
        if objection := silenced(job, parts):
            raise Permanent(objection)
        try:
            reply_id = x.reply(text, to=job.mention_id, mark=partial(_mark, job, text, parts))
        except Transient as error:
            if error.may_have_landed:
                shown = clock() + _visible(parts)
                later = max(shown, error.retry_at or shown)
                raise Transient("reply-unsure", error.reason, retry_at=later, counts=error.counts) from None
            _unmark(job, parts)
            raise
        except Permanent as error:
            said_before = error.reason == "duplicate-text" and unsure and text == job.reply_text
            if said_before and not store.jobs.has_said(text, besides=job.id):
                raise Transient(
                    "reply-unsure", "X knows the words", retry_at=clock() + _visible(parts)
                ) from None
            _unmark(job, parts)
            if error.reason != "duplicate-text":
                raise
            log.info("reply.duplicate")
        except Misconfigured:
            _unmark(job, parts)
            raise
        else:
            waited = (clock() - posted_at(job.mention_id)).total_seconds()
            metrics.REPLY_SECONDS.observe(max(0.0, waited))
            log.info("reply.posted", reply=reply_id)
            return reply_id
    raise Transient("duplicate-text", f"{MAX_WORDINGS} wordings refused")


def _mark(job: Job, text: str, parts: Parts) -> None:
    """Raises LeaseLost unless the lease holds for as long as a POST may take. The commit may have waited for
    the database, so the time is looked at once more after it.
    """
    parts.store.jobs.start_reply(job, text, now=parts.clock())
    if job.lease_until is None or parts.clock() + CONNECT_TIMEOUT + HTTP_TIMEOUT >= job.lease_until:
        raise LeaseLost(f"job {job.id}: too late to speak")


def _unmark(job: Job, parts: Parts) -> None:
    """The try of just now surely did not go out. An earlier one may still have: X's timeline can lag behind
    for longer than we wait, and then only its refusal of the same words tells.
    """
    if job.reply_started_at is None:
        parts.store.jobs.unstart_reply(job, now=parts.clock())


def _visible(parts: Parts) -> timedelta:
    return timedelta(seconds=parts.settings.reply_visible_after_seconds)
