"""A letter -> its words, as text and as HTML. Pure; called by the worker.

X's rule on handing its content on holds here too: opening lines and the link, never the whole text. Nothing
in a letter is loaded from anywhere, so that nobody learns whether it was read.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from bot.rules.cards import Card
from bot.rules.letters import CONFIRM_WITHIN, Body, Letter
from bot.rules.text import direction
from reader import addresses, dates, prose
from reader.attachments import counted
from reader.offers import Offers
from reader.templating import Press

# What a letter tells of; the author's page has the rest.
MOST = 20
WIDTH = 72
LONGEST_SUBJECT = 90


@dataclass(frozen=True, slots=True)
class Told:
    """A thread in a letter. `title` is empty where the thread has none."""

    url: str
    title: str
    opening: str
    lang: str | None
    direction: str
    written: datetime
    read: str
    minutes: int


def compose(letter: Letter, public_url: str) -> Body:
    return _question(letter, public_url) if letter.kind == "confirm" else _news(letter, public_url)


def named(name: str, username: str) -> str:
    """Somebody in one line among ours."""
    return f"{_apart(prose.label(name) or username)} (@{username})"


def _question(letter: Letter, public_url: str) -> Body:
    names = [named(author.name, author.username) for author in letter.pending]
    link = public_url + addresses.confirmation(letter.token)
    days = CONFIRM_WITHIN.days
    html = _press(public_url).page("letter_question.html", names=names, link=link, days=days)
    text = f"""\
Somebody, perhaps you, asked {public_url} to write to this address
whenever new threads of theirs are unrolled there:

{_listed(names)}

If that was you, open this link and press the button:

{link}

It holds for {days} days. If it was not you, do nothing: without your yes
nothing is sent, and the address is deleted.
"""
    who = names[0] if len(names) == 1 else f"{len(names)} authors"
    return Body(_short(f"Do you want letters about {who}?"), text, html.decode())


def _news(letter: Letter, public_url: str) -> Body:
    assert letter.author is not None  # noqa: S101 - news is of somebody
    author = named(letter.author.name, letter.author.username)
    shelf = public_url + addresses.author(letter.author.username)
    leave = public_url + addresses.leaving(letter.token)
    shown, more = [_told(card, public_url) for card in letter.cards[:MOST]], len(letter.cards) - MOST
    html = _press(public_url).page(
        "letter.html", author=author, threads=shown, more=more, shelf=shelf, leave=leave
    )
    said = "\n\n\n".join(_as_text(each) for each in shown)
    rest = f"\n\nAnd {more} more: {shelf}" if more > 0 else ""
    text = f"""\
{_headline(author, len(letter.cards))}


{said}{rest}


--\x20
You follow {author} by e-mail on {public_url}.
All their threads: {shelf}
No more letters:   {leave}
"""
    first = shown[0].title or shown[0].opening
    subject = first if len(letter.cards) == 1 else f"{len(letter.cards)} new threads"
    name = _apart(prose.label(letter.author.name) or letter.author.username)
    return Body(_short(f"{name}: {subject}"), text, html.decode(), leave)


def _told(card: Card, public_url: str) -> Told:
    return Told(
        url=public_url + addresses.thread(card.thread_id),
        title=prose.label(card.title),
        opening=prose.label(card.opening),
        lang=prose.language(card.lang),
        direction=card.direction,
        written=card.written_at,
        read=f"Read {counted(card.posts, 'post')}",
        minutes=card.minutes,
    )


def _as_text(told: Told) -> str:
    words = [textwrap.fill(part, WIDTH) for part in (told.title, told.opening) if part]
    when = f"{dates.day(told.written)}, {told.read.removeprefix('Read ')}, {told.minutes} min"
    return "\n\n".join([*words, f"{when}\n{told.url}"])


def _headline(author: str, threads: int) -> str:
    return f"New by {author}:" if threads == 1 else f"{threads} new threads by {author}:"


def _listed(names: list[str]) -> str:
    return "\n".join(f"    {name}" for name in names)


def _apart(name: str) -> str:
    """A name that is written from right to left does not turn the words around it."""
    return f"\u2068{name}\u2069" if direction(None, name) == "rtl" else name


def _short(subject: str) -> str:
    return textwrap.shorten(subject, LONGEST_SUBJECT, placeholder=" \u2026")


@cache
def _press(public_url: str) -> Press:
    return Press({}, public_url=public_url, offers=Offers())
