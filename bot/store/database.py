"""Engines and transactions: SQLite in WAL mode, or PostgreSQL."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from sqlalchemy import (
    JSON,
    Connection,
    Dialect,
    Engine,
    Executable,
    Row,
    Select,
    Table,
    bindparam,
    create_engine,
    event,
    func,
    make_url,
    select,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as lite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import Mapped
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session, SQLModel

from bot.errors import DatabaseAway
from bot.store.lookups import Lookup
from bot.store.prepared import Prepared, Rows
from bot.store.trouble import BUSY_TIMEOUT, LOCKED, answering, away

NOTHING: Mapping[str, Any] = MappingProxyType({})

# A writer waits for another this long before it gives up; a transaction of ours takes milliseconds.
BUSY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS = int(BUSY_TIMEOUT.total_seconds() * 1000)

# One for each of a worker's threads, and some.
CONNECTIONS = 20

# SQLite takes 32,766 variables in a statement, PostgreSQL 65,535.
INSERT_BATCH = 500

# A reader notices a tenth of a second; what is shorter is the ordinary turn of one writer after another.
LONG_WAIT = timedelta(milliseconds=100)
WAITED = "unroll.waited"
CONNECTION = "unroll.connection"
LEFT_AT = "unroll.left_at"
# A server takes longer than this to start anew.
TRUSTED = timedelta(milliseconds=50)
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


class Kept:
    """Connections that stay open from one use to the next: to take one out of SQLAlchemy's pool and to put it
    back takes longer than a statement. Safe to use from many threads.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: deque[tuple[Connection, float]] = deque()
        self._shared = _in_memory(str(engine.url))
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
        if self._shared:
            connection.close()
        else:
            self._idle.append((connection, time.monotonic()))

    def _taken(self) -> Connection | None:
        """The one that was in use last. A server that was started anew has forgotten all of them."""
        try:
            connection, left_at = self._idle.pop()
        except IndexError:
            return None
        if not self._is_server or time.monotonic() - left_at < TRUSTED.total_seconds():
            return connection
        try:
            self._engine.dialect.do_ping(connection.connection.dbapi_connection)  # type: ignore[arg-type]
        except self._engine.dialect.loaded_dbapi.Error:
            connection.invalidate()
            connection.close()
            self.close()
            return None
        return connection

    def close(self) -> None:
        while self._idle:
            connection, _ = self._idle.pop()
            connection.invalidate()
            connection.close()


class Database:
    """`read()` and `write()` are one transaction each, and raise DatabaseAway where there is none to be had.
    Writers on SQLite take their lock at once: a reader that turns writer halfway can only fail.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self.writing = self.engine.execution_options(immediate=True)
        self._glancing = self.engine if _in_memory(url) else _engine(url, glancing=True)
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
        with answering(), self._for_glances.connection() as connection:
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
        ordered = _in_order(row, values)
        if self._fits_in_arrays(row, ordered):
            execute(session, _upserting(row, sqlite=False, arrays=True), _columns(ordered))
        elif ordered:
            execute_all(session, _upserting(row, sqlite=self.is_sqlite), ordered)

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
        ordered = _in_order(row, values)
        if self._fits_in_arrays(row, ordered):
            new = execute(session, _inserting_new(row, sqlite=False, arrays=True), _columns(ordered))
            return [tuple(keys) for keys in new]
        statement = _inserting_new(row, sqlite=self.is_sqlite)
        if len(ordered) > 1 and not self.is_sqlite:
            return [tuple(keys) for keys in session.connection().execute(statement.statement, ordered)]
        return [tuple(keys) for each in ordered for keys in execute(session, statement, each)]

    def _fits_in_arrays(self, row: type[SQLModel], values: Sequence[Mapping[str, Any]]) -> bool:
        """PostgreSQL takes a list for each column, so that many rows are one statement, whatever their
        number. In a list of JSON nothing and null would be the same: such rows SQLAlchemy puts into one.
        """
        return len(values) > 1 and not self.is_sqlite and not _has_json(row)

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


def insert(table: Any, *, sqlite: bool) -> Any:
    """An INSERT that knows ON CONFLICT, for statements that are built once for each dialect."""
    return lite.insert(table) if sqlite else postgresql.insert(table)


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


def values_of(row: type[SQLModel], **named: Any) -> dict[str, Any]:
    """A row by its columns' names, with the model's defaults for what is not named: to make a row of a model
    takes as long as to write it.
    """
    return {**_defaults(row), **named}


@cache
def _defaults(row: type[SQLModel]) -> dict[str, Any]:
    return {name: field.default for name, field in row.model_fields.items() if not field.is_required()}


def table_of(row: type[SQLModel]) -> Table:
    return cast("Table", row.__table__)  # type: ignore[attr-defined]


@cache
def _has_json(row: type[SQLModel]) -> bool:
    return any(isinstance(column.type, JSON) for column in table_of(row).columns)


@cache
def _upserting(row: type[SQLModel], *, sqlite: bool, arrays: bool = False) -> Prepared:
    statement = _given(insert(table_of(row), sqlite=sqlite), arrays=arrays)
    keys = _keys_of(row)
    changes = {name: statement.excluded[name] for name in row.model_fields if name not in keys}
    return Prepared(statement.on_conflict_do_update(index_elements=keys, set_=changes))


@cache
def _inserting_new(row: type[SQLModel], *, sqlite: bool, arrays: bool = False) -> Prepared:
    statement = _given(insert(table_of(row), sqlite=sqlite), arrays=arrays)
    keys = _keys_of(row)
    new = statement.on_conflict_do_nothing(index_elements=keys)
    return Prepared(new.returning(*(table_of(row).c[key] for key in keys)))


def _given(statement: Any, *, arrays: bool) -> Any:
    """An INSERT of one row by its columns' names, or of as many as there are in the lists of these names."""
    if not arrays:
        return statement
    columns = statement.table.columns
    lists = (bindparam(each.name, type_=ARRAY(each.type)) for each in columns)
    rows = func.unnest(*lists).table_valued(*(each.name for each in columns), name="given").render_derived()
    return statement.from_select(list(columns), select(*rows.c))


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


@cache
def _keys_of(row: type[SQLModel]) -> list[str]:
    return [column.name for column in table_of(row).primary_key]


def _in_order(row: type[SQLModel], values: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """By their keys, so that two writers of the same rows never wait for each other; of two with the same key
    the later one.
    """
    keys = _keys_of(row)
    by_key = {tuple(each[key] for key in keys): each for each in values}
    return [by_key[key] for key in sorted(by_key)]


def _engine(url: str, *, glancing: bool = False) -> Engine:
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
    if _in_memory(url):
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
    record.info[LEFT_AT] = time.monotonic()


def _look_whether_it_lives(
    dialect: Dialect, connection: Any, record: ConnectionPoolEntry, _proxy: Any
) -> None:
    """A server that was started anew has forgotten its connections: then all of them are made anew. One that
    was in use a moment ago need not be asked, which would be every second thing that is asked on it.
    """
    if time.monotonic() - record.info.get(LEFT_AT, math.inf) < TRUSTED.total_seconds():
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error:
        raise InvalidatePoolError from None


def _in_memory(url: str) -> bool:
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
