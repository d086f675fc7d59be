"""Freshly rendered pages on their way to the store, where the other processes of the site find them."""

from __future__ import annotations

from threading import Lock

import structlog

from reader.ports import Prints, Stamp

log = structlog.get_logger()

# What comes faster than it is stored is rendered once more when it is asked for again.
MOST_PAGES = 500


class Rack:
    """Gathers pages; safe to use from many threads."""

    def __init__(self, prints: Prints) -> None:
        self._prints = prints
        self._pages: dict[int, tuple[Stamp, str, bytes]] = {}
        self._lock = Lock()

    def put(self, stamp: Stamp, etag: str, packed: bytes) -> None:
        with self._lock:
            if stamp.thread_id in self._pages or len(self._pages) < MOST_PAGES:
                self._pages[stamp.thread_id] = stamp, etag, packed

    def flush(self) -> None:
        """Hands the pages over; those that the store does not take are made again when they are asked for."""
        with self._lock:
            pages, self._pages = self._pages, {}
        if not pages:
            return
        try:
            self._prints.keep(pages.values())
        except Exception as error:  # noqa: BLE001 - a page not kept is no reason to fail
            log.warning("pages.not_kept", error=type(error).__name__, pages=len(pages))
