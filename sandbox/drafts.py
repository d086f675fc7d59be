"""What `world.post` is told about a post, made regular: pictures, polls, links, the names before a reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sandbox.nouns import MEDIA_KEY_PREFIX, Author, Card, Media, Poll, Post

DEFAULT_SIZE = (1200, 675)
MAX_PREFIX = 50
"""X puts at most so many names in front of a reply."""

MediaSpec = Media | str | Mapping[str, Any]
PollSpec = Poll | Sequence[str | tuple[str, int]]
LinkSpec = Card | Mapping[str, Any] | str


def media_of(post_id: str, specs: MediaSpec | Sequence[MediaSpec]) -> tuple[Media, ...]:
    """Copies of the given media with keys made from the post's id. A string is a picture's name, or, if it
    has a space, its alt text.
    """
    many = [specs] if isinstance(specs, (Media, str, Mapping)) else specs
    return tuple(_one_medium(int(post_id) + index + 1, spec) for index, spec in enumerate(many))


def _one_medium(number: int, spec: MediaSpec) -> Media:
    if isinstance(spec, str):
        medium = Media(f"picture-{number}.jpg", alt=spec) if " " in spec else Media(spec)
    else:
        medium = replace(spec) if isinstance(spec, Media) else Media(**spec)
    medium.name = _named(medium)
    medium.key = f"{MEDIA_KEY_PREFIX[medium.kind]}_{number}"
    return medium


def _named(medium: Media) -> str:
    """A name with a suffix, and with the size if it is not the usual one: the picture is drawn from its
    name.
    """
    stem, _, suffix = medium.name.rpartition(".") if "." in medium.name else (medium.name, "", "jpg")
    size = f"-{medium.width}x{medium.height}"
    usual = (medium.width, medium.height) == DEFAULT_SIZE or stem.endswith(size)
    return f"{stem}.{suffix}" if usual else f"{stem}{size}.{suffix}"


def poll_of(post_id: str, spec: PollSpec | None, created_at: datetime) -> Poll | None:
    if spec is None:
        return None
    poll = replace(spec) if isinstance(spec, Poll) else Poll([_option(option) for option in spec])
    poll.id = str(int(post_id) + 1)
    poll.ends_at = created_at + timedelta(minutes=poll.duration_minutes)
    return poll


def _option(option: str | tuple[str, int]) -> tuple[str, int]:
    return (option, 3 + len(option) * 7) if isinstance(option, str) else option


def cards_of(links: Mapping[str, LinkSpec] | None) -> dict[str, Card]:
    """A string is the page's title."""
    return {url: _card(spec) for url, spec in (links or {}).items()}


def _card(spec: LinkSpec) -> Card:
    if isinstance(spec, str):
        return Card(title=spec)
    return spec if isinstance(spec, Card) else Card(**spec)


def prefix_of(author: Author, parent: Post | None) -> tuple[str, ...]:
    """The names X puts before a reply: the author answered, who stood in that post's own prefix, and who was
    mentioned in it. Going on with one's own thread carries its prefix on and adds nobody.
    """
    if parent is None:
        return ()
    names = list(parent.prefix)
    if parent.author is not author:
        named = [mention["username"] for mention in _mentions(parent) if "id" in mention]
        names = [parent.author.username, *names, *named]
    own = author.username.lower()
    unique = {name.lower(): name for name in reversed(names) if name.lower() != own}
    return tuple(sorted(unique.values(), key=names.index))[:MAX_PREFIX]


def _mentions(post: Post) -> list[dict[str, Any]]:
    source = post.note.entities if post.note else post.entities
    return source.get("mentions", [])
