"""Our one reply to a mention.

answered already? -> did an earlier POST land? -> mark -> POST -> its id
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import structlog

from bot.domain import Job, Thread
from bot.errors import Misconfigured, Permanent, Transient
from bot.flows.parts import Parts, alone
from bot.rules.reply import compose
from bot.x import X

log = structlog.get_logger()

# X refuses a text it has just seen; after so many other wordings it is no longer chance.
MAX_WORDINGS = 5


def answer(job: Job, thread: Thread, x: X, parts: Parts) -> int:
    """Posts the reply and returns its id; after an unknown outcome, looks for it before speaking again.

    Raises Permanent `already-answered` where the reply policy says that one is enough.
    """
    assert job.mention_id is not None  # noqa: S101 - only a mention wants a reply
    if job.reply_started_at is not None and (landed := _landed(job, job.mention_id, x, parts)) is not None:
        log.info("reply.found", reply=landed)
        return landed
    whom = job.requester_id if parts.settings.reply_policy == "each" else None
    with alone(f"answer:{thread.id}:{whom or 'anybody'}", parts, reason="being-answered"):
        if parts.store.jobs.answered(thread.id, requester_id=whom, besides=job.id):
            raise Permanent("already-answered")
        return _speak(job, job.mention_id, thread, x, parts)


def _speak(job: Job, mention_id: int, thread: Thread, x: X, parts: Parts) -> int:
    """Whatever else goes wrong in here leaves the mark where it is: then the next try looks first."""
    store, clock = parts.store, parts.clock
    unsure = job.reply_started_at is not None
    for text in _wordings(job, thread, parts):
        store.jobs.start_reply(job, text, now=clock())
        try:
            reply_id = x.reply(text, to=mention_id)
        except Transient as error:
            if error.may_have_landed:
                raise Transient("reply-unsure", error.reason, retry_at=clock() + _visible(parts)) from None
            store.jobs.unstart_reply(job, now=clock())
            raise
        except Permanent as error:
            said_before = error.reason == "duplicate-text" and unsure and text == job.reply_text
            if said_before and not store.jobs.has_said(text, besides=job.id):
                raise Transient(
                    "reply-unsure", "X knows the words", retry_at=clock() + _visible(parts)
                ) from None
            store.jobs.unstart_reply(job, now=clock())
            if error.reason != "duplicate-text":
                raise
            log.info("reply.duplicate")
        except Misconfigured:
            store.jobs.unstart_reply(job, now=clock())
            raise
        else:
            log.info("reply.posted", reply=reply_id)
            return reply_id
    raise Transient("duplicate-text", f"{MAX_WORDINGS} wordings refused")


def _wordings(job: Job, thread: Thread, parts: Parts) -> Iterator[str]:
    """The words of an earlier try first: if it did land after all, X refuses them as a duplicate."""
    if job.reply_text is not None:
        yield job.reply_text
    url = f"{parts.settings.public_url}/thread/{thread.id}"
    earlier = parts.store.jobs.earlier_for(thread.id, job.id)
    for attempt in range(MAX_WORDINGS):
        yield compose(thread, url, seed=thread.id, attempt=earlier + attempt)


def _landed(job: Job, mention_id: int, x: X, parts: Parts) -> int | None:
    """The reply, if an earlier POST of unknown outcome did land.

    Not before the time X needs to show it: looking too early would find nothing and speak twice.
    """
    assert job.reply_started_at is not None  # noqa: S101 - asked by `answer`
    shown = job.reply_started_at + _visible(parts)
    if parts.clock() < shown:
        raise Transient("reply-unsure", "not visible yet", retry_at=shown, counts=False)
    bot = parts.store.notes.bot() or x.me()
    posts = x.own_replies(bot.id, since_id=mention_id)
    return next((post.id for post in posts if post.reply_to == mention_id), None)


def _visible(parts: Parts) -> timedelta:
    return timedelta(seconds=parts.settings.reply_visible_after_seconds)
