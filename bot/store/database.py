"""Transactions, and statements in them or alone."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    Connection,
    Executable,
    Row,
    Select,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped
from sqlmodel import Session, SQLModel

from bot.errors import DatabaseAway
from bot.store.engines import WAITED, Kept, engine_of, in_memory
from bot.store.inserts import by_column, has_json, in_order, insert, inserting_new, upserting
from bot.store.lookups import Lookup
from bot.store.prepared import Prepared, Rows
from bot.store.trouble import BUSY_TIMEOUT, LOCKED, answering, away

NOTHING: Mapping[str, Any] = MappingProxyType({})

# SQLite takes 32,766 variables in a statement, PostgreSQL 65,535.
INSERT_BATCH = 500

# SQLite takes so many rows one by one before SQLAlchemy has written the statement for all of them.
ONE_BY_ONE = 50

# A reader notices a tenth of a second; what is shorter is the ordinary turn of one writer after another.
LONG_WAIT = timedelta(milliseconds=100)
CONNECTION = "unroll.connection"
LOCK_WAITS = "lock_waits"

# Into one row, by the database's own clock: every process counts there. See `bot.store.strain`.
COUNT_WAIT = text(
    f"""
    INSERT INTO note (name, value, updated_at)
    VALUES ('{LOCK_WAITS}', json_object('day', date('now'), 'waits', 1, 'seconds', :seconds),
            strftime('%Y-%m-%d %H:%M:%f000', 'now'))
    ON CONFLICT (name) DO UPDATE SET updated_at = excluded.updated_at, value = iif(
        json_extract(value, '$.day') = date('now'),
        json_object('day', date('now'), 'waits', json_extract(value, '$.waits') + 1,
                    'seconds', json_extract(value, '$.seconds') + :seconds),
        excluded.value)
    """  # noqa: S608 - a name of ours
)


class Database:
    """`read()` and `write()` are one transaction each, and raise DatabaseAway where there is none to be had.
    Writers on SQLite take their lock at once: a reader that turns writer halfway can only fail.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = engine_of(url)
        self.writing = self.engine.execution_options(immediate=True)
        self._glancing = self.engine if in_memory(url) else engine_of(url, glancing=True)
        self._for_writes, self._for_glances = Kept(self.writing), Kept(self._glancing)
        self._turn = threading.Lock()
        self._lookups: dict[tuple[Select[Any], bool], Lookup] = {}

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        with answering(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        with (
            answering(),
            self._in_turn() as waited,
            self._for_writes.connection() as connection,
            connection.begin(),
        ):
            self._count_wait(connection, waited + connection.info.pop(WAITED, 0.0))
            with Session(connection, expire_on_commit=False) as session:
                session.info[CONNECTION] = connection
                yield session
                if session.in_transaction():  # somebody used it as an ORM's
                    session.commit()  # of the session; the transaction is the connection's, and goes on

    def _count_wait(self, connection: Connection, seconds: float) -> None:
        if self.is_sqlite and seconds > LONG_WAIT.total_seconds():
            connection.execute(COUNT_WAIT, {"seconds": seconds})

    @contextmanager
    def _in_turn(self) -> Iterator[float]:
        """SQLite has one writer at a time. The threads of a process stand in line here, where the next one
        goes on at once: SQLite lets who waits sleep and try again, for longer each time. Yields the seconds
        that it took.
        """
        if not self.is_sqlite:
            yield 0.0
            return
        began = time.monotonic()
        if not self._turn.acquire(timeout=BUSY_TIMEOUT.total_seconds()):
            raise DatabaseAway(away(LOCKED))
        try:
            yield time.monotonic() - began
        finally:
            self._turn.release()

    def write_alone(self, statement: Prepared, values: Mapping[str, Any]) -> Any:
        """One statement that is a transaction by itself; the first row that it returns. Nothing has to begin
        it and nothing to end it, and to PostgreSQL each of these is a way of its own.
        """
        with answering(), self._in_turn() as waited:
            alone = self._glancing is self.engine
            opened = self.writing.begin() if alone else self._for_glances.connection()
            with opened as connection:
                began = time.monotonic()
                row = statement.run(connection, values).first()
                self._count_wait(connection, waited + time.monotonic() - began)
                return row

    def glance(self, query: Prepared, values: Mapping[str, Any]) -> Any:
        """The first row of one SELECT, without a transaction around it; None if there is no row. A connection
        that broke while nobody used it is made anew once.
        """
        return self.glance_all(query, values).first()

    def glance_all(self, query: Prepared, values: Mapping[str, Any]) -> Rows:
        """All of its rows."""
        with answering():
            try:
                return self._glanced(query, values)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                return self._glanced(query, values)

    def _glanced(self, query: Prepared, values: Mapping[str, Any]) -> Rows:
        with self._for_glances.connection() as connection:
            return query.run(connection, values)

    def ask(self, query: Executable) -> Sequence[Row[Any]]:
        """The rows of a SELECT that is built for this one time, without a transaction around it."""
        with answering(), self._glancing.connect() as connection:
            return connection.execute(query).all()

    def look_up(self, query: Select[Any], key: Mapped[int], numbers: Iterable[int]) -> list[Any]:
        """The rows of a SELECT that never changes whose key is among the numbers, as named tuples: without a
        transaction, and as quickly as it can be done.
        """
        with answering():
            return self._lookup(query, key, at_once=False).rows(numbers)

    def look_up_soon(
        self,
        query: Select[Any],
        key: Mapped[int],
        numbers: Iterable[int],
        loop: asyncio.AbstractEventLoop,
    ) -> asyncio.Future[list[Any]]:
        """The same within an event loop; see `Lookup.soon`."""
        return self._lookup(query, key, at_once=True).soon(numbers, loop)

    def _lookup(self, query: Select[Any], key: Mapped[int], *, at_once: bool) -> Lookup:
        if (query, at_once) not in self._lookups:
            self._lookups[query, at_once] = Lookup(self._glancing, query, key, at_once=at_once)
        return self._lookups[query, at_once]

    def insert(self, table: Any) -> Any:
        """An INSERT that knows ON CONFLICT, in the dialect at hand."""
        return insert(table, sqlite=self.is_sqlite)

    def upsert(self, session: Session, rows: Iterable[SQLModel]) -> None:
        """Inserts rows of one table; those whose key is there are replaced."""
        rows = list(rows)
        if rows:
            self.upsert_values(session, type(rows[0]), [row.model_dump() for row in rows])

    def upsert_values(
        self, session: Session, row: type[SQLModel], values: Iterable[Mapping[str, Any]]
    ) -> None:
        """The same for rows as `values_of` makes them."""
        ordered = in_order(row, values)
        if self._fits_in_arrays(row, ordered):
            execute(session, upserting(row, sqlite=False, arrays=True), by_column(ordered))
        elif ordered:
            execute_all(session, upserting(row, sqlite=self.is_sqlite), ordered)

    def insert_new(self, session: Session, rows: Iterable[SQLModel]) -> list[tuple[Any, ...]]:
        """Inserts the rows whose key is not there yet; returns their keys."""
        rows = list(rows)
        if not rows:
            return []
        return self.insert_new_values(session, type(rows[0]), [row.model_dump() for row in rows])

    def insert_new_values(
        self, session: Session, row: type[SQLModel], values: Iterable[Mapping[str, Any]]
    ) -> list[tuple[Any, ...]]:
        """The same for rows as `values_of` makes them."""
        ordered = in_order(row, values)
        if self._fits_in_arrays(row, ordered):
            new = execute(session, inserting_new(row, sqlite=False, arrays=True), by_column(ordered))
            return [tuple(keys) for keys in new]
        statement = inserting_new(row, sqlite=self.is_sqlite)
        if len(ordered) > (ONE_BY_ONE if self.is_sqlite else 1):
            return [tuple(keys) for keys in session.connection().execute(statement.statement, ordered)]
        return [tuple(keys) for each in ordered for keys in execute(session, statement, each)]

    def _fits_in_arrays(self, row: type[SQLModel], values: Sequence[Mapping[str, Any]]) -> bool:
        """PostgreSQL takes a list for each column, so that many rows are one statement, whatever their
        number. In a list of JSON nothing and null would be the same: such rows SQLAlchemy puts into one.
        """
        return len(values) > 1 and not self.is_sqlite and not has_json(row)

    def settle(self) -> None:
        """SQLite's log of changes holds what was deleted until it is emptied; while somebody reads from it,
        the next time will do.
        """
        if self.is_sqlite:
            with answering(), self.engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def dispose(self) -> None:
        for lookup in self._lookups.values():
            lookup.close()
        for kept in (self._for_writes, self._for_glances):
            kept.close()
        self.engine.dispose()
        self._glancing.dispose()


def execute(session: Session, statement: Prepared, values: Mapping[str, Any] = NOTHING) -> Rows:
    """In the session's transaction."""
    return statement.run(_connection_of(session), values)


def execute_all(session: Session, statement: Prepared, rows: Sequence[Mapping[str, Any]]) -> None:
    """Once for each of the rows. One alone needs nothing of what psycopg prepares for many."""
    connection = _connection_of(session)
    if len(rows) == 1:
        statement.run(connection, rows[0])
    else:
        statement.run_all(connection, rows)


def _connection_of(session: Session) -> Connection:
    """With what was not sent yet sent. A session of ours is one transaction, and has one connection."""
    session.flush()
    found: Connection | None = session.info.get(CONNECTION)
    if found is None:
        found = session.info[CONNECTION] = session.connection()
    return found
