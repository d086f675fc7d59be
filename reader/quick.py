"""The shortest way to a thread's page, for what most people ask for: the page, or that nothing has changed.

However many ask, a page is looked up once a second; in between its answer lies ready as the bytes to send.
So what goes from here goes from this memory a second later. Whatever is not a page to be shown, and every
error, goes the whole way through the site.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from prometheus_client import Counter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.metrics import PAGES
from reader import packing
from reader.site import Site, names
from reader.threads import HTML, Leaf, ThreadEndpoint

PREFIX = "/thread/"
PATTERN = "/thread/{post}"

# At most so many answers lie ready: their pages are kept by the shelf, a few hundred bytes each are theirs.
MOST_READY = 2_000


@dataclass(frozen=True, slots=True)
class Ready:
    """A page and how its answers begin, until a moment of the monotonic clock."""

    until: float
    leaf: Leaf
    packed: Message
    plain: Message
    unchanged: Message


class Quick:
    """ASGI middleware, before all others: what it answers needs none of them."""

    def __init__(self, app: ASGIApp, site: Site, lasts: timedelta) -> None:
        self._app = app
        self._site = site
        self._pages = ThreadEndpoint(site, HTML)
        self._lasts = lasts.total_seconds()
        self._ready: dict[str, Ready] = {}
        self._counted: Mapping[int, Counter] = {
            status: PAGES.labels(PATTERN, str(status)) for status in (200, 304)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ready = await self._find(_post(scope))
        if ready is None:
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self._site.tally.count(ready.leaf.thread_id, "GET", headers)
        start, body = _answer(ready, headers)
        self._counted[start["status"]].inc()
        await send(start)
        await send({"type": "http.response.body", "body": body})

    async def _find(self, post: str) -> Ready | None:
        """None where the site has to be asked; it meets any trouble again, and says so."""
        if not post:
            return None
        now = time.monotonic()
        ready = self._ready.get(post)
        if ready is not None:
            if now < ready.until:
                return ready
            # One looks; the others go on with what there is while it does.
            self._ready[post] = replace(ready, until=now + self._lasts)
        leaf = None
        with suppress(Exception):
            leaf = await asyncio.get_running_loop().run_in_executor(None, self._pages.leaf, post)
        if leaf is None:
            self._ready.pop(post, None)
            return None
        return self._keep(post, leaf, now)

    def _keep(self, post: str, leaf: Leaf, now: float) -> Ready:
        if len(self._ready) >= MOST_READY:
            self._ready.clear()
        ready = _ready(leaf, self._site.headers, now + self._lasts)
        self._ready[post] = ready
        return ready


def _post(scope: Scope) -> str:
    """Whose page is asked for; empty for all that is not looking at a page."""
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(PREFIX):
        return ""
    post: str = scope["path"][len(PREFIX) :]
    return post if post.isdecimal() else ""


def _answer(ready: Ready, headers: Mapping[str, str]) -> tuple[Message, bytes]:
    if names(headers.get("if-none-match"), ready.leaf.etag):
        return ready.unchanged, b""
    if packing.takes_packed(headers.get("accept-encoding", "")):
        return ready.packed, ready.leaf.packed
    plain = packing.unpack(ready.leaf.packed)
    length = (b"content-length", str(len(plain)).encode())
    return {**ready.plain, "headers": [*ready.plain["headers"], length]}, plain


def _ready(leaf: Leaf, always: Mapping[str, str], until: float) -> Ready:
    said = {**always, **leaf.headers}
    content = {**said, "Content-Type": f"{HTML.media_type}; charset=utf-8"}
    length = {"Content-Length": str(len(leaf.packed))}
    return Ready(
        until,
        leaf,
        packed=_start(200, {**content, **packing.PACKED, **length}),
        plain=_start(200, content),
        unchanged=_start(304, said),
    )


def _start(status: int, headers: Mapping[str, str]) -> Message:
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}
