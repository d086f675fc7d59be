"""Engines and open connections: SQLite in WAL mode, or PostgreSQL."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from bot.store.trouble import BUSY_TIMEOUT

# A writer waits for another this long before it gives up; a transaction of ours takes milliseconds.
BUSY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS = int(BUSY_TIMEOUT.total_seconds() * 1000)

# One for each of a worker's threads, and some.
CONNECTIONS = 20

WAITED = "unroll.waited"
LEFT_AT = "unroll.left_at"
# A server takes longer than this to start anew.
TRUSTED = timedelta(milliseconds=50)


class Kept:
    """Connections that stay open from one use to the next: to take one out of SQLAlchemy's pool and to put it
    back takes longer than a statement. Safe to use from many threads.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: deque[Connection] = deque()
        self._is_server = engine.dialect.name != "sqlite"

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """One that nobody else has; after an error it goes back to the pool, which looks after it."""
        connection = self._taken() or self._engine.connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        connection.info[LEFT_AT] = time.monotonic()
        self._idle.append(connection)

    def _taken(self) -> Connection | None:
        """The one that was in use last. One that nobody has used for a while goes back to the pool, which
        looks whether it lives before it gives it out again.
        """
        try:
            connection = self._idle.pop()
        except IndexError:
            return None
        if self._is_server and not _was_just_in_use(connection.info):
            connection.close()
            return None
        return connection

    def close(self) -> None:
        while self._idle:
            connection = self._idle.pop()
            connection.invalidate()
            connection.close()


def engine_of(url: str, *, glancing: bool = False) -> Engine:
    """Errors name their statement without its values: those are people's words, and errors get logged.

    One for glances knows no transactions: nothing is begun, looked after or rolled back.
    """
    more: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None} if glancing else {}
    if make_url(url).get_backend_name() != "sqlite":
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_size=CONNECTIONS,
            max_overflow=CONNECTIONS,
            pool_use_lifo=True,  # so that the one that was in use last is in use again
            connect_args={"connect_timeout": 5, "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS}"},
            **more,
        )
        event.listen(engine, "checkin", _note_when)
        event.listen(engine, "checkout", partial(_look_whether_it_lives, engine.dialect))
        return engine
    if in_memory(url):
        from sqlalchemy.pool import StaticPool  # noqa: PLC0415 - for tests in memory only

        engine = create_engine(
            url, hide_parameters=True, poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
    else:
        Path(str(make_url(url).database)).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_size=CONNECTIONS,
            connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
            **more,
        )
    event.listen(engine, "connect", _configure_sqlite)
    if not glancing:
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _note_when(_connection: Any, record: ConnectionPoolEntry) -> None:
    """Unless it was left before it came back to the pool."""
    record.info.setdefault(LEFT_AT, time.monotonic())


def _was_just_in_use(info: Mapping[Any, Any]) -> bool:
    """Or is new."""
    return time.monotonic() - float(info.get(LEFT_AT, math.inf)) < TRUSTED.total_seconds()


def _look_whether_it_lives(
    dialect: Dialect, connection: Any, record: ConnectionPoolEntry, _proxy: Any
) -> None:
    """A server that was started anew has forgotten its connections: then all of them are made anew. One that
    was in use a moment ago need not be asked, which would be every second thing that is asked on it.
    """
    lives = _was_just_in_use(record.info)
    record.info.pop(LEFT_AT, None)  # it is in use again
    if lives:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error:
        raise InvalidatePoolError from None


def in_memory(url: str) -> bool:
    """A database that only its one connection sees."""
    parsed = make_url(url)
    return parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # BEGIN is ours: see _begin_sqlite
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA secure_delete=ON")  # what is deleted on X leaves no bytes in free pages
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate")
    began = time.monotonic()
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN IMMEDIATE" if immediate else "BEGIN")
    if immediate:
        connection.info[WAITED] = time.monotonic() - began
