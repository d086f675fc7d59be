"""The short pages of following an author by e-mail. Values for `message.html`; pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import Author
from bot.rules.letters import CONFIRM_WITHIN
from reader import addresses
from reader.letters import named
from reader.messages import Button, Link, Note

USED_UP = Note(
    "This link is used up",
    (
        "It was answered already, or it has run out.",
        "To follow somebody, write your address on their page again.",
    ),
)
NO_LETTERS = Note(
    "There is nothing to end here",
    ("No letters are sent for this link any more. You can throw the old ones away.",),
)
FORGOTTEN = Note("Your address is deleted", ("It follows nobody any more, and is not kept.",), "done")
ASKED_ENOUGH = Note(
    "That is enough for today",
    ("Each visitor can ask for letters so often in a day. Tomorrow, by UTC, you can ask again.",),
)


def not_an_address(author: Author) -> Note:
    return Note(
        "That is no e-mail address",
        ("It looks like name@example.org. Please go back and look for a slip of the finger.",),
        links=(_theirs(author),),
    )


def look_for_it(author: Author) -> Note:
    """The same for every address: nobody learns here whether somebody else's is known."""
    return Note(
        "Look into your mailbox",
        (
            "A letter goes to that address and asks whether you want this. Nothing else is sent before.",
            f"Open its link within {CONFIRM_WITHIN.days} days. If it is not there soon, look among the spam.",
            "Who follows already gets none, and nobody gets a second one on the same day.",
        ),
        "busy",
        (_theirs(author),),
    )


def question(token: str, pending: Sequence[Author], newest: int) -> Note:
    return Note(
        "Do you want these letters?",
        (
            f"They tell of new threads by {_all_of(pending)}: the opening lines, and the link to read on.",
            "There is one an hour at most about each author, and every one has a link that ends them.",
        ),
        button=Button("Yes, write to me", addresses.confirmation(token), str(newest)),
        fine="If you did not ask for it, close this page: nothing will be sent.",
    )


def following(authors: Sequence[Author]) -> Note:
    said = f"You will hear of new threads by {_all_of(authors)}."
    return Note("You follow by e-mail now", (said,), "done", tuple(_theirs(author) for author in authors))


def leaving(token: str, author: Author | None) -> Note:
    about = f" about {named(author.name, author.username)}" if author else ""
    return Note(
        "No more letters?",
        (f"You get letters{about}, because you asked for them here.",),
        button=Button("End these letters", addresses.leaving(token)),
        other=Button("End all, and delete my address", addresses.leaving(token, "/all")),
    )


def left(author: Author | None) -> Note:
    about = f" about {named(author.name, author.username)}" if author else ""
    return Note(
        "No more letters",
        (f"You get none{about} any more. If you follow nobody else, your address is deleted.",),
        "done",
    )


def _all_of(authors: Sequence[Author]) -> str:
    *most, last = (named(author.name, author.username) for author in authors)
    return f"{', '.join(most)} or {last}" if most else last


def _theirs(author: Author) -> Link:
    return Link(f"Threads by @{author.username}", addresses.author(author.username))
