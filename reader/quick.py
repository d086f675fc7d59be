"""HTTP as uvicorn speaks it, with a short way for thread pages whose answers lie ready.

An answer that lies ready is written as soon as the request's head is read, without anything that ASGI needs.
One that has to be looked up waits as a request of uvicorn's own, so pipelines, time-outs and the end of the
server see nothing new. All else goes uvicorn's way to the site. Both ways say the same, to the byte.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from uvicorn import Config
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from reader import addresses
from reader.ready import Answers, Ready

PREFIX = b"/thread/"

# What comes without end and is neither a whole head nor a body is not kept: a browser's head takes 2 kB.
MOST_HELD_BYTES = 65_536

# Who connects has so long for the first request's head. Later ones have the server's keep-alive.
HEAD_WITHIN_SECONDS = 30


class QuickProtocol(HttpToolsProtocol):
    """Its answers come from the site's lifespan (`reader.app.create`)."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._answers: Answers = app_state["answers"]
        self._answered = False  # the request that is being read
        self._moved = False  # what came last ended a head, or was a body
        self._held = 0
        self._since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._since = self.loop.time()
        self._hurry()

    def data_received(self, data: bytes) -> None:
        self._moved = False
        super().data_received(data)
        if self._moved:
            self._held = 0
        elif not self.transport.is_closing():
            self._hold(len(data))

    def on_headers_complete(self) -> None:
        self._moved = True
        self._answered = self._answer_at_once()
        if not self._answered:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._moved = True
        if not self._answered:
            super().on_message_complete()

    def _answer_at_once(self) -> bool:
        thread_id = _page(self.url)
        ready = None if thread_id is None else self._answers.ready(thread_id)
        if ready is None or not self._is_free():
            return False
        headers = _said(self.headers)
        if "content-length" in headers or "transfer-encoding" in headers:
            return False
        self._give(ready, headers)
        return True

    def _is_free(self) -> bool:
        """Whether this is a plain GET with nothing before it on the connection and no end after it."""
        parser = self.parser
        return (
            parser.get_method() == b"GET"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and (self.cycle is None or self.cycle.response_complete)
            and not self._is_held_up()
        )

    def _is_held_up(self) -> bool:
        """By a client that does not read, or by what only uvicorn itself does."""
        return (
            self.flow.write_paused
            or self.transport.is_closing()
            or self.config.access_log
            or self.limit_concurrency is not None
        )

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        thread_id = _page(cycle.scope["raw_path"]) if cycle.scope["method"] == "GET" else None
        if thread_id is None or not cycle.keep_alive or self._is_held_up():
            super()._start_asgi_task(cycle, app)
        else:
            self._answers.ask(thread_id, partial(self._go_on, cycle, app))

    def _go_on(self, cycle: RequestResponseCycle, app: ASGI3Application, ready: Ready | None) -> None:
        if cycle.disconnected:
            return
        if ready is None or not cycle.keep_alive or self._is_held_up():
            super()._start_asgi_task(cycle, app)
            return
        cycle.response_started = cycle.response_complete = True
        self._give(ready, _said(cycle.scope["headers"]))

    def _give(self, ready: Ready, headers: Mapping[str, str]) -> None:
        answer = ready.answer(headers)
        self._answers.count(ready, answer, headers)
        lines = [b"%b: %b\r\n" % header for header in self.server_state.default_headers]
        self.transport.write(b"".join((STATUS_LINE[answer.status], *lines, answer.head, answer.body)))
        self.on_response_complete()

    def _hold(self, size: int) -> None:
        """A piece of something that is not whole yet."""
        idle = self.cycle is None or self.cycle.response_complete
        self._held += size
        if self._held == size:
            self._since = self.loop.time()
        if self._held <= MOST_HELD_BYTES:
            if idle:
                self._hurry()
        elif idle:
            self.send_400_response("Request header fields are too large.")
        else:
            self.transport.close()

    def _hurry(self) -> None:
        if self.timeout_keep_alive_task is None:
            ends = self._since + HEAD_WITHIN_SECONDS
            self.timeout_keep_alive_task = self.loop.call_at(ends, self.timeout_keep_alive_handler)

    def _unsupported_upgrade_warning(self) -> None:
        """Who wants another protocol gets an answer in this one, and no line in the log."""


def _page(target: bytes) -> int | None:
    """Which thread's page is asked for, by the request's target."""
    if not target.startswith(PREFIX):
        return None
    name = target[len(PREFIX) :].partition(b"?")[0]
    return addresses.post_id(name.decode("ascii")) if name.isdigit() and name[:1] != b"0" else None


def _said(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Of what is said twice the first counts, as for the site."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed([*headers])}
