"""What the endpoints of webhooks and subscriptions answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.courier import is_ours
from sandbox.problems import invalid, unsupported_authentication
from sandbox.push import DELETED, MENTIONED, Subscription, Webhook

if TYPE_CHECKING:
    from sandbox.payload import Answer
    from sandbox.push import Push

Document = dict[str, Any]
MAX_WEBHOOKS = 1
"""Of a pay-per-use app; X does not say, the choice is ours, the strict one."""
MAX_SUBSCRIPTIONS = 1_500
EVENT_TYPES = (MENTIONED, DELETED)


def webhooks(answer: Answer) -> Document:
    found = [each.document() for each in answer.world.push.webhooks.values()]
    return answer.document(found, {"result_count": len(found)})


def create_webhook(answer: Answer, body: Document) -> Document:
    """The address is called at once: it must answer the CRC."""
    push, url = answer.world.push, str(body.get("url") or "")
    if not is_ours(url) or len(url) > 200:
        raise invalid("url", url, "UrlValidationFailed: the sandbox calls this machine only")
    if any(each.url == url for each in push.webhooks.values()):
        raise invalid("url", url, "DuplicateUrlFailed: a webhook is already registered for this URL")
    if len(push.webhooks) >= MAX_WEBHOOKS:
        raise invalid("url", url, "WebhookLimitExceeded: the maximum number of webhooks is reached")
    if not push.courier.challenge(url):
        raise invalid("url", url, "CrcValidationFailed: the URL did not answer the CRC correctly")
    made = Webhook(push.number(), url, answer.world.now())
    push.webhooks[made.id] = made
    push.courier.start()
    return made.document()


def validate_webhook(answer: Answer, webhook_id: str) -> Document:
    webhook = _webhook(answer.world.push, webhook_id)
    webhook.valid = answer.world.push.courier.challenge(webhook.url)
    return answer.document({"attempted": True})


def delete_webhook(answer: Answer, webhook_id: str) -> Document:
    del answer.world.push.webhooks[_webhook(answer.world.push, webhook_id).id]
    return answer.document({"deleted": True})


def _webhook(push: Push, webhook_id: str) -> Webhook:
    if webhook_id not in push.webhooks:
        raise invalid("webhook_id", webhook_id, "WebhookIdInvalid: no such webhook of this app")
    return push.webhooks[webhook_id]


def subscriptions(answer: Answer) -> Document:
    found = [each.document() for each in answer.world.push.subscriptions.values()]
    return answer.document(found, {"result_count": len(found)})


def subscribe(answer: Answer, body: Document, token: str) -> Document:
    """Mentions are private: they are told to an app that signs for the account itself."""
    push, now = answer.world.push, answer.world.now()
    kind, user_id = str(body.get("event_type")), str((body.get("filter") or {}).get("user_id") or "")
    if kind not in EVENT_TYPES:
        raise invalid("event_type", kind, f"the sandbox knows {', '.join(EVENT_TYPES)}")
    if answer.world.find_author(user_id) is None:
        raise invalid("filter", user_id, "there is no such user")
    if kind == MENTIONED and (token != "user" or user_id != answer.world.bot.id):  # noqa: S105 a kind of token, not a secret
        raise unsupported_authentication("OAuth 1.0a User Context, OAuth 2.0 User Context")
    if any((each.event_type, each.user_id) == (kind, user_id) for each in push.subscriptions.values()):
        raise invalid("event_type", kind, "DuplicateSubscriptionFailed: a subscription already exists")
    if len(push.subscriptions) >= MAX_SUBSCRIPTIONS:
        raise invalid("event_type", kind, "SubscriptionLimitExceeded: too many subscriptions")
    webhook_id = body.get("webhook_id")
    if webhook_id is not None:
        _webhook(push, str(webhook_id))
    made = Subscription(push.number(), kind, user_id, body.get("tag"), webhook_id, now, now)
    push.subscriptions[made.id] = made
    told = {"subscription": made.document(), "total_subscriptions_for_instance_id": len(push.subscriptions)}
    return answer.document(told, {"total_subscriptions": len(push.subscriptions)})


def update_subscription(answer: Answer, subscription_id: str, body: Document) -> Document:
    push = answer.world.push
    subscription = _subscription(push, subscription_id)
    if "webhook_id" in body:
        subscription.webhook_id = _webhook(push, str(body["webhook_id"])).id
    subscription.tag = body.get("tag", subscription.tag)
    subscription.updated_at = answer.world.now()
    total = len(push.subscriptions)
    return answer.document({"subscription": subscription.document(), "total_subscriptions": total})


def unsubscribe(answer: Answer, subscription_id: str) -> Document:
    push = answer.world.push
    del push.subscriptions[_subscription(push, subscription_id).id]
    return answer.document({"deleted": True}, {"total_subscriptions": len(push.subscriptions)})


def _subscription(push: Push, subscription_id: str) -> Subscription:
    if subscription_id not in push.subscriptions:
        raise invalid("subscription_id", subscription_id, "no such subscription of this app")
    return push.subscriptions[subscription_id]
