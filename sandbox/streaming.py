"""The open streams: who reads them gets each event as a line, and a line break while there is nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import StreamingResponse

from sandbox import problems

KEEP_ALIVE_SECONDS = 20.0
CONNECTIONS = 1


@dataclass(eq=False)
class Stream:
    transport: Any
    lines: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)


class Streams:
    """`silent` sends nothing any more, as a connection that died without a word."""

    def __init__(self) -> None:
        self.keep_alive = KEEP_ALIVE_SECONDS
        self.silent = False
        self._open: list[Stream] = []

    @property
    def count(self) -> int:
        return len(self._open)

    def send(self, body: bytes) -> None:
        """From any thread."""
        for stream in list(self._open):
            stream.loop.call_soon_threadsafe(stream.lines.put_nowait, body)

    def cut(self) -> None:
        """Hang up on everybody, from any thread."""
        for stream in list(self._open):
            stream.loop.call_soon_threadsafe(stream.transport.abort)

    def answer(self, transport: Any) -> StreamingResponse:
        """Raises Refused where another connection of the app is open already."""
        if len(self._open) >= CONNECTIONS:
            raise problems.too_many_connections()
        stream = Stream(transport)
        self._open.append(stream)
        return StreamingResponse(self._lines(stream), media_type="application/json")

    async def _lines(self, stream: Stream) -> AsyncIterator[bytes]:
        try:
            while True:
                line = b""
                with suppress(TimeoutError):
                    line = await asyncio.wait_for(stream.lines.get(), self.keep_alive)
                if not self.silent:
                    yield line + b"\r\n"
        finally:
            self._open.remove(stream)
