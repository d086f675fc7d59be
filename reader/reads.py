"""What people read, counted and nothing else: no cookie, no address, no order in which they read.

The counts gather in this process and go to the store every few seconds, one transaction for all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock

import structlog

from reader.ports import Reads

log = structlog.get_logger()

# A store that is away for long must not fill our memory.
MOST_THREADS = 10_000

# Lists of crawlers have thousands of names; nearly all hold one of these words, and a count may be a bit off.
PROGRAMS = (
    *("bot", "crawl", "spider", "slurp", "preview", "fetch", "scan", "monitor", "headless", "lighthouse"),
    *("facebookexternalhit", "embedly", "whatsapp", "telegram", "python", "curl", "wget", "http", "java/"),
)


def is_reading(method: str, headers: Mapping[str, str]) -> bool:
    """Whether somebody looks at the page, as far as the request tells: a browser, and not ahead of time."""
    browser = headers.get("user-agent", "").lower()
    purpose = headers.get("sec-purpose", "") + headers.get("purpose", "") + headers.get("x-moz", "")
    return (
        method == "GET"
        and browser.startswith(("mozilla/", "opera/"))
        and not any(word in browser for word in PROGRAMS)
        and not any(word in purpose for word in ("prefetch", "prerender", "preview"))
        and headers.get("sec-fetch-dest", "document") == "document"
    )


class Tally:
    """Counts reads; safe to use from many threads."""

    def __init__(self, reads: Reads, clock: Callable[[], datetime]) -> None:
        self._reads = reads
        self._clock = clock
        self._counts: Counter[int] = Counter()
        self._lock = Lock()

    def count(self, thread_id: int, method: str, headers: Mapping[str, str]) -> None:
        if not is_reading(method, headers):
            return
        with self._lock:
            if thread_id in self._counts or len(self._counts) < MOST_THREADS:
                self._counts[thread_id] += 1

    def flush(self) -> None:
        """Hands over what was counted; what the store does not take is tried again with the next."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        try:
            self._reads.add(counts, today=self._clock().date())
        except Exception as error:  # noqa: BLE001 - a count is no reason to fail
            log.warning("reads.kept_back", error=type(error).__name__, threads=len(counts))
            with self._lock:
                self._counts.update(counts)
