"""A thread in one picture: whose it is, how it begins, how long it is. For link previews, and as a cover."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.rules import text
from reader import dates, prose, views
from reader.exports.as_pdf import language, person, words

Data = Mapping[str, Any]

OPENING_LENGTH = 230
NAME_LENGTH = 26


def data(page: views.ThreadPage, author: views.Person) -> Data:
    first = page.posts[0]
    paragraphs = (first.heading, *first.paragraphs) if first.heading else first.paragraphs
    said = [prose.label(prose.words(paragraph)) for paragraph in paragraphs]
    return {
        "author": person(replace(author, name=_short(author.name), username=_short(author.username))),
        "title": words(said[0]) if first.heading and said else "",
        "opening": words(text.opening(" ".join(said), OPENING_LENGTH)) or words(page.title),
        "rest": words(text.opening(" ".join(said[1:]), OPENING_LENGTH)),
        "count": page.count,
        "minutes": page.minutes,
        "written": dates.day(page.written),
        **language(first.lang, first.direction),
    }


def _short(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else f"{name[:NAME_LENGTH]}\u2026"


def alt(page: views.ThreadPage) -> str:
    """What somebody is told who does not see the picture."""
    return f"A thread by {page.author.name} (@{page.author.username}), {page.count}: {page.title}"
