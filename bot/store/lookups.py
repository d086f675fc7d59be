"""One SELECT that is run again and again, by the driver itself: SQLAlchemy's way to it takes several times as
long as the database does, and psycopg's cursors twice as long as its libpq.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from psycopg import errors, pq
from psycopg.adapt import Transformer
from sqlalchemy import (
    Engine,
    PoolProxiedConnection,
    Select,
)
from sqlalchemy.orm import Mapped

from bot.store.prepared import Among, makers, named, row_of

# Each connection is one lookup's own.
PREPARED = b"lookup"

# A reader of SQLite waits for nobody, but for a database that is being recovered or moved.
AT_ONCE_MS = 5

# PostgreSQL ends a statement before that; what comes later comes from a server that is gone.
PATIENCE_SECONDS = 25.0


class Lookup:
    """The rows whose `key` is among some numbers. Its connections stay open from one time to the next; safe
    to use from many threads. The engine is one without transactions. On SQLite it may wait for as long as
    the engine does, or, if `at_once`, for a few milliseconds.
    """

    def __init__(
        self, engine: Engine, query: Select[Any], key: Mapped[int], *, at_once: bool = False
    ) -> None:
        self._engine = engine
        self._at_once = at_once
        self._is_sqlite = engine.dialect.name == "sqlite"
        query = query.where(Among(key, "numbers"))
        self._sql = str(query.compile(dialect=engine.dialect))
        columns = list(query.selected_columns)
        self._row = row_of(columns)
        self._makes = makers(columns, engine.dialect)
        self._idle: deque[PoolProxiedConnection] = deque()

    def rows(self, numbers: Iterable[int]) -> list[Any]:
        """Named tuples. A connection that broke while nobody used it is made anew. Raises what the driver
        raises.
        """
        wanted = list(numbers)
        try:
            kept = self._idle.pop()
        except IndexError:
            return self._run(self._open(), wanted)
        try:
            return self._run(kept, wanted)
        except self._engine.dialect.loaded_dbapi.Error:
            return self._run(self._open(), wanted)

    def soon(self, numbers: Iterable[int], loop: asyncio.AbstractEventLoop) -> asyncio.Future[list[Any]]:
        """The same within an event loop, which is never held up: SQLite answers at once or not at all, and
        PostgreSQL when its answer is here. Only for a lookup that is `at_once`, and from one loop.

        The future raises what keeps the answer away; a connection of PostgreSQL that broke is not made anew.
        """
        found: asyncio.Future[list[Any]] = loop.create_future()
        wanted = list(numbers)
        if self._is_sqlite:
            try:
                found.set_result(self.rows(wanted))
            except Exception as error:  # noqa: BLE001 - also the pool's, or nobody would ever be told
                found.set_exception(error)
        elif self._idle:
            self._ask(self._idle.pop(), wanted, found)
        else:
            opening = loop.run_in_executor(None, self._open)
            opening.add_done_callback(partial(self._opened, wanted=wanted, found=found))
        return found

    def _opened(
        self,
        opening: asyncio.Future[PoolProxiedConnection],
        *,
        wanted: Sequence[int],
        found: asyncio.Future[list[Any]],
    ) -> None:
        if opening.cancelled():
            found.cancel()
        elif (error := opening.exception()) is None:
            self._ask(opening.result(), wanted, found)
        else:
            _tell(found, error)

    def _ask(
        self, connection: PoolProxiedConnection, wanted: Sequence[int], found: asyncio.Future[list[Any]]
    ) -> None:
        """What is asked is small enough for any socket to take it at once."""
        driver: Any = connection.driver_connection
        line, loop = driver.pgconn, found.get_loop()
        try:
            descriptor = line.socket
            line.send_query_prepared(PREPARED, [_numbers(wanted)], result_format=pq.Format.BINARY)
            line.flush()
        except errors.Error as error:
            connection.invalidate(error)
            _tell(found, error)
            return

        def heard() -> None:
            try:
                line.consume_input()
                if line.is_busy():
                    return
                result = line.get_result()
                while line.get_result() is not None:
                    pass
                rows = [named(values, self._row, self._makes) for values in _read(driver, result)]
            except Exception as error:  # noqa: BLE001 - whoever waits is told, and this connection is over
                over(error)
                return
            over(None)
            if not found.done():
                found.set_result(rows)

        def over(error: Exception | None) -> None:
            loop.remove_reader(descriptor)
            late.cancel()
            if error is None:
                self._idle.append(connection)
                return
            connection.invalidate(error)
            _tell(found, error)

        late = loop.call_later(PATIENCE_SECONDS, lambda: over(errors.QueryCanceled("no answer in time")))
        loop.add_reader(descriptor, heard)

    def _open(self) -> PoolProxiedConnection:
        connection = self._engine.raw_connection()
        driver: Any = connection.driver_connection
        if self._is_sqlite and self._at_once:
            driver.execute(f"PRAGMA busy_timeout={AT_ONCE_MS}")
        elif not self._is_sqlite:
            _said_well(driver.pgconn.prepare(PREPARED, self._sql.replace("%(numbers)s", "$1").encode()))
        return connection

    def _run(self, connection: PoolProxiedConnection, wanted: Sequence[int]) -> list[Any]:
        try:
            found = self._fetch(connection.driver_connection, wanted)
        except BaseException as error:
            connection.invalidate(error)
            raise
        self._idle.append(connection)
        return [named(values, self._row, self._makes) for values in found]

    def _fetch(self, driver: Any, wanted: Sequence[int]) -> Sequence[Any]:
        if self._is_sqlite:
            return driver.execute(self._sql, (json.dumps(wanted),)).fetchall()  # type: ignore[no-any-return]
        numbers = [_numbers(wanted)]
        return _read(driver, driver.pgconn.exec_prepared(PREPARED, numbers, result_format=pq.Format.BINARY))

    def close(self) -> None:
        while self._idle:
            self._idle.pop().invalidate()  # what is prepared there is ours


def _tell(found: asyncio.Future[Any], error: BaseException) -> None:
    if not found.done():
        found.set_exception(error)


def _numbers(wanted: Sequence[int]) -> bytes:
    return b"{%b}" % ",".join(map(str, wanted)).encode()


def _read(driver: Any, found: Any) -> Sequence[Any]:
    _said_well(found)
    reads = Transformer(driver)
    reads.set_pgresult(found)
    return reads.load_rows(0, found.ntuples, tuple)


def _said_well(result: Any) -> None:
    """Raises the driver's error for what PostgreSQL refused."""
    if result.status not in {pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK}:
        raise errors.error_from_result(result)
