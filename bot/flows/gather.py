"""From a job to its thread, saved: what the database holds, plus what has to be bought.

known -> confirm what is free to confirm -> fetch the rest -> keep it -> assemble -> save
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from bot.domain import Conversation, Job, Thread
from bot.errors import Permanent, Transient, UnrollError
from bot.flows.consent import objection_to
from bot.flows.pages import drop_pictures
from bot.flows.parts import Parts, alone
from bot.rules.plan import LOOKUP_BATCH, NOTHING, SEARCH_LAG, drift_of
from bot.rules.recheck import Word, hidden, revised, shown_ids, without_withheld
from bot.rules.text import plain
from bot.rules.thread import assemble, completed, keeping_gaps
from bot.settings import FLOW_DEADLINE
from bot.store.spend import utc_day
from bot.store.threads import Known
from bot.x import Terms, X, decode, fetch
from bot.x.client import Keep, merged

log = structlog.get_logger()

# A single post is worth a page if it is longer than this or has something to see.
LONG_POST = 280

# A page that was checked within this time is answered with as it is, unless a refresh was asked for.
CONFIRM_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Gathered:
    """A saved thread; `only_confirmed` says that there was no money to look for what its author has added."""

    thread: Thread
    only_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What is known, with X's newest word; `whole` says that it gave it on every post of the page."""

    known: Conversation
    whole: bool = False


def gather(job: Job, x: X, parts: Parts) -> Gathered:
    """The thread that the job asks for. Two jobs for one conversation at the same moment buy it once.

    Where a visitor wants a page looked at again and the day's budget is used up, what is free is done: its
    posts are read again if X has billed all of them today.

    Raises Permanent where there is nothing to show or it is not worth a page, Transient where it is too
    early to tell.
    """
    with alone(f"conversation:{_conversation(job, parts)}", parts, reason="being-fetched"):
        held = parts.store.threads.known(job.goal, asked_before=parts.clock() - CONFIRM_AFTER)
        known = _decoded(held, parts)
        exclude = _asking(job, parts)
        keep, answers = _keeper(job, parts), 0

        def noted(found: Conversation) -> None:
            nonlocal answers
            answers += 1
            keep(found)

        confirmed, only_confirmed = _confirmed(known, held, job, x, parts, keep), False
        try:
            found = fetch(
                job.goal,
                x=x,
                known=confirmed.known,
                terms=Terms(
                    cap=parts.settings.max_posts_per_thread,
                    cut_before=held.cut,
                    objection=lambda author_id: objection_to(author_id, job, parts),
                    keep=noted,
                ),
                now=parts.clock(),
                newest=held.newest or NOTHING,
                exclude=exclude,
                drift=_drift(job, parts),
            )
        except UnrollError as error:
            if answers or not _is_enough(confirmed, error, job):
                raise
            found, only_confirmed = confirmed.known, True
        found = without_withheld(found, parts.settings.served_countries)
        fresh = sum(known.payloads.get(i) is not payload for i, payload in found.payloads.items())
        log.info("thread.fetched", bought=fresh, missing=len(found.missing))
        thread = assemble(found, job.goal, exclude=exclude)
        if thread is None:
            raise Permanent(_why_nothing(found, job))
        before = parts.store.threads.find(thread.id) if held.newest else None
        if before is not None and not before.gone:
            left = revised(before.thread, Word(found.posts, found.missing, found.authors))
            thread = keeping_gaps(thread, left or before.thread)
        log.info("thread.assembled", thread=thread.id, posts=len(thread.posts), complete=thread.complete)
        _require_worth(thread, parts)
        went = bool(found.missing.keys() & held.fetched_at.keys())
        saved = parts.store.threads.save(
            thread, now=parts.clock(), asked_by=job.requester_id, job=job, scrub=went
        )
        if went:
            drop_pictures(parts.store, parts.files)  # what is cut off here, the next looking again does
            log.info("thread.scrubbed", thread=saved.id)
        return Gathered(saved, only_confirmed)


def _is_enough(confirmed: Confirmed, error: UnrollError, job: Job) -> bool:
    """Who mentions the bot is answered with all there is, though it takes until tomorrow."""
    return error.reason == "over-budget" and job.from_site and job.kind == "refresh" and confirmed.whole


