"""A saved thread -> the JSON document that `/thread/{id}.json` promises."""

from __future__ import annotations

import json
from typing import Any

from bot import domain
from bot.rules import text
from reader import addresses, attachments, dates, prose
from reader.ports import SavedThread


def render(saved: SavedThread, public_url: str) -> bytes:
    return (json.dumps(document(saved, public_url), ensure_ascii=False) + "\n").encode("utf-8", "replace")


def document(saved: SavedThread, public_url: str) -> dict[str, Any]:
    """Ids are strings, moments ISO 8601 in UTC, addresses absolute; of media our copies where kept."""
    thread = saved.thread
    writer = _Writer(saved, public_url)
    plain = text.thread_texts(thread)
    return {
        "id": str(thread.id),
        "url": public_url + addresses.thread(thread.id),
        "author": _author(thread.author),
        "posts": [writer.post(post) for post in thread.posts],
        "gaps": [{"after": _id(gap.after), "reason": gap.reason} for gap in thread.gaps],
        "forks": [
            {"at": str(fork.at), "posts": [writer.post(post) for post in fork.posts]} for fork in thread.forks
        ],
        "complete": thread.complete,
        "words": text.word_count(plain),
        "minutes": text.reading_minutes(plain),
        "fetched_at": dates.iso(saved.fetched_at),
    }


class _Writer:
    def __init__(self, saved: SavedThread, public_url: str) -> None:
        self._thread = saved.thread
        self._pictures = saved.pictures
        self._public_url = public_url

    def post(self, post: domain.Post) -> dict[str, Any]:
        return {
            "id": str(post.id),
            "created_at": dates.iso(post.created_at),
            "text": _read(post),
            "links": [_link(entity) for entity in text.links(post)],
            "media": [self._media(item) for item in post.media],
            "quote": self._quote(post),
            "poll": _poll(post.poll),
            "edited": post.edited,
        }

    def _media(self, item: domain.Media) -> dict[str, Any]:
        found: dict[str, Any] = {
            "type": item.kind,
            "url": self._address(item.url),
            "alt_text": item.alt_text,
            "width": item.width,
            "height": item.height,
        }
        if item.preview_url:
            found["preview_url"] = self._address(item.preview_url)
        if item.variants:
            found["variants"] = [
                {
                    "url": self._film(variant.url),
                    "content_type": variant.content_type,
                    "bit_rate": variant.bit_rate,
                }
                for variant in item.variants
            ]
        return found

    def _quote(self, post: domain.Post) -> dict[str, Any] | None:
        found = self._thread.quote_of(post) if post.quoted is not None else None
        if found is None:
            return None
        quoted, author = found.post, found.author
        return {
            "id": str(quoted.id),
            "url": addresses.post(author.username if author else None, quoted.id),
            "author": _author(author) if author else None,
            "created_at": dates.iso(quoted.created_at),
            "text": _read(quoted),
            "media": [self._media(item) for item in quoted.media],
        }

    def _address(self, url: str | None) -> str | None:
        """Our own copy's absolute address if we keep one, else X's."""
        kept = attachments.image(self._pictures, url)
        return self._public_url + kept.src if kept else url

    def _film(self, url: str) -> str:
        """The same for a video, of which we keep one of X's encodings."""
        kept = attachments.film(self._pictures, url)
        return self._public_url + kept if kept else url


def _read(post: domain.Post) -> str:
    return prose.clean(text.plain(post))


def _author(author: domain.Author) -> dict[str, str]:
    return {"id": str(author.id), "username": author.username, "name": author.name}


def _link(entity: domain.Entity) -> dict[str, str | None]:
    found: dict[str, str | None] = {
        "url": entity.value,
        "expanded_url": entity.expanded_url,
        "display_url": entity.display_url,
    }
    described = {"title": entity.title, "description": entity.description}
    return found | {key: value for key, value in described.items() if value}


def _poll(poll: domain.Poll | None) -> dict[str, Any] | None:
    if poll is None:
        return None
    return {
        "options": [{"label": option.label, "votes": option.votes} for option in poll.options],
        "ends_at": dates.iso(poll.ends_at) if poll.ends_at else None,
        "open": poll.open,
    }


def _id(number: int | None) -> str | None:
    return None if number is None else str(number)
