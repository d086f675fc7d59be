"""What X tells without being asked: webhooks, subscriptions, and the events that come of posts.

Explicit mentions only, as X has it, and what an author deletes. An event is told on every subscription that
fits it: to its webhook, if it has one, and to whoever reads the stream. What nobody reads at that moment is
lost. An edit tells nothing (X does not say; the choice is ours).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.clock import snowflake, stamp
from sandbox.courier import Courier
from sandbox.faults import EVENT
from sandbox.payload import Answer, Asked
from sandbox.streaming import Streams

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.nouns import Post
    from sandbox.world import World

MENTIONED, DELETED = "post.mention.create", "post.delete"
EVERYTHING = Asked(
    posts=frozenset(
        {"attachments", "author_id", "conversation_id", "created_at", "display_text_range", "edit_controls"}
        | {"entities", "in_reply_to_user_id", "lang", "note_tweet", "possibly_sensitive", "public_metrics"}
        | {"referenced_tweets", "reply_settings"}
    ),
    users=frozenset(
        {"created_at", "description", "most_recent_tweet_id", "profile_image_url", "protected", "url"}
        | {"public_metrics", "verified", "verified_type"}
    ),
    expansions=frozenset({"author_id", "entities.mentions.username"}),
)


@dataclass
class Webhook:
    id: str
    url: str
    created_at: datetime
    valid: bool = True

    def document(self) -> dict[str, Any]:
        return {"id": self.id, "url": self.url, "valid": self.valid, "created_at": stamp(self.created_at)}


@dataclass
class Subscription:
    id: str
    event_type: str
    user_id: str
    tag: str | None
    webhook_id: str | None
    created_at: datetime
    updated_at: datetime

    def document(self) -> dict[str, Any]:
        told = {
            "subscription_id": self.id,
            "event_type": self.event_type,
            "filter": {"user_id": self.user_id},
            "tag": self.tag,
            "webhook_id": self.webhook_id,
            "created_at": stamp(self.created_at),
            "updated_at": stamp(self.updated_at),
        }
        return {name: value for name, value in told.items() if value is not None}


class Push:
    """`payload_lacks` names fields that events leave out of a post, for X promises none of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.webhooks: dict[str, Webhook] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.courier = Courier(world)
        self.streams = Streams()
        self.payload_lacks: frozenset[str] = frozenset()
        self._numbers = 0

    def number(self) -> str:
        self._numbers += 1
        return str(snowflake(self.world.now(), self._numbers % 4096))

    def posted(self, post: Post) -> None:
        if len(post.versions) > 1:
            return
        for user_id in sorted(post.mentioned_ids):
            named = self.world.find_author(user_id)
            if named is not None and post.names_explicitly(named.username):
                self._tell(MENTIONED, user_id, post)

    def deleted(self, post: Post) -> None:
        self._tell(DELETED, post.author.id, post)

    def _tell(self, event_type: str, user_id: str, post: Post) -> None:
        for subscription in list(self.subscriptions.values()):
            if (subscription.event_type, subscription.user_id) == (event_type, user_id):
                self._tell_on(subscription, post)

    def _tell_on(self, subscription: Subscription, post: Post) -> None:
        fault = self.world.faults.take(EVENT)
        if fault is not None and fault.kind == "lose_event":
            return
        if subscription.event_type == MENTIONED:
            self.world.ledger.book([("mention_event", post.id)], self.world.now())
        body = json.dumps(self.event(subscription, post)).encode()
        for _ in range(2 if fault is not None and fault.kind == "repeat_event" else 1):
            self.streams.send(body)
            webhook = self.webhooks.get(subscription.webhook_id or "")
            if webhook is not None and webhook.valid:
                self.courier.take(webhook.url, body, fault)

    def event(self, subscription: Subscription, post: Post) -> dict[str, Any]:
        mentioned = subscription.event_type == MENTIONED
        payload = self._post(post) if mentioned else {"data": {"id": post.id, "author_id": post.author.id}}
        event = {
            "event_uuid": post.id if mentioned else self.number(),
            "filter": {"user_id": subscription.user_id},
            "event_type": subscription.event_type,
            "payload": payload["data"],
        }
        return {
            "data": event
            | ({"tag": subscription.tag} if subscription.tag else {})
            | ({"includes": payload["includes"]} if "includes" in payload else {})
        }

    def _post(self, post: Post) -> dict[str, Any]:
        answer = Answer(self.world, EVERYTHING, "https://x.invalid")
        shown = answer.show_post(post)
        whole = {name: value for name, value in shown.items() if name not in self.payload_lacks}
        answer.posts[post.id] = whole
        return answer.document(whole)
