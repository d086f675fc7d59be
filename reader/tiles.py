"""Entries of lists -> tiles, as values for the templates. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from reader import addresses, attachments, dates, prose, views
from reader.attachments import counted
from reader.ports import Entry, Picture

Tags = tuple[tuple[str, str], ...]

TAGS_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Tile:
    """A page in a list. `title` is empty where the thread has none; `passage` is what a search hit, as
    stretches and whether each is a hit. `read` says what a click gives.
    """

    url: str
    title: str
    opening: str
    lang: str | None
    direction: str
    author: views.Person
    shelf: str
    written: datetime
    minutes: int
    read: str
    picture: views.Image | None
    tags: Tags
    passage: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Tiles under one heading, such as a month."""

    heading: str
    tiles: tuple[Tile, ...]


def tiles(entries: Iterable[Entry], pictures: Mapping[str, Picture]) -> tuple[Tile, ...]:
    return tuple(tile(entry, pictures) for entry in entries)


def tile(entry: Entry, pictures: Mapping[str, Picture]) -> Tile:
    card = entry.card
    return Tile(
        url=addresses.thread(card.thread_id),
        title=prose.label(card.title),
        opening=prose.label(card.opening) or ("" if card.title else "A thread of pictures"),
        lang=prose.language(card.lang),
        direction=card.direction,
        author=attachments.person(card.author, pictures),
        shelf=addresses.author(card.author.username),
        written=card.written_at,
        minutes=card.minutes,
        read=f"Read {counted(card.posts, 'post')}",
        picture=attachments.image(pictures, card.picture_url),
        tags=tuple((prose.label(tag), addresses.hashtag(tag)) for tag in card.tags[:TAGS_SHOWN]),
        passage=tuple((prose.spaced(words), hit) for words, hit in entry.passage),
    )


def by_month(found: Iterable[Tile]) -> tuple[Group, ...]:
    """In the order they come in."""
    months = groupby(found, lambda one: dates.month(one.written))
    return tuple(Group(month, tuple(group)) for month, group in months)
