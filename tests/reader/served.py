"""The site on the server it runs on, in a thread of this process; and what comes over the wire."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import uvicorn
from starlette.applications import Starlette

from reader.reads import Tally
from reader.ready import Answers
from reader.serving import configured
from tests.waiting import until


@dataclass(frozen=True)
class Served:
    app: Starlette
    server: uvicorn.Server

    @property
    def port(self) -> int:
        return self.server.servers[0].sockets[0].getsockname()[1]

    @property
    def answers(self) -> Answers:
        return self.server.lifespan.state["answers"]

    @property
    def tally(self) -> Tally:
        return self.app.state.site.tally

    def get(self, path: str, **more) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=20, **more)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def say(self, *pieces: bytes) -> bytes:
        """What comes back for these pieces, sent one after the other, until the server hangs up."""
        with self.connect() as wire:
            for piece in pieces:
                wire.sendall(piece)
                if len(pieces) > 1:
                    time.sleep(0.01)
            return rest(wire)


def rest(wire: socket.socket) -> bytes:
    return b"".join(iter(lambda: wire.recv(65536), b""))


@contextmanager
def served(app: Starlette) -> Iterator[Served]:
    with running(configured(lambda: app, port=0)) as server:
        yield Served(app, server)


@contextmanager
def running(config: uvicorn.Config) -> Iterator[uvicorn.Server]:
    """A server that is up, and stops whatever becomes of the test."""
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


def origin_of(server: uvicorn.Server) -> str:
    host, port = server.servers[0].sockets[0].getsockname()
    return f"http://{host}:{port}"
