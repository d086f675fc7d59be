"""What may be done after the answers: drawing and fetching take the same processor that they need."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# So many are put off at most: a worker that is never idle does them in between.
MOST_PUT_OFF = 16


class Afterwards:
    """Calls that are put off while somebody is answered in this process. They may be lost with it: these are
    wake-ups, and the poller sends them again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answering = 0
        self._waiting: list[Callable[[], None]] = []

    @contextmanager
    def answering(self) -> Iterator[None]:
        with self._lock:
            self._answering += 1
        try:
            yield
        finally:
            with self._lock:
                self._answering -= 1
            self._go_on()

    def put_off(self, call: Callable[[], None]) -> None:
        """Until nobody is being answered; `call` raises nothing."""
        with self._lock:
            self._waiting.append(call)
        self._go_on()

    def _go_on(self) -> None:
        with self._lock:
            if self._answering and len(self._waiting) < MOST_PUT_OFF:
                return
            due, self._waiting = self._waiting, []
        for call in due:
            call()
