"""Each test of the store runs on SQLite and on PostgreSQL, each time in a fresh database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import event

from bot.store import Store, open_store
from bot.store.prepared import _Compiled
from tests.needs import unavailable
from tests.store import postgres
from tests.store.databases import Databases, Files, Server

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KINDS = [pytest.param("sqlite"), pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory) -> Files:
    return Files(tmp_path_factory.mktemp("databases"))


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[Server]:
    with ExitStack() as stack:
        try:
            url = stack.enter_context(postgres.server())
        except postgres.Unavailable as why:
            unavailable(str(why))
        server = Server(url, prefix=f"unroll_test_{os.getpid()}")
        yield server
        server.close()


@pytest.fixture(params=KINDS)
def databases(request) -> Databases:
    return request.getfixturevalue(f"{request.param}_databases")


@pytest.fixture
def own_programs(monkeypatch):
    """A server of the wheel is newer than the programs that a system brings."""
    if (programs := postgres.client_programs()) is not None:
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def empty_url(databases) -> Iterator[str]:
    with databases.empty() as url:
        yield url


@pytest.fixture
def url(databases) -> Iterator[str]:
    with databases.fresh() as url:
        yield url


@pytest.fixture
def store(url) -> Iterator[Store]:
    with opened(url) as store:
        yield store


@contextmanager
def opened(url: str) -> Iterator[Store]:
    store = open_store(url)
    try:
        yield store
    finally:
        store.close()


def racing(times: int, act: Callable[[int], object]) -> list:
    """What `act(0)` to `act(times - 1)` return, begun at the same moment in a thread each."""
    start = Barrier(times)

    def run(number: int) -> object:
        start.wait()
        return act(number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


@contextmanager
def overheard(store, note: Callable[[Any, str, Any], None]) -> Iterator[None]:
    """Tells every statement before it is run, with the driver's connection and what it is given."""

    def from_sqlalchemy(connection, _cursor, statement, parameters, *_) -> None:
        note(connection.connection.driver_connection, statement, parameters)

    def telling(run: Callable[..., Any]) -> Callable[..., Any]:
        def told(self, driver, given) -> Any:
            each = given[0] if isinstance(given, list) else given
            note(driver, self.sql, self._given(each))
            return run(self, driver, given)

        return told

    engines = {store.database.engine, store.database._glancing}
    with pytest.MonkeyPatch.context() as patch:
        for engine in engines:
            event.listen(engine, "before_cursor_execute", from_sqlalchemy)
        for name in ("run", "run_all"):
            patch.setattr(_Compiled, name, telling(getattr(_Compiled, name)))
        try:
            yield
        finally:
            for engine in engines:
                event.remove(engine, "before_cursor_execute", from_sqlalchemy)


@pytest.fixture
def statements(store) -> Iterator[list[str]]:
    """What the store says to the database from now on."""
    said: list[str] = []
    with overheard(store, lambda _driver, statement, _given: said.append(statement)):
        yield said


def said_by(store, words: str, act: Callable[[], object]) -> list[tuple[str, Any]]:
    """The statements with these words that an act makes, each with what it was given."""
    said = []

    def note(_driver, statement, given) -> None:
        if words in statement:
            said.append((statement, given))

    with overheard(store, note):
        act()
    assert said
    return said


def plan_of(store, statement: str, parameters: Any) -> list[str]:
    """How the database goes about it, a step a line."""
    words = "EXPLAIN QUERY PLAN " if store.database.is_sqlite else "EXPLAIN "
    with store.database.engine.connect() as connection:
        rows = connection.exec_driver_sql(words + statement, parameters).all()
    return [str(row[-1]).strip() for row in rows]
