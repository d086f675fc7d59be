"""The nouns of a page: what the templates are given. Every address in them has been checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.rules.text import PieceKind

# Pixels: as wide as a thumbnail, and as what a browser without a choice is given.
THUMB, SHOWN = 160, 1200

Direction = Literal["ltr", "rtl"]

# Where a link of a post leads: to X, which counts and checks, or straight to its full address.
Links = Literal["t.co", "full"]


@dataclass(frozen=True, slots=True)
class Run:
    """Words of one kind, in lines. `url` is None for text and for addresses nobody should follow."""

    kind: PieceKind
    lines: tuple[str, ...]
    url: str | None = None
    title: str | None = None


Paragraph = tuple[Run, ...]


# A picture higher than this would have to be scrolled through.
TALLEST = 704


@dataclass(frozen=True, slots=True)
class Image:
    """Our own copy of a picture, with its true size in pixels; `copies` are smaller ones and how wide they
    are, from narrow to wide.
    """

    src: str
    width: int
    height: int
    copies: tuple[tuple[str, int], ...] = ()

    @property
    def shown(self) -> str:
        """For a browser that does not choose."""
        return next((src for src, width in reversed(self.copies) if width <= SHOWN), self.src)

    @property
    def large(self) -> str:
        """For a whole screen. Without scripts browsers load it with the page: so not the original."""
        return self.copies[-1][0] if self.copies else self.src

    @property
    def thumb(self) -> str:
        """For an avatar or a list."""
        return self.copies[0][0] if self.copies else self.src

    @property
    def srcset(self) -> str:
        """What a browser chooses from. The original is not among them: it is for who asks for it."""
        return ", ".join(f"{src} {width}w" for src, width in self.copies if width > THUMB)

    @property
    def size(self) -> tuple[int, int]:
        """No higher than a screen: room is kept in this size before the picture comes, so nothing moves."""
        height = min(self.height, TALLEST)
        return max(1, round(self.width * height / max(1, self.height))), height


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    username: str
    url: str
    avatar: Image | None
    initial: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A photo, video or GIF. `image` (the photo, or a video's poster) and `film` are None where we keep
    no copy; `key` is unique in the page.
    """

    kind: str
    label: str
    image: Image | None
    film: str | None
    alt: str
    key: str
    length: str
    first: bool = False  # the page's first picture, which does not wait to be scrolled to


@dataclass(frozen=True, slots=True)
class Card:
    title: str
    description: str
    place: str
    url: str | None
    image: Image | None


@dataclass(frozen=True, slots=True)
class PollOption:
    label: str
    votes: str
    percent: int
    leads: bool


@dataclass(frozen=True, slots=True)
class Poll:
    options: tuple[PollOption, ...]
    total: str
    state: str


@dataclass(frozen=True, slots=True)
class Quote:
    """`person` is None where X did not say whose post it is; without `known` there is only the address."""

    known: bool
    url: str
    person: Person | None
    written: datetime | None
    lang: str | None
    direction: Direction
    paragraphs: tuple[Paragraph, ...]
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """A gap, named at its place."""

    sentence: str
    url: str | None
    link: str


@dataclass(frozen=True, slots=True)
class Post:
    """One post. `heading` is its first line where that serves as the page's title."""

    anchor: str
    number: int
    total: int
    url: str
    written: datetime
    new_day: bool
    edited: bool
    sensitive: bool
    lang: str | None
    direction: Direction
    heading: Paragraph | None
    paragraphs: tuple[Paragraph, ...]
    attachments: tuple[Attachment, ...]
    quote: Quote | None
    cards: tuple[Card, ...]
    poll: Poll | None
    notices: tuple[Notice, ...]
    forks: tuple[Fork, ...]


@dataclass(frozen=True, slots=True)
class Fork:
    summary: str
    posts: tuple[Post, ...]


@dataclass(frozen=True, slots=True)
class ThreadPage:
    """`title` is plain and safe in a head; `headed` says that the first post carries the visible h1."""

    id: int
    path: str
    title: str
    headed: bool
    description: str
    author: Person
    url: str
    direction: Direction
    written: datetime
    count: str
    minutes: int
    complete: bool
    checked_at: datetime
    before: tuple[Notice, ...]
    posts: tuple[Post, ...]
    after: tuple[Notice, ...]
    stray_forks: tuple[Fork, ...]
    picture: str | None
