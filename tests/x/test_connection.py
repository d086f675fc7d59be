"""Connections that X closes while nobody uses them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import requests

from bot.x.connection import Session

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n{}"


@dataclass
class Forgetful:
    """Answers the first request of a connection, and hangs up on the second as it comes in: as a server does
    whose patience with an unused connection ends in this moment.
    """

    url: str
    heard: list[tuple[str, int]] = field(default_factory=list)  # a method, and the how many-th it was there
    hangs_up_at_once: bool = False

    def serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if self._reads(connection, 1) and not self.hangs_up_at_once:
                connection.sendall(ANSWER)
                self._reads(connection, 2)

    def _reads(self, connection: socket.socket, number: int) -> bool:
        told = b""
        while b"\r\n\r\n" not in told:
            if not (more := connection.recv(4096)):
                return False
            told += more
        self.heard.append((told.split(b" ", 1)[0].decode(), number))
        return True


@contextmanager
def forgetful() -> Iterator[Forgetful]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Forgetful(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=server.serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def server():
    with forgetful() as server:
        yield server


@pytest.fixture
def session(server):
    with Session(server.url) as session:
        session.get("https://api.x.com/2/first")
        yield session


@pytest.fixture
def rested(monkeypatch):
    """Whatever the connection was used for last, it is long ago."""
    monkeypatch.setattr("bot.x.connection.MAY_BE_CLOSED_AFTER", timedelta(seconds=-1))


def test_a_read_on_a_connection_that_x_closes_in_this_moment_goes_over_a_new_one(server, session, rested):
    assert session.get("https://api.x.com/2/second").json() == {}
    assert server.heard == [("GET", 1), ("GET", 2), ("GET", 1)]


def test_a_read_is_sent_once_more_only_once(server, session, rested):
    server.hangs_up_at_once = True
    with pytest.raises(requests.ConnectionError):
        session.get("https://api.x.com/2/second")
    assert len(server.heard) == 3


def test_what_changes_something_is_sent_once_and_not_over_a_connection_that_has_rested(
    server, session, rested
):
    assert session.post("https://api.x.com/2/tweets", data="{}").json() == {}
    assert server.heard == [("GET", 1), ("POST", 1)]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_hangs_up_on_a_connection_in_use_is_not_asked_again_in_silence(server, session, method):
    with pytest.raises(requests.ConnectionError):
        session.request(method, "https://api.x.com/2/second")
    assert server.heard == [("GET", 1), (method, 2)]


def test_a_change_that_x_hangs_up_on_is_not_sent_again(server, session, rested):
    server.hangs_up_at_once = True
    with pytest.raises(requests.ConnectionError):
        session.post("https://api.x.com/2/tweets", data="{}")
    assert server.heard == [("GET", 1), ("POST", 1)]
