"""`unroll push`: has X tell by itself, and says what it tells; the doctor's check of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer

from bot import log
from bot.cli import output
from bot.cli.findings import Finding, problem, warning
from bot.cli.opening import files_of, parts_for
from bot.errors import UnrollError
from bot.flows.parts import Parts
from bot.flows.push import Pushed, pushed, turn_off, turn_on, webhook_url
from bot.rules.pace import DOUBT, SILENCE
from bot.rules.push import DELETIONS, MENTIONS, Webhook
from bot.settings import Settings, load
from bot.store import Store
from bot.x import connect
from bot.x.client import utc_now
from bot.x.price import MICRO, PRICES

push_app = typer.Typer(help="What X tells by itself instead of being asked.", no_args_is_help=True)

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

TOLD = PRICES["event"] / MICRO


@push_app.command("status")
def status(*, as_json: AsJson = False) -> None:
    """What X tells, to which address, and what each way costs."""
    settings = load()
    log.configure(settings)
    with parts_for(settings) as parts:
        _show(_asked(lambda: pushed(parts)), parts, as_json=as_json)


@push_app.command("on")
def on(*, as_json: AsJson = False) -> None:
    """Have X tell what MENTIONS and WATCHED_AUTHORS want; doing it again mends what is not right."""
    settings = load()
    log.configure(settings)
    with parts_for(settings) as parts:
        _show(_asked(lambda: turn_on(parts)), parts, as_json=as_json)


@push_app.command("off")
def off() -> None:
    """Have X tell nothing any more."""
    settings = load()
    log.configure(settings)
    with parts_for(settings) as parts:
        _asked(lambda: turn_off(parts))
    output.say("X tells nothing by itself any more. MENTIONS=poll has the mentions looked at often again.")


def push_check(store: Store, settings: Settings) -> Finding | str:
    """For the doctor: whether X tells what the settings expect of it, and what that costs."""
    parts = Parts(store, connect(settings), settings, utc_now, files=files_of(settings))
    try:
        state = pushed(parts)
    except UnrollError as error:
        return warning(f"not known: {error}", "see the checks of X below")
    said = f"{_said(state, settings)}: {_costs(settings)}"
    if wrong := _wrong(state, parts):
        return problem(f"{said}; but {wrong}", "`unroll push on`")
    if settings.mentions == "poll" and _told(state)[MENTIONS]:
        return warning(f"{said}; but X tells of them as well, for ${TOLD} each", "`unroll push on`, or `off`")
    return _heard(said, store, settings)


def _wrong(state: Pushed, parts: Parts) -> str | None:
    """What keeps X from telling."""
    settings = parts.settings
    if settings.mentions != "poll" and not _told(state)[MENTIONS]:
        return "X does not tell of mentions"
    if settings.mentions == "stream" or not state.subscriptions:
        return None
    if state.webhook is None or state.webhook.url != webhook_url(parts):
        return f"X does not know {webhook_url(parts)}"
    return None if state.webhook.valid else f"{state.webhook.url} did not answer X's challenge"


def _heard(said: str, store: Store, settings: Settings) -> Finding | str:
    now, heard = utc_now(), store.notes.heard()
    silent = heard.stream_heard_at is None or now - heard.stream_heard_at > SILENCE
    if settings.mentions == "stream" and silent:
        return problem(f"{said}; but the stream is silent", "is the poller at work? See `stream.` in its log")
    doubted = heard.doubted_at is not None and now - heard.doubted_at < DOUBT
    if settings.mentions != "poll" and doubted:
        return warning(f"{said}; but lately not all was told in time", "nothing: looks come often meanwhile")
    return said


def _said(state: Pushed, settings: Settings) -> str:
    authors = _told(state)[DELETIONS]
    besides = f", X tells what {authors} authors delete" if authors else ""
    if settings.mentions == "poll":
        return f"mentions are asked for every {settings.look_every_seconds:g} s{besides}"
    return f"X tells of mentions by {settings.mentions}{besides}"


def _costs(settings: Settings) -> str:
    asked = settings.mention_price_usd
    if settings.mentions == "poll":
        return f"${asked} a mention, nothing while there are none"
    return f"${TOLD} a mention told, and ${asked} for the look underneath"


def _told(state: Pushed) -> Counter[str]:
    return Counter(each.topic.event_type for each in state.subscriptions)


def _asked(act: Callable[[], T]) -> T:
    """Ends the command in one line where X says no."""
    try:
        return act()
    except UnrollError as error:
        output.fail(str(error))


def _show(state: Pushed, parts: Parts, *, as_json: bool) -> None:
    told, heard_at = _told(state), parts.store.events.last_at()
    if as_json:
        output.document(_document(state, parts, heard_at))
        return
    output.field("mentions by", f"{parts.settings.mentions}: {_costs(parts.settings)}")
    topics = [f"{kind} ({count})" for kind, count in sorted(told.items())]
    output.field("X tells of", ", ".join(topics) or "nothing")
    output.field("webhook", _address(state.webhook))
    output.field("last event", output.time_text(heard_at) or "none")
    if state.foreign:
        output.field("besides", f"{state.foreign} subscriptions of this app that are not the bot's")


def _address(webhook: Webhook | None) -> str:
    if webhook is None:
        return "none"
    return webhook.url if webhook.valid else f"{webhook.url}, which did not answer X's challenge"


def _document(state: Pushed, parts: Parts, heard_at: datetime | None) -> dict[str, Any]:
    webhook = state.webhook
    return {
        "mentions": parts.settings.mentions,
        "webhook": {"id": webhook.id, "url": webhook.url, "valid": webhook.valid} if webhook else None,
        "subscriptions": [
            {
                "id": each.id,
                "event_type": each.topic.event_type,
                "user_id": str(each.topic.user_id),
                "webhook_id": each.webhook_id,
            }
            for each in state.subscriptions
        ],
        "last_event_at": output.time_text(heard_at),
        "usd": {"asked": float(parts.settings.mention_price_usd), "told": TOLD},
    }
