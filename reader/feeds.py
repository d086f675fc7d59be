"""An author's threads as Atom and as JSON Feed 1.1: opening lines and the link, or the whole text. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Any

from feedgenerator import Atom1Feed
from markupsafe import Markup, escape

from bot.domain import Author
from reader import addresses, dates, prose
from reader.attachments import counted
from reader.ports import Entry, Picture

ATOM_TYPE = "application/atom+xml"
JSON_TYPE = "application/feed+json"
JSON_VERSION = "https://jsonfeed.org/version/1.1"

# Of a thread without a title, so much of its opening stands for one.
TITLE_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Item:
    """One thread. `paragraphs` is its whole text, or its opening lines."""

    url: str
    title: str
    summary: str
    paragraphs: tuple[str, ...]
    published: datetime
    tags: tuple[str, ...]
    lang: str | None
    picture: str | None


@dataclass(frozen=True, slots=True)
class Feed:
    """`whole` says that the items carry the whole text."""

    title: str
    home: str
    address: str
    author: str
    profile: str
    avatar: str | None
    items: tuple[Item, ...]
    whole: bool


def feed(
    author: Author,
    entries: Sequence[Entry],
    pictures: Mapping[str, Picture],
    texts: Mapping[int, Sequence[str]],
    *,
    site: str,
    suffix: str,
) -> Feed:
    """`texts` are the posts' texts by thread where the feed carries them whole, else nothing."""
    name = prose.label(author.name) or author.username
    return Feed(
        title=f"Threads by {name} (@{prose.label(author.username)})",
        home=site + addresses.author(author.username),
        address=site + addresses.author(author.username, suffix),
        author=name,
        profile=addresses.profile(author.username),
        avatar=_picture(pictures, author.avatar_url, site),
        items=tuple(_item(entry, pictures, texts, site) for entry in entries),
        whole=bool(texts),
    )


def atom(made: Feed) -> bytes:
    """RFC 4287. Times are when a thread came here: the same feed always has the same bytes."""
    out = Atom1Feed(
        title=made.title,
        link=made.home,
        description="",
        feed_url=made.address,
        author_name=made.author,
        author_link=made.profile,
        language=None,
    )
    for item in made.items:
        out.add_item(
            title=item.title,
            link=item.url,
            unique_id=item.url,
            description=str(escape(item.summary)),
            content=str(_html(item.paragraphs)) if made.whole else None,
            author_name=made.author,
            pubdate=item.published,
            updateddate=item.published,
            categories=item.tags,
        )
    text = StringIO()
    out.write(text, "utf-8")
    return text.getvalue().encode("utf-8")


def as_json(made: Feed) -> bytes:
    """As https://www.jsonfeed.org/version/1.1/ says."""
    author = _without_nothing({"name": made.author, "url": made.profile, "avatar": made.avatar})
    items = [
        _without_nothing(
            {
                "id": item.url,
                "url": item.url,
                "title": item.title,
                "summary": item.summary,
                "content_text": "\n\n".join(item.paragraphs),
                "image": item.picture,
                "date_published": dates.iso(item.published),
                "tags": list(item.tags) or None,
                "language": item.lang,
            }
        )
        for item in made.items
    ]
    document = {
        "version": JSON_VERSION,
        "title": made.title,
        "home_page_url": made.home,
        "feed_url": made.address,
        "icon": made.avatar,
        "authors": [author],
        "items": items,
    }
    return json.dumps(_without_nothing(document), ensure_ascii=False).encode("utf-8", "replace")


def _item(
    entry: Entry, pictures: Mapping[str, Picture], texts: Mapping[int, Sequence[str]], site: str
) -> Item:
    card = entry.card
    opening = prose.label(card.opening) or counted(card.posts, "post")
    summary = f"{opening} ({counted(card.posts, 'post')}, {card.minutes} min read)"
    whole = tuple(prose.clean(text) for text in texts.get(card.thread_id, ()))
    return Item(
        url=site + addresses.thread(card.thread_id),
        title=prose.label(card.title) or _short(opening),
        summary=summary,
        paragraphs=whole or (opening,),
        published=entry.made_at,
        tags=tuple(prose.label(tag) for tag in card.tags),
        lang=prose.language(card.lang),
        picture=_picture(pictures, card.picture_url, site),
    )


def _short(opening: str) -> str:
    return opening if len(opening) <= TITLE_LENGTH else opening[:TITLE_LENGTH].rsplit(" ", 1)[0] + "\u2026"


def _picture(pictures: Mapping[str, Picture], url: str | None, site: str) -> str | None:
    picture = pictures.get(url) if url else None
    if picture is None or not addresses.MEDIA_NAME.fullmatch(picture.sha256):
        return None
    return site + addresses.media(picture.sha256)


def _html(paragraphs: Sequence[str]) -> Markup:
    return Markup("").join(
        Markup("<p>{}</p>").format(Markup("<br>").join(paragraph.split("\n"))) for paragraph in paragraphs
    )


def _without_nothing(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value is not None}