def _confirmed(known: Conversation, held: Known, job: Job, x: X, parts: Parts, keep: Keep) -> Confirmed:
    """Known posts read once more, where that is free: X bills a post once a UTC day. Edits and deletions
    come to light; a thread that was looked at a moment ago is taken as it is. One whose page is hidden is
    paid for, so that the link we answer with can be followed.
    """
    now = parts.clock()
    saved = parts.store.threads.find(job.goal.post_id)
    if saved is None:
        return Confirmed(known)
    shown = shown_ids(saved.thread)
    if parts.settings.hide_unconfirmed and hidden(saved.confirmed_at, now=now):
        return Confirmed(_read_again(shown, known, x, keep, authors=False, free=False))
    if job.kind == "unroll" and job.mention_id is not None and now - saved.checked_at < CONFIRM_AFTER:
        return Confirmed(known)
    ids = _bought("post", {*held.fetched_at, *shown}, parts)
    writers = {post.author_id for i, post in known.posts.items() if i in ids}
    authors = ids <= known.posts.keys() and writers == _bought("user", writers, parts)
    known = _read_again(tuple(sorted(ids)), known, x, keep, authors=authors, free=True)
    newest = all(i not in known.posts or known.posts[i].versions[-1:] in ((), (i,)) for i in shown)
    return Confirmed(known, whole=newest and ids.issuperset(shown))


def _bought(resource: str, ids: Iterable[int], parts: Parts) -> set[int]:
    """Those that X has billed today, and not again before this job is over."""
    now = parts.clock()
    if utc_day(now + FLOW_DEADLINE) != utc_day(now):
        return set()
    return parts.store.spend.bought(resource, ids, utc_day(now))


def _read_again(
    ids: tuple[int, ...], known: Conversation, x: X, keep: Keep, *, authors: bool, free: bool
) -> Conversation:
    for start in range(0, len(ids), LOOKUP_BATCH):
        found = x.lookup(ids[start : start + LOOKUP_BATCH], authors=authors, free=free)
        keep(found)
        known = merged(known, found)
    return known


def _drift(job: Job, parts: Parts) -> timedelta:
    mention = parts.store.mentions.find(job.mention_id) if job.mention_id is not None else None
    return drift_of(mention.id, mention.created_at) if mention is not None else timedelta(0)


def _conversation(job: Job, parts: Parts) -> int:
    goal = job.goal
    return goal.conversation_id or parts.store.threads.conversation_of(goal.post_id) or goal.post_id


def _decoded(held: Known, parts: Parts) -> Conversation:
    """What the database holds of the conversation, and of the posts quoted in it."""
    threads = parts.store.threads
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


def _keeper(job: Job, parts: Parts) -> Keep:
    """Stores what X has just given, as it sent it."""

    def keep(found: Conversation) -> None:
        found = without_withheld(found, parts.settings.served_countries)
        conversation_id = completed(job.goal, found).conversation_id or _conversation(job, parts)
        parts.store.threads.save_conversation(found, conversation_id, now=parts.clock(), job=job)

    return keep


def _asking(job: Job, parts: Parts) -> frozenset[int]:
    """Posts that only ask the bot for something, the job's own among them: they are no part of a thread."""
    asked = parts.store.mentions.asking(_conversation(job, parts))
    return asked if job.mention_id is None else asked | {job.mention_id}


def _why_nothing(found: Conversation, job: Job) -> str:
    reasons = {found.missing.get(job.goal.post_id), found.missing.get(job.goal.conversation_id or 0)}
    return "protected" if "protected" in reasons else "post-gone"


def _require_worth(thread: Thread, parts: Parts) -> None:
    """A single post is a thread of one; whether it gets a page is the operator's choice. While X's search
    may still hold back the rest of a young thread, the job waits instead of being refused.
    """
    policy = parts.settings.single_posts
    if len(thread.posts) > 1 or thread.gaps or thread.forks or policy == "always":
        return
    post = thread.posts[0]
    worthwhile = len(plain(post)) > LONG_POST or post.media or post.article
    if policy == "worthwhile" and worthwhile:
        return
    searchable = post.created_at + SEARCH_LAG
    if parts.clock() < searchable:
        raise Transient("young-thread", "X's search lags", retry_at=searchable, counts=False)
    raise Permanent("not-a-thread", "a single post")
