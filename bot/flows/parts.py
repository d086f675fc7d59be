"""What a flow works with, built once by an entry point."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.blobs import Blobs
from bot.errors import Transient
from bot.settings import LEASE, Settings
from bot.store import Store
from bot.x import Connection

# Another worker that holds the same name is done within seconds.
WAIT_FOR_OTHER = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Parts:
    """`clock` gives the time at each step: a flow waits on the network in between. Once `stop` is set no
    call to X begins any more, and what is under way is put back.
    """

    store: Store
    connection: Connection
    settings: Settings
    clock: Callable[[], datetime]
    worker: str = "cli"
    files: Blobs = field(kw_only=True)
    stop: threading.Event = field(default_factory=threading.Event)


@contextmanager
def alone(name: str, parts: Parts, *, reason: str) -> Iterator[None]:
    """Only one worker at a time inside; the others come back in a moment, which is nobody's failure."""
    now = parts.clock()
    token = parts.store.notes.acquire(name, now=now, hold=LEASE)
    if token is None:
        raise Transient(reason, "by another worker", retry_at=now + WAIT_FOR_OTHER, counts=False)
    try:
        yield
    finally:
        parts.store.notes.release(name, token)
