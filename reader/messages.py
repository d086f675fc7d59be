"""The short pages: how a request is doing, and what is not here. Values for `message.html`; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.rules.words import LONGEST_QUESTION
from reader import addresses, dates, reasons
from reader.ports import Job, Mention

REFRESH_SOON = 5
REFRESH_LATER = 30

BY_ITSELF = "This page refreshes by itself."
DOING = {
    "unroll": ("Unrolling", "The thread is being fetched right now."),
    "refresh": ("Looking again", "X is asked for what was added, edited or deleted."),
}
DOING_AS_TOLD = ("At it", "The bot does what it was told right now.")
DONE = {
    "unroll": "The thread is unrolled.",
    "refresh": "The page of the thread was checked again.",
    "help": "The bot has explained itself.",
}


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
class Step:
    """One of several things that are done one after the other; `of` is 0 where nobody can count it."""

    words: str
    state: Literal["done", "now", "next"]
    done: int = 0
    of: int = 0


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
    other: Button | None = None
    steps: tuple[Step, ...] = ()


ONWARD = (Link("To the front page", "/"), Link("Search", "/search"))
NOTHING_HERE = Note(
    "There is nothing at this address",
    ("Perhaps a letter went missing on the way.",),
    links=ONWARD,
    howto=True,
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
    links=ONWARD,
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
NOTHING_ASKED = Note(
    "No requests of theirs are here",
    (
        "They have asked the bot for nothing so far, or it knows them by another name.",
        "X tells the bot a number for those who call it, not always a name.",
    ),
    howto=True,
)
NO_LISTS = "The operator of this site keeps no lists: a page is found by its link alone."
NO_WORDS = "There is no word in that. Try one that the thread you look for would have."
TOO_LONG_A_SEARCH = f"That is too long to search for: {LONGEST_QUESTION} letters at most."
NOT_FOUND = "No thread here has all of these words. Fewer words find more."
BROKEN = Note(
    "Something broke on our side",
    ("It has been noted in the log. Please try again in a minute.",),
)
AWAY = Note(
    "One moment, please",
    ("Our own memory does not answer just now. Please try again in a minute.",),
)
NOT_THAT_WAY = Note("This address is for reading only", ())


def nothing_by(username: str) -> Note:
    whom = f"@{username}" if username else "them"
    return Note(
        f"No thread by {whom} is here",
        ("Nobody has unrolled one yet, or its page is not shown at the moment.",),
        howto=True,
    )


def no_hashtag(name: str) -> str:
    return f"No thread listed here has #{name} in it."


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


def of_job(mention_id: int, job: Job, trouble: str = "") -> Note:
    """`trouble` is what keeps all jobs waiting, if anything does."""
    request = Link("The request on X", addresses.post(None, mention_id), on_x=True)
    links = (*_thread(job), *_answer(job), request, *_all_of_theirs(job))
    fine = f"As of {dates.full(job.updated_at)}."
    why = reasons.sentence(job.reason)
    match job.state:
        case "queued":
            text = "The request was seen and waits for its turn, usually only for seconds."
            said = _said(trouble, text, BY_ITSELF)
            return Note("In the queue", said, "busy", (request,), refresh=REFRESH_SOON, fine=fine)
        case "running":
            title, text = DOING.get(job.kind, DOING_AS_TOLD)
            return Note(title, _said(text, BY_ITSELF), "busy", (request,), refresh=REFRESH_SOON, fine=fine)
        case "waiting":
            return Note("Waiting", _said(why, _until(job)), "busy", links, refresh=REFRESH_LATER, fine=fine)
        case "done":
            text = DONE.get(job.kind) or f"The bot was told \u201c{job.kind}\u201d, and has done so."
            return Note("Done", _said(why, text), "done", links, fine=fine)
        case "refused":
            return Note(
                "Not unrolled" if job.kind == "unroll" else "Not done", (why,), links=links, fine=fine
            )
        case "failed":
            text = "We tried several times and gave up. The operator of this site can try again."
            return Note("It did not work", _said(text, why), links=links, fine=fine)
        case state:
            return Note(f"The request is {state}", _said(why), links=(request,), fine=fine)


def of_mention(mention_id: int, mention: Mention) -> Note:
    """A mention that became no job: the bot read it and says why it did nothing, if it knows."""
    request = Link("The post on X", addresses.post(None, mention_id), on_x=True)
    why = reasons.sentence(mention.reason)
    if not why:
        text = "The bot has seen this post and will take it up in a moment."
        return Note("Seen", (text,), "busy", (request,), refresh=REFRESH_SOON)
    if mention.reason == "edited":
        return Note("Asked before", (why,), links=(request,))
    return Note("Not a request", (why,), links=(request,), howto=True)


def _until(job: Job) -> str:
    moment = f"after {dates.full(job.not_before)}" if job.not_before else "soon"
    return f"The bot goes on by itself {moment}. {BY_ITSELF}"


def _thread(job: Job) -> tuple[Link, ...]:
    if job.thread_id is None or job.kind == "delete":
        return ()
    return (Link("Read the thread", addresses.thread(job.thread_id)),)


def _all_of_theirs(job: Job) -> tuple[Link, ...]:
    """The way to what the same person asked for, once there is something to see."""
    if job.kind != "unroll" or job.thread_id is None or job.requester_id is None:
        return ()
    return (Link("All they asked for", f"/for/{job.requester_id}"),)


def _answer(job: Job) -> tuple[Link, ...]:
    """What the bot said on X, if it did."""
    if job.reply_id is None:
        return ()
    return (Link("The answer on X", addresses.post(None, job.reply_id), on_x=True),)


def _said(*sentences: str) -> tuple[str, ...]:
    return tuple(sentence for sentence in sentences if sentence)
