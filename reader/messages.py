"""The short pages: how a request is doing, and what is not here. Values for `message.html`; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reader import addresses, dates, reasons
from reader.ports import Job, Mention

REFRESH_SOON = 5
REFRESH_LATER = 30


@dataclass(frozen=True, slots=True)
class Link:
    words: str
    url: str
    on_x: bool = False


@dataclass(frozen=True, slots=True)
class Button:
    """Sends `post`, if anything, to an address of ours."""

    words: str
    url: str
    post: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """`refresh` is in seconds, 0 for a page that will not change; `howto` shows how to ask for a thread."""

    title: str
    paragraphs: tuple[str, ...] = ()
    mark: Literal["none", "busy", "done"] = "none"
    links: tuple[Link, ...] = ()
    howto: bool = False
    refresh: int = 0
    fine: str = ""
    button: Button | None = None


NOTHING_HERE = Note(
    "There is nothing at this address", ("Perhaps a letter went missing on the way.",), howto=True
)
NOT_A_THREAD = Note(
    "That is not the address of a thread",
    ("A thread's page stands under the number of one of its posts, and nothing else.",),
    howto=True,
)
GONE = Note(
    "This thread is gone",
    (
        "It was here once. Its author has deleted or protected it or wanted it gone, or X took it down.",
        "So its text and pictures were removed from this site too.",
    ),
)
NO_REQUEST = Note(
    "We do not know of this request",
    (
        "Either the post never asked the bot for anything, or the bot has not seen it yet.",
        "That takes some seconds, and up to a minute when X is slow.",
    ),
    howto=True,
)
ENOUGH_FOR_TODAY = Note(
    "That is enough for today",
    (
        "X lets sites like this one hand out only so many posts to one person in a day.",
        "You have reached that number. Tomorrow, by UTC, there is more; reading here is not counted.",
    ),
)
BROKEN = Note(
    "Something broke on our side",
    ("It has been noted in the log. Please try again in a minute.",),
)
AWAY = Note(
    "One moment, please",
    ("Our own memory does not answer just now. Please try again in a minute.",),
)
NOT_THAT_WAY = Note("This address is for reading only", ())


def not_unrolled(post_id: int) -> Note:
    return Note(
        "Nobody has unrolled this yet",
        ("No thread with this post is here. Be the first to ask for it.",),
        howto=True,
        button=Button("Unroll it", "/unroll", str(post_id)),
    )


def unconfirmed(thread_id: int) -> Note:
    return Note(
        "This thread is not shown at the moment",
        (
            "A page stands here only while X confirms, day by day, that its posts still stand there.",
            "For this one that has not happened in time.",
            "It comes back by itself as soon as it has been checked.",
        ),
        "busy",
        button=Button("Check it now", addresses.refreshed(thread_id)),
    )


def of_job(mention_id: int, job: Job) -> Note:
    request = Link("The request on X", addresses.post(None, mention_id), on_x=True)
    fine = f"As of {dates.full(job.updated_at)}."
    why = reasons.sentence(job.reason)
    match job.state:
        case "queued":
            text = "The request was seen and waits for its turn, usually only for seconds."
            return Note("In the queue", (text,), "busy", (request,), refresh=REFRESH_SOON, fine=fine)
        case "running":
            text = "The thread is being fetched right now. This page refreshes by itself."
            return Note("Unrolling", (text,), "busy", (request,), refresh=REFRESH_SOON, fine=fine)
        case "waiting":
            return Note(
                "Waiting", _said(why, _until(job)), "busy", (request,), refresh=REFRESH_LATER, fine=fine
            )
        case "done":
            return Note(
                "Done", _said(why, "The thread is unrolled."), "done", (*_thread(job), request), fine=fine
            )
        case "refused":
            return Note("Not unrolled", _said(why), links=(*_thread(job), request), fine=fine)
        case "failed":
            text = "We tried several times and gave up. The operator of this site can try again."
            return Note("It did not work", _said(text, why), links=(*_thread(job), request), fine=fine)
        case state:
            return Note(f"The request is {state}", _said(why), links=(request,), fine=fine)


def of_mention(mention_id: int, mention: Mention) -> Note:
    """A mention that became no job: the bot read it and says why it did nothing, if it knows."""
    request = Link("The post on X", addresses.post(None, mention_id), on_x=True)
    why = reasons.sentence(mention.reason)
    if not why:
        text = "The bot has seen this post and will take it up in a moment."
        return Note("Seen", (text,), "busy", (request,), refresh=REFRESH_SOON)
    return Note("Not a request", (why,), links=(request,), howto=True)


def _until(job: Job) -> str:
    moment = f"after {dates.full(job.not_before)}" if job.not_before else "soon"
    return f"The bot goes on by itself {moment}. This page refreshes by itself."


def _thread(job: Job) -> tuple[Link, ...]:
    return (Link("Read the thread", addresses.thread(job.thread_id)),) if job.thread_id is not None else ()


def _said(*sentences: str) -> tuple[str, ...]:
    return tuple(sentence for sentence in sentences if sentence)
