"""What X tells without being asked -> what of it is for us. Pure.

Envelope and kinds: docs.x.com/x-api/activity/event-payloads. Signatures and challenges:
docs.x.com/x-api/webhooks/quickstart.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.rules.plan import posted_at

EventKind = Literal["mention", "deletion"]
Way = Literal["webhook", "stream"]

KINDS: Mapping[str, EventKind] = {"post.mention.create": "mention", "post.delete": "deletion"}
LARGEST_ID = 2**63 - 1

# An event that comes twice within this time is known by its row; of an older mention none is taken, so that a
# body that somebody has kept is worth nothing. X itself brings nothing again that is older than a day.
KEPT = timedelta(days=3)

# What X challenges with is opaque; what it signs as an event is a JSON object. Whoever could have any text
# answered could have an event of their own signed.
CHALLENGE = re.compile(r"[A-Za-z0-9 ~._+/=-]{1,512}")

# A long text that was cut ends so, before the address of the whole.
CUT = re.compile(r"\u2026(?:\s*https://t\.co/\w+)?\s*$")


class Unreadable(ValueError):  # noqa: N818
    """Not an event as X documents it."""


@dataclass(frozen=True, slots=True)
class Event:
    """`user_id` is the account that X was to watch, `told` all that stands in the envelope."""

    kind: EventKind
    post_id: int
    user_id: int
    told: Mapping[str, Any]


def signed(secret: str, message: bytes) -> str:
    """As X signs an event, and wants its challenge answered."""
    mac = hmac.new(secret.encode(), message, hashlib.sha256)
    return "sha256=" + base64.b64encode(mac.digest()).decode()


def is_signed(secret: str, message: bytes, signature: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(signed(secret, message).encode(), signature.encode())


def is_challenge(token: str) -> bool:
    return CHALLENGE.fullmatch(token) is not None


def read(body: bytes) -> Event | None:
    """The event in a body or a line of the stream; None for one of a kind that nobody here waits for.

    Raises Unreadable.
    """
    try:
        told = json.loads(body)["data"]
        kind = KINDS.get(str(told["event_type"]))
        if kind is None:
            return None
        payload, watched = told["payload"], told["filter"]
        return Event(kind, _id(payload["id"]), _id(watched["user_id"]), told)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from None


def is_stale(event: Event, now: datetime) -> bool:
    """Whether a mention is older than what we remember of events."""
    return event.kind == "mention" and now - posted_at(event.post_id) > KEPT


def suffices(payload: Mapping[str, Any]) -> bool:
    """Whether a post says all that a mention is judged by. X promises no field of it."""
    if not all(isinstance(payload.get(name), str) for name in ("text", "author_id", "conversation_id")):
        return False
    is_reply = bool(payload.get("in_reply_to_user_id")) or payload["conversation_id"] != payload.get("id")
    if is_reply and not (payload.get("referenced_tweets") or payload.get("referenced_posts")):
        return False
    whole = payload.get("note_tweet") or payload.get("note_post")
    return bool(whole) or CUT.search(payload["text"]) is None


def _id(value: Any) -> int:
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else 0
    if not 0 < number <= LARGEST_ID:
        raise ValueError("not an id")
    return number
