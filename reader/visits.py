"""The short pages for somebody who asks on the site itself. Values for `message.html`; pure."""

from __future__ import annotations

from reader import addresses, dates, reasons
from reader.messages import REFRESH_LATER, Button, Link, Note
from reader.ports import Job

# The bot looks for work every few seconds, and most threads are read within two more.
REFRESH_NOW = 3

NOT_FROM_HERE = Note(
    "That was sent from another site",
    ("Forms of this site work on its own pages only. Nothing was done.",),
    links=(Link("To the front page", "/"),),
)
NOT_A_FORM = Note("That is more than a link", ("A link to a post is all that is needed here.",))
ASKED_ENOUGH = Note(
    "That is enough for today",
    (
        "X is paid for every post that is read for you, so each visitor can ask so often in a day.",
        "Tomorrow, by UTC, you can ask again. Pages that are here already can be read as ever.",
    ),
)
CHECKED_ENOUGH = Note(
    "This page was checked often enough today",
    (
        "Its readers have asked for that as often as one day allows.",
        "The bot looks at every page again by itself, at least once a day.",
    ),
)
OVER_BUDGET = Note(
    "Today's budget is used up",
    (
        "The operator of this site pays X for every post it reads, up to a sum for each day.",
        "It begins anew at 00:00 UTC. Pages that are here already can be read as ever.",
    ),
)
ONLY_CONFIRMED = (
    "What its author has added since was not looked for: today's budget is used up. "
    "It begins anew at 00:00 UTC."
)
NOT_FREE = Note(
    "Today's budget is used up",
    (
        "The operator of this site pays X for every post it reads, up to a sum for each day.",
        "X would bill this page again: a part of it was last read on another day, so it has to wait.",
        "The budget begins anew at 00:00 UTC. The page can be read as ever.",
    ),
)


def refused(reason: str, post_id: int) -> Note:
    """A request that need not be tried."""
    return Note("Not unrolled", (reasons.sentence(reason),), links=(_post(post_id),))


def of_unroll(post_id: int, job: Job, trouble: str) -> Note:
    """A thread that was asked for on the site; `trouble` is why all of it may take longer."""
    again = Button("Ask for it again", "/unroll", str(post_id))
    match job.state:
        case "queued" | "running":
            return _going_on("Unrolling", "The thread is on its way: most take a few seconds.", job, trouble)
        case "waiting":
            return _waiting(job, trouble, (_post(post_id),))
        case "refused":
            return refused(job.reason or "", post_id)
        case "failed":
            return _failed(job, (_post(post_id),), again)
        case _:
            text = "The thread was unrolled, and its page has gone since."
            return Note("It is not here any more", (text,), links=(_post(post_id),), button=again)


def of_refresh(thread_id: int, job: Job, trouble: str) -> Note:
    """A page that is checked again; what is done leads back to it."""
    back = Link("Back to the thread", addresses.thread(thread_id))
    match job.state:
        case "queued" | "running":
            text = "X is asked for what was added, edited or deleted. You are led back in a moment."
            return _going_on("Looking again", text, job, trouble, (back,))
        case "waiting":
            return _waiting(job, trouble, (back,))
        case "refused":
            return Note("The page stays as it is", (reasons.sentence(job.reason),), links=(back,))
        case "done":
            said = "Every post of the page was read again; X bills nothing for that on the same day."
            title, told = "Checked as far as is free", (said, ONLY_CONFIRMED)
            return Note(title, told, "done", (back,), fine=_as_of(job))
        case _:
            return _failed(job, (back,), Button("Try it again", f"/thread/{thread_id}/refresh"))


def _going_on(title: str, text: str, job: Job, trouble: str, links: tuple[Link, ...] = ()) -> Note:
    said = (trouble or text, "This page refreshes by itself.")
    return Note(
        title, said, "busy", links, refresh=REFRESH_LATER if trouble else REFRESH_NOW, fine=_as_of(job)
    )


def _waiting(job: Job, trouble: str, links: tuple[Link, ...]) -> Note:
    moment = f"after {dates.full(job.not_before)}" if job.not_before else "soon"
    goes_on = f"The bot goes on by itself {moment}. This page refreshes by itself."
    said = tuple(each for each in (reasons.sentence(job.reason) or trouble, goes_on) if each)
    return Note("Waiting", said, "busy", links, refresh=REFRESH_LATER, fine=_as_of(job))


def _failed(job: Job, links: tuple[Link, ...], again: Button) -> Note:
    said = ("We tried several times and gave up.", reasons.sentence(job.reason))
    return Note("It did not work", tuple(filter(None, said)), links=links, button=again)


def _post(post_id: int) -> Link:
    return Link("The post on X", addresses.post(None, post_id), on_x=True)


def _as_of(job: Job) -> str:
    return f"As of {dates.full(job.updated_at)}."
