"""What X is asked to tell by itself: webhooks and subscriptions. Every call here is free.

tweepy knows none of these routes; they go through its client all the same, so that host, keys and time-outs
are those of every other call. X's documents and its OpenAPI document differ in how the answers are wrapped:
both are read. No window is reserved: these calls are made by hand, or a few an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import structlog
import tweepy

from bot import metrics
from bot.errors import Permanent, Transient
from bot.rules.push import Subscription, Topic, Webhook
from bot.x.client import utc_now
from bot.x.connection import Connection
from bot.x.errors import EXPECTED, UNREADABLE, fate

log = structlog.get_logger()

PAGES = 10

Json = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Push:
    """Every method raises Transient, Permanent or Misconfigured and nothing else."""

    connection: Connection
    clock: Callable[[], datetime] = utc_now

    def webhooks(self) -> list[Webhook]:
        answer = self._call("GET /2/webhooks")
        return _read(lambda: [_webhook(each) for each in _listed(answer.get("data"))])

    def create_webhook(self, url: str) -> Webhook:
        """X calls the address before it answers: Permanent where it did not like what it heard."""
        answer = self._call("POST /2/webhooks", json={"url": url})
        return _read(lambda: _webhook(answer.get("data") or answer))

    def validate_webhook(self, webhook_id: str) -> None:
        self._call("PUT /2/webhooks/:id", webhook_id)

    def delete_webhook(self, webhook_id: str) -> None:
        self._call("DELETE /2/webhooks/:id", webhook_id)

    def subscriptions(self) -> list[Subscription]:
        found: list[Subscription] = []
        params: dict[str, str] = {}
        for _ in range(PAGES):
            answer = self._call("GET /2/activity/subscriptions", params=params)
            found += _read(partial(_subscriptions, answer.get("data")))
            token = (answer.get("meta") or {}).get("next_token")
            if not token:
                break
            params = {"pagination_token": str(token)}
        return found

    def subscribe(self, topic: Topic, *, tag: str, webhook_id: str | None) -> None:
        """What is told of mentions is private to the account, which signs for it itself."""
        body = {"event_type": topic.event_type, "filter": {"user_id": str(topic.user_id)}, "tag": tag}
        if webhook_id is not None:
            body["webhook_id"] = webhook_id
        self._call("POST /2/activity/subscriptions", json=body, user=topic.is_private)

    def unsubscribe(self, subscription_id: str) -> None:
        self._call("DELETE /2/activity/subscriptions/:id", subscription_id)

    def _call(
        self,
        endpoint: str,
        number: str = "",
        *,
        json: Json | None = None,
        params: Json | None = None,
        user: bool = False,
    ) -> Json:
        client, status = self.connection.client, "none"
        method, _, route = endpoint.partition(" ")
        try:
            response = client.request(
                method, route.replace(":id", number), params=params, json=json, user_auth=user
            )
            status = str(response.status_code)
            answer = response.json()
            if not isinstance(answer, dict):
                raise TypeError("not an object")
        except EXPECTED as error:
            status = str(error.response.status_code) if isinstance(error, tweepy.HTTPException) else status
            raise _known(error, endpoint, self.clock()) from None
        finally:
            metrics.X_CALLS.labels(endpoint, status).inc()
        return answer


def _known(error: Exception, endpoint: str, now: datetime) -> Exception:
    """A refusal of what was asked says why in its list of errors, not in its detail."""
    if isinstance(error, tweepy.BadRequest) and error.api_messages:
        return Permanent("bad-request", "; ".join(error.api_messages))
    known = fate(error, posting=False, now=now)
    log.warning("x.failed", endpoint=endpoint, reason=known.reason, detail=known.detail[:200])
    return known


def _read(make: Callable[[], T]) -> T:
    try:
        return make()
    except UNREADABLE as error:
        raise Transient("x-unreadable", f"{type(error).__name__} in an answer") from None


def _listed(value: Any) -> Iterable[Json]:
    return value if isinstance(value, list) else []


def _webhook(raw: Json) -> Webhook:
    return Webhook(str(raw["id"]), str(raw["url"]), valid=raw.get("valid") is True)


def _subscriptions(value: Any) -> list[Subscription]:
    """Those that watch a person: others are none of ours."""
    watching = (each for each in _listed(value) if "user_id" in (each.get("filter") or {}))
    return [
        Subscription(
            id=str(raw["subscription_id"]),
            topic=Topic(str(raw["event_type"]), int(raw["filter"]["user_id"])),
            tag=raw.get("tag"),
            webhook_id=raw.get("webhook_id"),
        )
        for raw in watching
    ]
