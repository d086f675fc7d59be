"""Thread pages whose answers lie ready, for what most people ask for: the page, or that nothing has changed.

However many ask, a page is looked up once a second; in between its answer lies here. Pages that are asked for
while others are looked up are looked up together, in one go that never holds the event loop up. What is not
here in the end goes the whole way through the site: whatever is not a page to be shown, what has to be
rendered first, and every error.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from prometheus_client import Counter
from starlette.responses import Response

from bot.metrics import PAGES
from reader import packing
from reader.ports import Stamp
from reader.site import Site, names
from reader.threads import HTML, Leaf, ThreadEndpoint

PATTERN = "/thread/{post}"

# At most so many answers lie ready: their pages are kept by the shelf, a few kilobytes each are theirs.
MOST_READY = 2_000

# What is asked for during a lookup waits for its end, to be looked up together, unless that takes long.
PATIENCE_SECONDS = 0.05
LOOKS_AT_ONCE = 4


Found = tuple[Stamp, str | None, bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """`head` is all of it after the status line and the date."""

    status: int
    head: bytes
    body: bytes


class Ready:
    """A page and its answers. `until` is a moment of the monotonic clock."""

    def __init__(self, leaf: Leaf, always: bytes, until: float) -> None:
        self.thread_id = leaf.thread_id
        self.until = until
        self._leaf = leaf
        self._always = always

    def answer(self, headers: Mapping[str, str]) -> Answer:
        if names(headers.get("if-none-match"), self._leaf.etag):
            return self._unchanged
        if packing.takes_packed(headers.get("accept-encoding", "")):
            return self._packed
        return self._said(self._leaf.whole(""))

    @cached_property
    def _unchanged(self) -> Answer:
        return self._said(self._leaf.unchanged())

    @cached_property
    def _packed(self) -> Answer:
        return self._said(self._leaf.whole("gzip"))

    def _said(self, response: Response) -> Answer:
        head = b"".join([*_lines(response.raw_headers), self._always, b"\r\n"])
        return Answer(response.status_code, head, bytes(response.body))


# Is called with the answer, or with None where the site has to be asked: it meets any trouble again, and
# says so.
Waiting = Callable[[Ready | None], None]


class Answers:
    """For one event loop."""

    def __init__(self, site: Site, lasts: timedelta) -> None:
        self._pages = ThreadEndpoint(site, HTML)
        self._prints = site.store.prints
        self._tally = site.tally
        always = [(name.lower(), said) for name, said in site.headers.items()]
        self._always = b"".join(_lines((name.encode(), said.encode("latin-1")) for name, said in always))
        self._lasts = lasts.total_seconds()
        self._ready: dict[int, Ready] = {}
        self._asked: dict[int, list[Waiting]] = {}
        self._looking: dict[int, list[Waiting]] = {}
        self._looks = 0
        self._began = 0.0
        self._counted: Mapping[int, Counter] = {
            status: PAGES.labels(PATTERN, str(status)) for status in (200, 304)
        }

    def ready(self, thread_id: int) -> Ready | None:
        """The answer that may be given at once."""
        ready = self._ready.get(thread_id)
        return ready if ready is not None and time.monotonic() < ready.until else None

    def ask(self, thread_id: int, then: Waiting) -> None:
        """`then` is called in a later turn of the event loop."""
        if (ready := self.ready(thread_id)) is not None:
            asyncio.get_running_loop().call_soon(then, ready)
        elif (waiting := self._looking.get(thread_id)) is not None:
            waiting.append(then)
        else:
            self._look_up(thread_id, then)

    def count(self, ready: Ready, answer: Answer, headers: Mapping[str, str]) -> None:
        """An answer that was given."""
        self._tally.count(ready.thread_id, "GET", headers)
        self._counted[answer.status].inc()

    def _look_up(self, thread_id: int, then: Waiting) -> None:
        """One who asks waits for it; the others go on with what there is meanwhile."""
        if not self._asked:
            # One turn later: who was answered together asks together again, but not in one breath.
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._look)
        self._asked.setdefault(thread_id, []).append(then)
        if (old := self._ready.get(thread_id)) is not None:
            old.until = time.monotonic() + self._lasts

    def _look(self) -> None:
        began = time.monotonic()
        patient = self._looks > 0 and began < self._began + PATIENCE_SECONDS
        if not self._asked or patient or self._looks == LOOKS_AT_ONCE:
            return
        asked, self._asked = self._asked, {}
        self._looking |= asked
        self._looks += 1
        self._began = began
        loop = asyncio.get_running_loop()
        look = self._prints.find_soon(tuple(asked), loop)
        look.add_done_callback(lambda look: self._found(asked, look, began))
        loop.call_later(PATIENCE_SECONDS, self._look)

    def _found(
        self, asked: Mapping[int, list[Waiting]], look: asyncio.Future[dict[int, Found]], began: float
    ) -> None:
        self._looks -= 1
        leaves: Mapping[int, Leaf] = {}
        if not look.cancelled():
            with suppress(Exception):  # the site meets it again, and says so
                leaves = self._pages.made(look.result())
        for thread_id, waiting in asked.items():
            del self._looking[thread_id]
            ready = self._keep(thread_id, leaves.get(thread_id), began)
            for then in waiting:
                look.get_loop().call_soon(then, ready)
        self._look()

    def _keep(self, thread_id: int, leaf: Leaf | None, began: float) -> Ready | None:
        if leaf is None:
            self._ready.pop(thread_id, None)
            return None
        if len(self._ready) >= MOST_READY:
            self._ready.clear()
        ready = self._ready[thread_id] = Ready(leaf, self._always, began + self._lasts)
        return ready


def _lines(headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    return [b"%b: %b\r\n" % header for header in headers]
