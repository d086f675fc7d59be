"""From a mention to our reply.

    claim -> known? -> fetch -> save what was bought -> assemble -> save the thread
          -> look for an earlier reply -> mark -> reply -> finish

Each step is stored before the next begins: the flow may run twice and may die on any line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from structlog.contextvars import bound_contextvars

from bot.domain import Conversation, Job, Thread
from bot.errors import LeaseLost, Permanent, Transient
from bot.flows.fates import settle
from bot.flows.meter import JobMeter
from bot.rules.reply import compose
from bot.rules.thread import assemble
from bot.settings import FLOW_DEADLINE, LEASE, Settings
from bot.store import Store
from bot.x import Connection, X, decode, fetch

log = structlog.get_logger()

# Another worker that fetches the same conversation is done within seconds.
WAIT_FOR_OTHER = timedelta(seconds=2)

# Wordings to try before a duplicate is taken for more than chance.
MAX_WORDINGS = 5

# A single post is worth a page if it is long or has something to see.
LONG_POST = 280


@dataclass(frozen=True, slots=True)
class Parts:
    """What a flow works with, built once by an entry point."""

    store: Store
    connection: Connection
    settings: Settings
    clock: Callable[[], datetime]
    worker: str = "cli"


def unroll(job_id: int, parts: Parts) -> Job | None:
    """Carries one job from its mention to our reply and returns its row; None if it was not ours to do.

    Never raises for a fate of the job: that is written in the row, with its reason.
    """
    store, clock = parts.store, parts.clock
    pause = store.notes.pause()
    if pause is not None and clock() < pause.probe_at:
        log.info("job.left_while_paused", job=job_id, reason=pause.reason)
        return None
    job = store.jobs.claim(job_id, now=clock(), worker=parts.worker)
    if job is None:
        return None
    with bound_contextvars(job=job.id, mention=job.mention_id, post=job.goal.post_id):
        log.info("job.claimed", attempt=job.attempts)
        try:
            _carry(job, parts)
        except Exception as error:  # noqa: BLE001 - a poisoned job must not stop the others
            with suppress(LeaseLost):
                settle(job, error, store=store, now=clock())
    return store.jobs.find(job.id)


def _carry(job: Job, parts: Parts) -> None:
    store, clock = parts.store, parts.clock
    meter = JobMeter(store, parts.settings, clock, job.id)
    x = X(parts.connection, meter, clock, deadline=clock() + FLOW_DEADLINE)
    if job.reply_id is not None:
        store.jobs.finish(job, job.reply_id, now=clock())
        log.info("job.done", reply=job.reply_id, already=True)
        return
    thread = _thread(job, x, parts)
    store.jobs.set_thread(job, thread.id, now=clock())
    reply_id = _reply(job, thread, x, parts) if job.reply_wanted and job.mention_id is not None else None
    store.jobs.finish(job, reply_id, now=clock())
    log.info("job.done", thread=thread.id, posts=len(thread.posts), reply=reply_id)


def _thread(job: Job, x: X, parts: Parts) -> Thread:
    """The thread, saved: from the database where an earlier run of this job got that far, else from X."""
    if job.thread_id is not None and (saved := parts.store.threads.find(job.thread_id)) is not None:
        return saved.thread
    goal = job.goal
    with _alone(goal.conversation_id or goal.post_id, parts):
        known = _known(job, parts)
        exclude = _asking(goal.conversation_id, job, parts)
        now = parts.clock()
        cap = parts.settings.max_posts_per_thread
        newest = parts.store.threads.known(goal).newest
        found = fetch(goal, x=x, known=known, cap=cap, now=now, newest=newest, exclude=exclude)
        _keep(found, known, job, parts)
        thread = assemble(found, goal, exclude=exclude)
        if thread is None:
            raise Permanent(_why_nothing(found, job))
        log.info("thread.assembled", thread=thread.id, posts=len(thread.posts), complete=thread.complete)
        _require_worth(thread, parts.settings)
        return parts.store.threads.save(thread, now=parts.clock())


@contextmanager
def _alone(conversation_id: int, parts: Parts) -> Iterator[None]:
    """Two workers asked for one conversation at the same moment buy it once."""
    name = f"conversation:{conversation_id}"
    now = parts.clock()
    token = parts.store.notes.acquire(name, now=now, hold=LEASE)
    if token is None:
        raise Transient("being-fetched", "by another worker", retry_at=now + WAIT_FOR_OTHER, counts=False)
    try:
        yield
    finally:
        parts.store.notes.release(name, token)


def _known(job: Job, parts: Parts) -> Conversation:
    """What the database holds of the conversation, and of the posts quoted in it."""
    threads = parts.store.threads
    held = threads.known(job.goal)
    known = decode.payloads(held.payloads, held.authors, held.missing)
    quoted = {post.quoted for post in known.posts.values() if post.quoted is not None} - known.posts.keys()
    quotes = decode.payloads(threads.payloads(quoted), {}, {})
    writers = threads.authors(post.author_id for post in quotes.posts.values())
    return replace(
        known,
        posts={**known.posts, **quotes.posts},
        payloads={**known.payloads, **quotes.payloads},
        authors={**known.authors, **writers},
    )


def _keep(found: Conversation, known: Conversation, job: Job, parts: Parts) -> None:
    """Stores what this job bought, as X sent it."""
    fresh = {i for i, payload in found.payloads.items() if known.payloads.get(i) is not payload}
    bought = replace(
        found,
        posts={i: found.posts[i] for i in fresh},
        authors={i: a for i, a in found.authors.items() if known.authors.get(i) is not a},
        missing={i: why for i, why in found.missing.items() if i not in known.missing},
    )
    conversation_id = job.goal.conversation_id or job.goal.post_id
    parts.store.threads.save_conversation(bought, conversation_id, now=parts.clock())
    log.info("thread.fetched", bought=len(fresh), missing=len(found.missing))


def _asking(conversation_id: int | None, job: Job, parts: Parts) -> frozenset[int]:
    """Posts that only ask the bot for something, ours among them: they are no part of a thread."""
    asked = parts.store.mentions.asking(conversation_id) if conversation_id is not None else frozenset()
    return asked | ({job.mention_id} if job.mention_id is not None else set())


def _why_nothing(found: Conversation, job: Job) -> str:
    reasons = {found.missing.get(job.goal.post_id), found.missing.get(job.goal.conversation_id or 0)}
    return "protected" if "protected" in reasons else "post-gone"


def _require_worth(thread: Thread, settings: Settings) -> None:
    """A single post is a thread of one; whether it gets a page is the operator's choice."""
    if len(thread.posts) > 1 or thread.gaps or thread.forks or settings.single_posts == "always":
        return
    post = thread.posts[0]
    worthwhile = len(post.text) > LONG_POST or post.media or post.article
    if settings.single_posts == "never" or not worthwhile:
        raise Permanent("not-a-thread", "a single post")


