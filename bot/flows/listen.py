"""Reads the stream in which X tells of mentions and deletions, as long as the poller is at work.

    open -> note that it is -> a line: an event -> a row, once       (the poller's tick takes it from there)
                               an empty one     -> note that X is there
         -> X hung up, fell silent or did not let us in -> wait -> open

What X tells while nobody listens it does not tell again: after each opening the mentions are looked at once,
and every few seconds while there is no stream (`bot.rules.pace`).
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot import metrics
from bot.errors import DatabaseAway, UnrollError
from bot.flows.parts import Parts
from bot.rules.events import Event, Unreadable, is_stale, read
from bot.rules.reconnecting import seconds_until_next
from bot.store.notes import STREAM
from bot.x.stream import Stream

log = structlog.get_logger()

NOTED_EVERY = timedelta(seconds=10)
ENDS_WITHIN_SECONDS = 5


@contextmanager
def listening(parts: Parts) -> Iterator[None]:
    """In a thread of its own, for as long as the block runs."""
    listener = Listener(parts)
    thread = threading.Thread(target=listener.run, name="stream", daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.end()
        thread.join(ENDS_WITHIN_SECONDS)


@dataclass
class Listener:
    parts: Parts
    _ended: threading.Event = field(default_factory=threading.Event)
    _stream: Stream | None = None
    _opened_at: datetime | None = None
    _noted_at: datetime | None = None

    def run(self) -> None:
        """Until `end`. Whatever happens on the way is logged, and the stream opened again."""
        failures = 0
        while not self._ended.is_set():
            reason, lasted = self._listen()
            failures = 1 if lasted else failures + 1
            wait = seconds_until_next(reason, failures, chance=random.random())
            log.info("stream.closed", reason=reason, again_in=round(wait, 2))
            self._ended.wait(wait)

    def end(self) -> None:
        """From any thread."""
        self._ended.set()
        if self._stream is not None:
            self._stream.hang_up()

    def _listen(self) -> tuple[str, bool]:
        """One connection: why it is over, and whether it ever was one."""
        stream = self._stream = Stream(self.parts.connection)
        if self._ended.is_set():
            return "ended", False
        self._opened_at = None
        try:
            for line in stream.lines(now=self.parts.clock()):
                self._hear(line)
        except DatabaseAway as error:  # what came in is lost: the look after the next opening finds it
            log.error("database.away", why=str(error))  # noqa: TRY400 - one line says it all
            return "database-away", False
        except UnrollError as error:
            log.warning("stream.failed", reason=error.reason, detail=error.detail[:200])
            return error.reason, self._opened_at is not None
        except Exception:
            log.exception("stream.broke")
            return "broken", False
        return "ended", True

    def _hear(self, line: bytes) -> None:
        now = self.parts.clock()
        if self._opened_at is None:
            self._opened_at, self._noted_at = now, None
            log.info("stream.opened")
        if line.strip():
            metrics.EVENTS.labels("stream", self._keep(line, now)).inc()
        if self._noted_at is None or now - self._noted_at >= NOTED_EVERY or now < self._noted_at:
            told = {"opened_at": self._opened_at.isoformat(), "heard_at": now.isoformat()}
            self.parts.store.notes.put(STREAM, told, now=now)
            self._noted_at = now

    def _keep(self, line: bytes, now: datetime) -> str:
        try:
            event: Event | None = read(line)
        except Unreadable as why:
            log.warning("event.unreadable", way="stream", size=len(line), why=str(why))
            return "unreadable"
        if event is None:
            return "ignored"
        if is_stale(event, now):
            return "stale"
        return "new" if self.parts.store.events.keep(event, way="stream", now=now) else "repeated"
