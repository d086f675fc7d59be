"""The poller's loop: one at work, others standing by."""

from __future__ import annotations

import signal
import time
from contextlib import nullcontext
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry

from bot import metrics, scraping
from bot.errors import DatabaseAway
from bot.flows.listen import listening
from bot.flows.parts import Parts
from bot.flows.poll import Tick
from bot.store.lock import Hold, held
from bot.x.limits import windows_left

log = structlog.get_logger()

LOCK = "poller"

# Where X tells at once, whether it did is looked up between the ticks: one small query.
PEEK_SECONDS = 0.5


class Turn(Protocol):
    """One tick: bot.flows.poll.tick with its parts and whom it wakes."""

    def __call__(self, *, look: bool = False) -> Tick: ...


def poll_once(parts: Parts, turn: Turn) -> Tick | None:
    """One tick, or None where another poller is at work."""
    with held(parts.store.database, LOCK) as mine:
        return turn(look=True) if mine else None


def watched(parts: Parts) -> CollectorRegistry:
    """What the poller tells Prometheus: its own events, how everything stands, and X's windows."""
    x = parts.connection
    return scraping.registry(
        metrics.State(parts.store.gauges.read, parts.settings, parts.clock),
        metrics.Windows(lambda now: windows_left(x.app, x.user, now=now), parts.clock),
        metrics.Resting(lambda: {name: circuit.open for name, circuit in x.circuits.all().items()}),
    )


def poll_for_good(parts: Parts, turn: Turn) -> None:
    """Ticks until SIGTERM or Ctrl-C. A second poller waits and takes over when the first is gone."""
    host, port = parts.settings.metrics_host, parts.settings.poller_metrics_port
    with scraping.served(watched(parts), host=host, port=port, setting="POLLER_METRICS_PORT"):
        _poll_for_good(parts, turn)


def _poll_for_good(parts: Parts, turn: Turn) -> None:
    stop = parts.stop
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    interval = parts.settings.poll_interval_seconds
    standing_by = False
    while not stop.is_set():
        try:
            with held(parts.store.database, LOCK) as mine:
                if mine:
                    standing_by = False
                    log.info("poller.at_work", every=interval)
                    with listening(parts) if parts.settings.mentions == "stream" else nullcontext():
                        _ticks(parts, turn, mine)
                elif not standing_by:
                    log.info("poller.stands_by")
                    standing_by = True
        except DatabaseAway as error:
            log.error("database.away", why=str(error))  # noqa: TRY400 - one line says it all
        stop.wait(interval)
    log.info("poller.stopped")


def _ticks(parts: Parts, turn: Turn, lock: Hold) -> None:
    """Ticks keep their beat however long each takes; missed ones are not made up for. Ends with the lock."""
    interval = parts.settings.poll_interval_seconds
    due, told = time.monotonic(), False
    while not parts.stop.is_set() and lock.lasts():
        done: Tick | None = None
        try:
            done = turn()
            told = told or (done.trouble is None and _tell_ready(parts))
        except DatabaseAway as error:
            log.error("database.away", why=str(error))  # noqa: TRY400 - one line says it all
        except Exception:
            log.exception("poller.tick_failed")
        due = max(due + interval, time.monotonic())
        _rest(parts, done, until=due)


def _tell_ready(parts: Parts) -> bool:
    """The one line that matters at a start: X answers, and knows us."""
    bot, settings = parts.store.notes.bot(), parts.settings
    if bot is None:
        return False
    every = f"looked for every {settings.look_every_seconds:g} s"
    mentions = every if settings.mentions == "poll" else f"told by {settings.mentions}, {every} underneath"
    log.info("bot.ready", username=f"@{bot.username}", mentions=mentions, pages=settings.public_url)
    return True


def _rest(parts: Parts, last: Tick | None, *, until: float) -> None:
    """Until the next tick, or until X has told more than the last one had to leave."""
    telling = parts.settings.mentions != "poll" and last is not None
    while (left := until - time.monotonic()) > 0:
        if parts.stop.wait(min(left, PEEK_SECONDS) if telling else left):
            return
        if telling and last is not None and _waiting(parts) > last.left:
            return


def _waiting(parts: Parts) -> int:
    try:
        return parts.store.events.count_waiting()
    except DatabaseAway:
        return 0  # the next tick says so
