"""What we say to a mention: the thread's address, why there is none, or that a command was obeyed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import cast

import structlog

from bot.domain import CommandKind, Job, Thread
from bot.errors import Permanent, Transient
from bot.flows.parts import Parts, alone
from bot.flows.speak import MAX_WORDINGS, said, speak
from bot.rules import phrases
from bot.rules.reply import WORDINGS_AT_LEAST, compose, flourished
from bot.x import X

log = structlog.get_logger()

# After so many answers for one thread its wordings come round again, and carry a sign.
ANSWERS = 120

# Refusals that a person can do something about; all others are silent, with their reason in the row.
EXPLAINED = frozenset({"protected", "not-a-thread", "author-opted-out"})


def answer(job: Job, thread: Thread, x: X, parts: Parts) -> int:
    """Replies with the page and returns the reply's id.

    Raises Permanent `already-answered` where the reply policy says that one is enough.
    """
    if (reply_id := said(job, x, parts)) is not None:
        return reply_id
    whom = job.requester_id if parts.settings.reply_policy == "each" else None
    with alone(f"answer:{thread.id}:{whom or 'anybody'}", parts, reason="being-answered"):
        if parts.store.jobs.answered(thread.id, requester_id=whom, besides=job.id):
            raise Permanent("already-answered")
        return speak(job, _answers(job, thread, parts), x, parts)


def explain(job: Job, reason: str, x: X, parts: Parts) -> int | None:
    """Says why not, where that is of use and X lets us; the reply's id, or None where we stay silent."""
    if reason not in EXPLAINED or not job.reply_wanted or not parts.settings.refusal_replies:
        return None
    reply_id = said(job, x, parts)
    may_have_answered = job.thread_id is not None and job.reply_started_at is not None
    if reply_id is not None or may_have_answered:
        return reply_id
    return _say_if_allowed(job, _refusals(job, reason, parts), x, parts)


def confirm(job: Job, x: X, parts: Parts) -> int | None:
    """Says that a command was obeyed; the reply's id, or None where we stay silent."""
    if not job.reply_wanted:
        return None
    reply_id = said(job, x, parts)
    return reply_id if reply_id is not None else _say_if_allowed(job, _confirmations(job, parts), x, parts)


def _say_if_allowed(job: Job, wordings: Iterator[str], x: X, parts: Parts) -> int | None:
    """What is done is done, and what is refused stays so, whether or not we may speak of it."""
    try:
        return speak(job, wordings, x, parts)
    except (Permanent, Transient) as error:
        if isinstance(error, Transient) and error.reason != "duplicate-text":
            raise
        log.info("reply.silent", reason=error.reason, detail=error.detail)
        return None


def _answers(job: Job, thread: Thread, parts: Parts) -> Iterator[str]:
    """The words of an earlier try first: if it did land after all, X refuses them as a duplicate."""
    url = f"{parts.settings.public_url}/thread/{thread.id}"
    if job.reply_text is not None and url in job.reply_text:
        yield job.reply_text
    lang = _lang(job, parts)
    first, taken = parts.store.jobs.said_before(thread.id, besides=job.id)
    texts = (
        flourished(
            compose(thread, url, seed=thread.id, attempt=turn, lang=lang), turn // ANSWERS * WORDINGS_AT_LEAST
        )
        for turn in range(first, first + ANSWERS * MAX_WORDINGS)
    )
    yield from islice((text for text in texts if text not in taken), MAX_WORDINGS)


def _refusals(job: Job, reason: str, parts: Parts) -> Iterator[str]:
    return _varied(job, reason, parts, lambda lang, turn: phrases.refusal(reason, lang, attempt=turn))


def _confirmations(job: Job, parts: Parts) -> Iterator[str]:
    if job.kind == "help":
        bot = parts.store.notes.bot()
        name = bot.username if bot else ""
        return _varied(job, None, parts, lambda lang, turn: phrases.help_line(name, lang, attempt=turn))
    kind = cast("CommandKind", job.kind)
    return _varied(job, None, parts, lambda lang, turn: phrases.confirmation(kind, lang, attempt=turn))


def _varied(
    job: Job, reason: str | None, parts: Parts, word: Callable[[str | None, int], str | None]
) -> Iterator[str]:
    """The words of an earlier try first, see `_answers`; then others than were said of this before."""
    if job.reply_text is not None:
        yield job.reply_text
    lang, before = _lang(job, parts), parts.store.jobs.said_of(job.kind, reason)
    for turn in range(before, before + MAX_WORDINGS):
        text = word(lang, turn)
        if text is not None:
            yield flourished(text, turn)


def _lang(job: Job, parts: Parts) -> str | None:
    return parts.store.mentions.lang(job.mention_id) if job.mention_id is not None else None
