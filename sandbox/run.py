"""Serving a world: beside a test in a thread, or alone from the command line. Loopback only."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.server import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.scenes import Scene
    from sandbox.world import World

STOPS_WITHIN_SECONDS = 10

# uvicorn's five seconds are just the time between two looks of a bot: they would meet.
IDLE_SECONDS = 75


class CuttableProtocol(H11Protocol):
    """HTTP whose requests carry their connection's transport, for `sandbox.spoil.Cut`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class QuickServer(uvicorn.Server):
    """Stops at once: uvicorn itself looks ten times a second, too slow for a suite of many servers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self.on_tick(0)
        if not self.should_exit:
            await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Hang up on everybody. Requests at work see their client gone, and end."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=1)

    def stop(self) -> None:
        """From any thread."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)


@dataclass(frozen=True)
class Served:
    world: World
    url: str


@contextmanager
def serve(
    world: World, host: str = "127.0.0.1", port: int = 0, scenes: list[Scene] | None = None
) -> Iterator[Served]:
    """Serve in a thread of this process; port 0 takes a free one. Connections still open at the end are
    closed.
    """
    with listen(host, port) as listener:
        server = QuickServer(_config(world, scenes))
        thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
        thread.start()
        try:
            yield Served(world, "http://{}:{}".format(*listener.getsockname()[:2]))
        finally:
            world.push.courier.stop()
            server.stop()
            thread.join(STOPS_WITHIN_SECONDS)


def run(world: World, port: int = 8080, host: str = "127.0.0.1", scenes: list[Scene] | None = None) -> None:
    """Serve until interrupted."""
    with listen(host, port) as listener:
        run_on(listener, world, scenes)


def run_on(listener: socket.socket, world: World, scenes: list[Scene] | None = None) -> None:
    uvicorn.Server(_config(world, scenes)).run([listener])


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Connections wait in it from now on, so nobody needs to ask whether the server is
    up.
    """
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"the sandbox listens on loopback only, not on {host}")
    listener = socket.create_server((host, port), backlog=128)
    # Its connections take it over. asyncio does so only where a socket names its protocol, and this one does
    # not: an answer in two parts would wait 40 ms for the client to acknowledge the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _config(world: World, scenes: list[Scene] | None) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(world, scenes),
        http=CuttableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=1,
    )
