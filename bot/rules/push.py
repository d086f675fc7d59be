"""What X should tell by itself, and what has to be changed about what it tells. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

# By this we know our own subscriptions among others of the same app.
TAG = "unroll"

# The path of our webhook; `reader.told` answers there.
PATH = "/x/webhook"

MENTIONS, DELETIONS = "post.mention.create", "post.delete"


@dataclass(frozen=True, slots=True)
class Webhook:
    id: str
    url: str
    valid: bool

    @property
    def is_ours(self) -> bool:
        return urlsplit(self.url).path.endswith(PATH)


@dataclass(frozen=True, slots=True, order=True)
class Topic:
    """A kind of event of one account."""

    event_type: str
    user_id: int

    @property
    def is_private(self) -> bool:
        return self.event_type == MENTIONS


@dataclass(frozen=True, slots=True)
class Subscription:
    """`webhook_id` is None where only the stream tells."""

    id: str
    topic: Topic
    tag: str | None = None
    webhook_id: str | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    missing: tuple[Topic, ...]
    needless: tuple[Subscription, ...]


def changes(present: Iterable[Subscription], wanted: Collection[Topic], *, webhook_id: str | None) -> Changes:
    """What is ours and told to another place is needless, and then missing. Mentions come first."""
    fits = [each for each in present if each.topic in wanted and each.webhook_id == webhook_id]
    served = {each.topic for each in fits}
    needless = tuple(each for each in present if each.tag == TAG and each not in fits)
    return Changes(tuple(sorted(set(wanted) - served, key=lambda t: (not t.is_private, t))), needless)