def _reply(job: Job, thread: Thread, x: X, parts: Parts) -> int:
    """Our one reply to the mention. After an unknown outcome we look for it before we speak again."""
    store, clock = parts.store, parts.clock
    assert job.mention_id is not None  # noqa: S101 - asked by _carry
    if job.reply_started_at is not None:
        found = _earlier_reply(job, x, parts)
        if found is not None:
            log.info("reply.found", reply=found)
            return found
    text = job.reply_text or _wording(job, thread, parts, 0)
    for wording in range(1, MAX_WORDINGS + 1):
        store.jobs.start_reply(job, text, now=clock())
        try:
            reply_id = x.reply(text, to=job.mention_id)
        except Transient as error:
            if not error.may_have_landed:
                store.jobs.unstart_reply(job, now=clock())
                raise
            until = clock() + _visible_after(parts)
            raise Transient("reply-unsure", error.reason, retry_at=until) from None
        except Permanent as error:
            store.jobs.unstart_reply(job, now=clock())
            if error.reason != "duplicate-text":
                raise
            log.info("reply.duplicate", wording=wording)
            text = _wording(job, thread, parts, wording)
        else:
            log.info("reply.posted", reply=reply_id)
            return reply_id
    raise Transient("duplicate-text", f"{MAX_WORDINGS} wordings refused")


def _wording(job: Job, thread: Thread, parts: Parts, attempt: int) -> str:
    url = f"{parts.settings.public_url}/thread/{thread.id}"
    earlier = parts.store.jobs.replies_for(thread.id)
    return compose(thread, url, seed=job.mention_id or job.id, attempt=earlier + attempt)


def _earlier_reply(job: Job, x: X, parts: Parts) -> int | None:
    """Our reply to the mention, if an earlier POST of unknown outcome did land.

    Not before the time X needs to show it: looking too early would find nothing and speak twice.
    """
    assert job.reply_started_at is not None  # noqa: S101
    assert job.mention_id is not None  # noqa: S101
    visible = job.reply_started_at + _visible_after(parts)
    if parts.clock() < visible:
        raise Transient("reply-unsure", "not visible yet", retry_at=visible, counts=False)
    bot = parts.store.notes.bot() or x.me()
    posts = x.own_replies(bot.id, since_id=job.mention_id)
    return next((post.id for post in posts if post.reply_to == job.mention_id), None)


def _visible_after(parts: Parts) -> timedelta:
    return timedelta(seconds=parts.settings.reply_visible_after_seconds)
