"""A thread's page -> a PDF: pages to print and to keep, in any script, with pictures, links, an outline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from reader import dates, views
from reader.exports import outline

# Of the template, in mm and letters; rather too much than too little.
A_PAGE = 240
LINE_MM, LETTERS_IN_A_LINE = 6.5, 30
HEADING_MM, HEADING_LETTERS = 12, 14

ALT_LENGTH = 300
NONE_SAID = "en"
RIGHT_TO_LEFT = "ar"

# A word that no line can hold is broken anywhere; scripts that need no spaces break by themselves.
LETTERS = "!-~\u00a1-\u02ff\u0370-\u0482\u048a-\u052f"
LONG_WORD = re.compile(f"([{LETTERS}]{{36}})(?=[{LETTERS}])")
BREAK = "\\1\u200b"
NO_LETTER = re.compile("[\ufffe\uffff]")


def document(page: views.ThreadPage, fetched_at: datetime, public_url: str) -> dict[str, Any]:
    """What the template reads, all of it text."""
    lang = next((post.lang for post in page.posts if post.lang), None)
    made = fetched_at.astimezone(UTC)
    return {
        "title": words(page.title),
        "short": words(f"{page.author.name} \u00b7 {page.title}"),
        "headed": page.headed,
        **language(lang, page.direction),
        "author": person(page.author),
        "written": dates.day(page.written),
        "count": page.count,
        "minutes": page.minutes,
        "url": page.url,
        "here": public_url + page.path,
        "fetched": dates.full(fetched_at),
        "made": {"year": made.year, "month": made.month, "day": made.day},
        "state": "The whole thread." if page.complete else "Not the whole thread: what is missing is named.",
        "before": _notices(page.before),
        "posts": [_post(post) for post in page.posts],
        "after": _notices(page.after),
        "strays": [_fork(fork) for fork in page.stray_forks],
    }


def _post(post: views.Post) -> dict[str, Any]:
    return {
        "number": post.number,
        "url": post.url,
        "label": words(outline.entry(post)),
        "fits": _height(post) < A_PAGE,
        "clock": dates.clock(post.written),
        "day": dates.short_day(post.written) if post.new_day else None,
        "edited": post.edited,
        "latin": post.direction == "ltr" and post.lang not in {"ja", "zh", "ko", "th", "hi"},
        **language(post.lang, post.direction),
        "heading": _runs(post.heading) if post.heading else None,
        "paragraphs": [_runs(paragraph) for paragraph in post.paragraphs],
        "attachments": _attachments(post.attachments, hidden=post.sensitive),
        "cards": [] if post.sensitive else [_card(card) for card in post.cards],
        "quote": _quote(post.quote) if post.quote else None,
        "poll": _poll(post.poll) if post.poll else None,
        "notices": _notices(post.notices),
        "forks": [_fork(fork) for fork in post.forks],
    }


def _height(post: views.Post) -> float:
    """What a post takes at most, in mm: one that goes beyond a page has to be broken."""
    heading = _lines(post.heading, HEADING_LETTERS) * HEADING_MM if post.heading else 0
    quote, poll = post.quote, post.poll
    quoted = 20 + _text(quote.paragraphs) + _pictures(quote.attachments) if quote is not None else 0
    asked = 10 + 10 * len(poll.options) if poll is not None else 0
    hanging = _pictures(post.attachments) + 30 * len(post.cards) + quoted + asked
    return heading + _text(post.paragraphs) + hanging


def _text(paragraphs: Iterable[views.Paragraph]) -> float:
    return sum(4 + LINE_MM * _lines(paragraph, LETTERS_IN_A_LINE) for paragraph in paragraphs)


def _lines(paragraph: views.Paragraph, letters: int) -> int:
    """As many as wide letters need."""
    whole = "".join("\n".join(run.lines) for run in paragraph)
    return sum(1 + len(line) // letters for line in whole.split("\n"))


def _pictures(items: Sequence[views.Attachment]) -> float:
    captions = sum(5 + 5 * (min(len(item.alt), ALT_LENGTH) // 40) for item in items)
    shown = [item.kind for item in items if item.image]
    photos = shown.count("photo")
    tallest = 110 if photos == 1 else 84 * ((photos + 1) // 2)
    return captions + tallest + 85 * (len(shown) - photos) + 22 * (len(items) - len(shown))


def _runs(paragraph: views.Paragraph) -> list[dict[str, Any]]:
    return [{"words": words("\n".join(run.lines)), "url": run.url} for run in paragraph]


def _attachments(items: Iterable[views.Attachment], *, hidden: bool) -> list[dict[str, Any]]:
    """What its author marked as sensitive is not shown unasked, and paper cannot ask."""
    return [
        {
            "kind": item.kind,
            "label": f"{item.label}, marked as sensitive" if hidden else item.label,
            "image": None if hidden else _image(item.image),
            "alt": words(item.alt[:ALT_LENGTH] + ("\u2026" if len(item.alt) > ALT_LENGTH else "")),
            "length": item.length,
            "go": "See it on X" if item.kind == "photo" or item.image is None else "plays on X",
        }
        for item in items
    ]


def _quote(quote: views.Quote) -> dict[str, Any]:
    return {
        "known": quote.known,
        "url": quote.url,
        "person": person(quote.person) if quote.person else None,
        "written": dates.day(quote.written) if quote.written else "",
        **language(quote.lang, quote.direction),
        "paragraphs": [_runs(paragraph) for paragraph in quote.paragraphs],
        "attachments": _attachments(quote.attachments, hidden=False),
    }


def _card(card: views.Card) -> dict[str, Any]:
    return {
        "title": words(card.title),
        "description": words(card.description),
        "place": words(card.place),
        "url": card.url,
        "image": _image(card.image),
    }


def _poll(poll: views.Poll) -> dict[str, Any]:
    options = [
        {"label": words(option.label), "percent": option.percent, "leads": option.leads}
        for option in poll.options
    ]
    return {"options": options, "total": poll.total, "state": poll.state}


def _fork(fork: views.Fork) -> dict[str, Any]:
    return {"summary": fork.summary, "posts": [_post(post) for post in fork.posts]}


def _notices(notices: Iterable[views.Notice]) -> list[dict[str, Any]]:
    return [{"sentence": one.sentence, "url": one.url, "link": one.link} for one in notices]


def person(person: views.Person) -> dict[str, Any]:
    return {
        "name": words(person.name),
        "handle": words(f"@{person.username}"),
        "url": person.url,
        "avatar": _image(person.avatar),
        "initial": words(person.initial),
    }


def _image(image: views.Image | None) -> dict[str, Any] | None:
    return {"src": image.src, "width": image.width, "height": image.height} if image else None


def language(code: str | None, direction: views.Direction) -> dict[str, Any]:
    """As Typst knows it: a country stands on its own."""
    language, _, rest = (code or (RIGHT_TO_LEFT if direction == "rtl" else NONE_SAID)).partition("-")
    region = rest.upper() if len(rest) == len("XX") else None
    return {"lang": language, "region": region, "dir": direction}


def words(text: str) -> str:
    return LONG_WORD.sub(BREAK, NO_LETTER.sub("", text))
