"""One core for one worker. Only one thread of a Python process runs at a time. Where the next one runs on
another core, what they work on moves to that core's cache, and the core is woken up for it: David Beazley,
"Understanding the Python GIL", 2010.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from celery.apps.worker import Worker
from celery.concurrency import get_implementation
from celery.concurrency.thread import TaskPool

from bot.names import hold
from bot.settings import BadSettings

# One for each core.
NAME = "unroll-worker-core"


class OneCore:
    """Which core this process keeps to, from `keep` to its end; and which it could use `before`, for what it
    starts. None and none where it keeps to no core.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.before: frozenset[int] = frozenset()
        self._sign: socket.socket | None = None

    def keep(self, wanted: str) -> None:
        """`wanted` is WORKER_CORE. Raises BadSettings where that names a core that cannot be had."""
        if not hasattr(os, "sched_setaffinity"):
            if wanted.isdecimal():
                raise BadSettings("WORKER_CORE: this system lets no process choose a core")
            return
        allowed = frozenset(os.sched_getaffinity(0))
        number = choose(wanted, allowed, self._take)
        if number is None:
            return
        try:
            _pin(number)
        except OSError as error:
            if wanted.isdecimal():
                raise BadSettings(f"WORKER_CORE: core {number}: {error.strerror}") from None
            self._leave()
            return
        self.number, self.before = number, allowed

    def _take(self, number: int) -> bool:
        """Marks the core as taken."""
        self._sign = hold(f"{NAME}-{number}")
        return self._sign is not None

    def _leave(self) -> None:
        """For others."""
        if self._sign is not None:
            self._sign.close()
            self._sign = None


def choose(wanted: str, allowed: Collection[int], take: Callable[[int], bool]) -> int | None:
    """The core to keep to, None for none. Raises BadSettings where the wanted one is not allowed."""
    if wanted.isdecimal():
        number = int(wanted)
        if number not in allowed:
            those = ", ".join(map(str, sorted(allowed)))
            raise BadSettings(f"WORKER_CORE: must be one of the cores that this process may use: {those}")
        take(number)  # others leave it alone; who names a core means it
        return number
    if wanted == "any" or len(allowed) == 1:
        return None
    # The last first: most interrupts go to the first.
    return next((number for number in sorted(allowed, reverse=True) if take(number)), None)


def gains(worker: Any) -> bool:
    """Whether this is a process of Celery's own whose threads take turns; an embedded worker is a guest."""
    guest = not isinstance(worker, Worker)
    return not guest and worker.concurrency != 1 and issubclass(get_implementation(worker.pool_cls), TaskPool)


def _pin(number: int) -> None:
    """All threads that there are; those to come inherit it."""
    for thread in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):  # ended meanwhile
            os.sched_setaffinity(int(thread.name), {number})
