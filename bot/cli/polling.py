"""The poller's loop: one at work, others standing by."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

import structlog

from bot.flows.parts import Parts
from bot.flows.poll import Tick, WakeUp, tick
from bot.store.lock import held

log = structlog.get_logger()

LOCK = "poller"


def poll_once(parts: Parts, wake_up: WakeUp, wake_pictures: Callable[[int], None]) -> Tick | None:
    """One tick, or None where another poller is at work."""
    with held(parts.store.database, LOCK) as mine:
        return tick(parts, wake_up, wake_pictures) if mine else None


def poll_for_good(parts: Parts, wake_up: WakeUp, wake_pictures: Callable[[int], None]) -> None:
    """Ticks until SIGTERM or Ctrl-C. A second poller waits and takes over when the first is gone."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    interval = parts.settings.poll_interval_seconds
    standing_by = False
    while not stop.is_set():
        with held(parts.store.database, LOCK) as mine:
            if mine:
                log.info("poller.at_work", every=interval)
                _ticks(parts, wake_up, wake_pictures, stop, interval)
            elif not standing_by:
                log.info("poller.stands_by")
                standing_by = True
        stop.wait(interval)
    log.info("poller.stopped")


def _ticks(
    parts: Parts,
    wake_up: WakeUp,
    wake_pictures: Callable[[int], None],
    stop: threading.Event,
    interval: float,
) -> None:
    """Ticks keep their beat however long each takes; missed ones are not made up for."""
    due = time.monotonic()
    while not stop.is_set():
        try:
            tick(parts, wake_up, wake_pictures)
        except Exception:
            log.exception("poller.tick_failed")
        due = max(due + interval, time.monotonic())
        stop.wait(due - time.monotonic())
