"""Rendered pages, kept in this process: the ones asked for last stay."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock


class Shelf:
    """At most `size` pages. Two threads may render the same page at once; both get a whole one."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._pages: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], bytes | None]) -> bytes | None:
        """The page under the key, made if it is not there. What is None is not kept."""
        return self.find(key, None) or self.find(key, make())

    def find(self, key: Hashable, other: bytes | None) -> bytes | None:
        """The page under the key; where there is none, the other, which is kept from now on."""
        with self._lock:
            if key in self._pages:
                self._pages.move_to_end(key)
                return self._pages[key]
            if other is not None:
                self._put(key, other)
            return other

    def _put(self, key: Hashable, page: bytes) -> None:
        self._pages[key] = page
        while len(self._pages) > self._size:
            self._pages.popitem(last=False)
