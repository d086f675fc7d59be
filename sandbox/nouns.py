"""What a world is made of: authors, posts and what hangs on them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

MEDIA_KEY_PREFIX = {"photo": "3", "video": "7", "animated_gif": "16"}
VIDEO_SECONDS = 24


@dataclass(eq=False)
class Author:
    id: str
    username: str
    name: str
    bio: str
    avatar: str
    created_at: datetime
    verified: bool = False
    protected: bool = False
    suspended: bool = False

    @property
    def url(self) -> str:
        return f"https://x.com/{self.username}"


@dataclass(eq=False)
class Media:
    """A picture, video or animated GIF; `name` is what `/media/{name}` draws, so its words choose the
    motif.
    """

    name: str
    alt: str | None = None
    kind: str = "photo"
    width: int = 1200
    height: int = 675
    key: str = ""


@dataclass(eq=False)
class Poll:
    """`options` are pairs of label and votes; X takes two to four, of 25 characters at most."""

    options: list[tuple[str, int]]
    duration_minutes: int = 1440
    id: str = ""
    ends_at: datetime | None = None


@dataclass(frozen=True)
class Card:
    """What X knows of the page behind a link. `image` names a picture of `/media/`."""

    title: str | None = None
    description: str | None = None
    image: str | None = None
    unwound_url: str | None = None
    status: int = 200


Entities = dict[str, list[dict[str, Any]]]


@dataclass(eq=False)
class Note:
    """The whole of a long post: `text` is HTML-escaped like a post's, with entities of its own."""

    text: str
    entities: Entities


@dataclass(eq=False)
class Post:
    """One version of a post, as X stores it.

    `raw` is what the author typed; `text` is what the API serves: with the automatic prefix, links wrapped in
    t.co, HTML-escaped, cut at 280 when `note` holds the whole. `versions` is one list shared by all versions
    of an edited post, oldest first. `late` is how long the mentions endpoint hides it.
    """

    id: str
    author: Author
    created_at: datetime
    raw: str
    text: str
    entities: Entities
    display_text_range: tuple[int, int]
    note: Note | None
    prefix: tuple[str, ...]
    conversation_id: str
    versions: list[str]
    replied_to_id: str | None = None
    quoted_id: str | None = None
    in_reply_to_user_id: str | None = None
    media: tuple[Media, ...] = ()
    poll: Poll | None = None
    lang: str = "en"
    sensitive: bool = False
    article: dict[str, Any] | None = None
    card_uri: str | None = None
    source: dict[str, Any] = field(default_factory=dict)
    late_seconds: float = 0.0
    deleted: bool = False
    withheld: bool = False
    withheld_in: tuple[str, ...] = ()
    copyright_complaint: bool = False
    unindexed: bool = False
    replies_limited: bool = False

    @property
    def number(self) -> int:
        return int(self.id)

    @property
    def url(self) -> str:
        return f"{self.author.url}/status/{self.id}"

    @property
    def is_root(self) -> bool:
        return self.conversation_id in self.versions

    @property
    def is_newest_version(self) -> bool:
        return self.versions[-1] == self.id

    @property
    def mentioned_ids(self) -> set[str]:
        """Everybody named anywhere, the automatic prefix and the part past the cut included."""
        found = self.entities.get("mentions", []) + (
            self.note.entities.get("mentions", []) if self.note else []
        )
        return {mention["id"] for mention in found if "id" in mention}

    def names_explicitly(self, username: str) -> bool:
        """Whether the author typed @username, as against X having put it in front of a reply."""
        pattern = rf"(?<![\w@])@{re.escape(username)}(?!\w)"
        return re.search(pattern, self.raw, re.IGNORECASE | re.ASCII) is not None


@dataclass(frozen=True)
class Credentials:
    """The keys of the bot's app. Made up: they open nothing but a sandbox."""

    consumer_key: str = "sandbox-consumer-key"
    consumer_secret: str = "sandbox-consumer-secret"  # noqa: S105 made up, and guards nothing
    access_token: str = "1000000000-sandbox-access-token"  # noqa: S105 made up, and guards nothing
    access_token_secret: str = "sandbox-access-token-secret"  # noqa: S105 made up, and guards nothing
    bearer_token: str = "sandbox-bearer-token"  # noqa: S105 made up, and guards nothing
