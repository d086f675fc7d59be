"""Has X tell by itself what the settings want to be told, and stops it again.

    what is wanted? -> a webhook that answers -> what X tells now -> take away, add

Doing it twice changes nothing. `unroll push on` does all of it at once; the poller then looks after it once
an hour, a few changes at a time, for who is read most changes from day to day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.errors import Permanent, UnrollError
from bot.flows.parts import Parts
from bot.rules.push import DELETIONS, MENTIONS, PATH, TAG, Changes, Subscription, Topic, Webhook, changes
from bot.x.push import Push

log = structlog.get_logger()

ON = "push.on"
KEEP_UP_EVERY = timedelta(hours=1)
CHANGES_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Pushed:
    """What X tells: to which webhook of ours, if any, and of what; `foreign` counts what others asked for."""

    webhook: Webhook | None
    subscriptions: tuple[Subscription, ...]
    foreign: int = 0


def pushed(parts: Parts) -> Pushed:
    """Asks X, for nothing."""
    push = Push(parts.connection, parts.clock)
    webhooks = [each for each in push.webhooks() if each.is_ours]
    address = webhook_url(parts)
    ours = next((each for each in webhooks if each.url == address), next(iter(webhooks), None))
    found = push.subscriptions()
    own = tuple(each for each in found if each.tag == TAG)
    return Pushed(ours, own, len(found) - len(own))


def turn_on(parts: Parts) -> Pushed:
    """Raises Transient, Permanent or Misconfigured; what was done until then stays, for the next time."""
    push = Push(parts.connection, parts.clock)
    topics = wanted(parts)
    if not topics:
        raise Permanent("nothing-to-tell", "MENTIONS=poll and WATCHED_AUTHORS=0 want nothing to be told")
    webhook = _webhook(push, parts) if _by_webhook(parts) else None
    found = changes(push.subscriptions(), topics, webhook_id=webhook.id if webhook else None)
    _carry_out(push, found, webhook)
    if webhook is None:
        _drop_webhooks(push)
    parts.store.notes.put(ON, {"at": parts.clock().isoformat()}, now=parts.clock())
    return pushed(parts)


def turn_off(parts: Parts) -> None:
    push = Push(parts.connection, parts.clock)
    parts.store.notes.drop(ON)
    for each in push.subscriptions():
        if each.tag == TAG:
            push.unsubscribe(each.id)
    _drop_webhooks(push)


def keep_up(parts: Parts) -> None:
    """Once an hour, where push was turned on. X's moods are logged; the next hour is another try."""
    now, on = parts.clock(), parts.store.notes.get(ON)
    if on is None or now - datetime.fromisoformat(on["at"]) < KEEP_UP_EVERY:
        return
    parts.store.notes.put(ON, {"at": now.isoformat()}, now=now)
    try:
        _mend(parts)
    except UnrollError as error:
        log.warning("push.not_kept_up", reason=error.reason, detail=error.detail)


def wanted(parts: Parts) -> set[Topic]:
    settings, store = parts.settings, parts.store
    authors = store.reads.most_read_authors(settings.watched_authors, today=parts.clock().date())
    mentions = set() if settings.mentions == "poll" else {Topic(MENTIONS, bot_id(parts))}
    return mentions | {Topic(DELETIONS, author_id) for author_id in authors}


def webhook_url(parts: Parts) -> str:
    return parts.settings.public_url + PATH


def bot_id(parts: Parts) -> int:
    """Known from X, or else by the access token, in front of which it stands."""
    if bot := parts.store.notes.bot():
        return bot.id
    token = parts.settings.x_access_token
    number = (token.get_secret_value() if token else "").split("-", 1)[0]
    if not number.isdecimal():
        raise Permanent("bot-unknown", "the access token does not name its account; run `unroll poll` first")
    return int(number)


def _by_webhook(parts: Parts) -> bool:
    return parts.settings.mentions != "stream"


def _mend(parts: Parts) -> None:
    push = Push(parts.connection, parts.clock)
    webhook = None
    if _by_webhook(parts):
        webhook = next((each for each in push.webhooks() if each.url == webhook_url(parts)), None)
        if webhook is None:
            raise Permanent("no-webhook", f"X does not know {webhook_url(parts)}: run `unroll push on`")
        if not webhook.valid:
            log.warning("push.webhook_invalid", url=webhook.url)
            push.validate_webhook(webhook.id)
    found = changes(push.subscriptions(), wanted(parts), webhook_id=webhook.id if webhook else None)
    some = Changes(found.missing[:CHANGES_AT_ONCE], found.needless[:CHANGES_AT_ONCE])
    _carry_out(push, some, webhook)


def _webhook(push: Push, parts: Parts) -> Webhook:
    """The one at our address, known to answer. One that an earlier address of ours left behind goes."""
    url = webhook_url(parts)
    ours = [each for each in push.webhooks() if each.is_ours]
    for each in ours:
        if each.url != url:
            push.delete_webhook(each.id)
    known = next((each for each in ours if each.url == url), None)
    if known is None:
        return push.create_webhook(url)
    if not known.valid:
        push.validate_webhook(known.id)
    return known


def _carry_out(push: Push, found: Changes, webhook: Webhook | None) -> None:
    for each in found.needless:
        push.unsubscribe(each.id)
    for topic in found.missing:
        push.subscribe(topic, tag=TAG, webhook_id=webhook.id if webhook else None)
    if found.missing or found.needless:
        log.info("push.changed", added=len(found.missing), removed=len(found.needless))


def _drop_webhooks(push: Push) -> None:
    for each in push.webhooks():
        if each.is_ours:
            push.delete_webhook(each.id)
