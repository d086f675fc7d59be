"""The line to X: a last look before words leave the machine, and no words that arrive long after.

A worker can be held up anywhere, by its machine or by a signal. So what decides whether it may still speak is
asked when the connection stands and the headers are out, right before the write of the body: without a body
X does nothing. And what X has not acknowledged in time the kernel gives up, instead of sending it again for a
quarter of an hour after we have stopped waiting.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from bot.settings import HTTP_TIMEOUT

_look: ContextVar[Callable[[], None] | None] = ContextVar("last look", default=None)


@contextmanager
def last_look(look: Callable[[], None]) -> Iterator[None]:
    """`look` is called right before the body of a request is written; what it raises comes out, and X has
    heard nothing.
    """
    before = _look.set(look)
    try:
        yield
    finally:
        _look.reset(before)


class _Line(HTTPConnection):
    _body_is_next = False

    def putrequest(self, *args: Any, **kwargs: Any) -> None:
        self._body_is_next = False
        super().putrequest(*args, **kwargs)

    def endheaders(self, *args: Any, **kwargs: Any) -> None:
        super().endheaders(*args, **kwargs)
        self._body_is_next = True

    def send(self, data: Any) -> None:
        if self._body_is_next and (look := _look.get()) is not None:
            look()
        super().send(data)


class _SecureLine(_Line, HTTPSConnection): ...


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Line


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureLine


_POOLS = {"http": _Pool, "https": _SecurePool}
_OPTIONS = [*HTTPConnection.default_socket_options]
if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
    _OPTIONS.append((socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(HTTP_TIMEOUT.total_seconds() * 1000)))


class Adapter(HTTPAdapter):
    """What a requests.Session is mounted with."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, socket_options=_OPTIONS, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, socket_options=_OPTIONS, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager
