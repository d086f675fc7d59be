"""Wakes a worker up for a file that a visitor waits for. The row is the truth: where Redis does not answer,
the poller's next tick finds it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import structlog
from pybreaker import CircuitBreaker, CircuitBreakerError

log = structlog.get_logger()

# A page must not wait for a Redis that does not answer, and asks again after a while.
PATIENCE_SECONDS = 0.5
AWAY_SECONDS = 30


class Waker:
    def __init__(self, broker: str) -> None:
        self._broker = broker
        self._breaker = CircuitBreaker(fail_max=1, reset_timeout=AWAY_SECONDS)

    def __call__(self) -> None:
        try:
            self._breaker.call(self._send)
        except CircuitBreakerError as error:
            log.warning("queue.away", error=type(error.__cause__ or error).__name__)

    def _send(self) -> None:
        from bot.queue import enqueue_exports  # noqa: PLC0415 - most sites never need it

        enqueue_exports(self._queue)

    @cached_property
    def _queue(self) -> Any:
        from bot.queue import celery_app  # noqa: PLC0415

        return celery_app(self._broker, patience=PATIENCE_SECONDS)
