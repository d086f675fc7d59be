"""`unroll doctor`: from outside, what a broken night needs. No check costs money."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import redis

from bot import log
from bot.errors import UnrollError
from bot.queue import celery_app
from bot.settings import BadSettings, Settings, load
from bot.store import Store, open_store
from bot.store.notes import POLLED
from bot.x import X, connect
from bot.x.client import utc_now
from bot.x.price import MICRO, Item

WORKERS_ANSWER_WITHIN = 1.5

# Nobody's post: X bills nothing for an answer that holds nothing.
NO_POST = 1


@dataclass(frozen=True)
class Check:
    name: str
    ok: bool
    said: str


def examine() -> list[Check]:
    """Every check, the first failing one explained by what to do about it."""
    try:
        settings = load()
    except BadSettings as error:
        return [Check("settings", ok=False, said=str(error))]
    log.configure(settings)
    checks = [Check("settings", ok=True, said="read")]
    if settings.missing_credentials:
        names = ", ".join(settings.missing_credentials)
        said = f"{names} not set: copy the keys of your X app into .env"
        checks.append(Check("X keys", ok=False, said=said))
    checks.extend(_checks(settings))
    return checks


def _checks(settings: Settings) -> Iterator[Check]:
    store: Store | None = None

    def database() -> str:
        nonlocal store
        store = open_store(settings.database_url)
        return f"{store.database.engine.dialect.name}, schema up to date"

    yield _try("database", database)
    broker = _try("broker", lambda: ping(settings))
    yield broker
    if broker.ok:
        yield _try("workers", lambda: _workers(settings))
    if store is not None:
        opened = store
        yield _try("poller", lambda: _poller(opened, settings))
        yield _try("replies", lambda: _replies(opened))
        yield _try("budget", lambda: _budget(opened, settings))
        opened.close()
    yield _try("media folder", lambda: _media(settings.media_dir))
    if not settings.missing_credentials:
        yield _try("X, app-only token", lambda: _bearer(settings))
        yield _try("X, bot account", lambda: _account(settings))


def _try(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, ok=True, said=check())
    except (BadSettings, UnrollError) as error:
        return Check(name, ok=False, said=str(error))
    except Exception as error:  # noqa: BLE001 - whatever is broken, say which part it is
        return Check(name, ok=False, said=f"{type(error).__name__}: {str(error).splitlines()[0][:200]}")


def ping(settings: Settings) -> str:
    """Raises BadSettings where the broker does not answer."""
    try:
        client = redis.Redis.from_url(settings.redis_url, socket_timeout=2, socket_connect_timeout=2)
        client.ping()
    except redis.RedisError as error:
        raise BadSettings(f"REDIS_URL: no answer ({type(error).__name__}); is the server running?") from None
    return "answers"


def _workers(settings: Settings) -> str:
    answers = celery_app(settings.redis_url).control.ping(timeout=WORKERS_ANSWER_WITHIN)
    if not answers:
        raise BadSettings("none answers: start one with `celery -A workers.app worker`")
    return f"{len(answers)} alive"


def _poller(store: Store, settings: Settings) -> str:
    note = store.notes.get(POLLED)
    if note is None:
        raise BadSettings("has never looked: start it with `unroll poll`")
    ago = datetime.now(UTC) - datetime.fromisoformat(note["at"])
    if (pause := store.notes.pause()) is not None:
        raise BadSettings(f"paused since {pause.since:%Y-%m-%d %H:%M} UTC: {pause.reason} ({pause.detail})")
    if ago > timedelta(seconds=max(60, 5 * settings.poll_interval_seconds)):
        raise BadSettings(f"last looked {ago.total_seconds():.0f} s ago: start it with `unroll poll`")
    return f"looked {ago.total_seconds():.0f} s ago"


def _replies(store: Store) -> str:
    rest = store.notes.cool_down()
    if rest is None or rest.over_at is not None:
        return "go out"
    raise BadSettings(
        f"X complained {rest.complaints} times since {rest.since:%Y-%m-%d %H:%M} UTC "
        f"({rest.detail or 'without words'}): none until {rest.until:%Y-%m-%d %H:%M} UTC, "
        "then they go on by themselves; look at the account on X: is it limited or locked?"
    )


def _budget(store: Store, settings: Settings) -> str:
    spent = store.spend.spent(datetime.now(UTC).date()) / MICRO
    left = float(settings.daily_budget_usd) - spent
    if left <= 0:
        raise BadSettings(f"DAILY_BUDGET_USD: ${spent:.2f} spent today; jobs wait until 00:00 UTC")
    return f"${spent:.2f} spent today, ${left:.2f} left"


def _media(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise BadSettings(f"MEDIA_DIR: {folder} cannot be written to")
    return "writable"


class _Nothing:
    """A meter for calls that bring nothing and so cost nothing."""

    def affordable(self, wanted: int, *, at_least: int) -> int:
        return max(wanted, at_least)

    def book(self, items: list[Item]) -> None: ...


def _bearer(settings: Settings) -> str:
    X(connect(settings), _Nothing(), utc_now).lookup((NO_POST,))
    return "works"


def _account(settings: Settings) -> str:
    """The account's id stands in front of its access token; asking for what is newer than now is free."""
    token = settings.x_access_token
    number = (token.get_secret_value() if token else "").split("-", 1)[0]
    if not number.isdecimal():
        return "not tried: the access token does not name its account"
    X(connect(settings), _Nothing(), utc_now).mentions(int(number), since_id=2**62, pages=1)
    return f"works, account {number}"
