"""A fresh database for each test: a copy of one that has the tables."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from bot.store import schema
from bot.store.database import Database


class Databases(Protocol):
    """`fresh` has the newest schema, `empty` has nothing. Both yield an address."""

    def fresh(self): ...
    def empty(self): ...


def _migrated(url: str) -> None:
    database = Database(url)
    schema.upgrade(database)
    database.dispose()


@dataclass
class Files:
    """SQLite."""

    folder: Path
    _numbers: count = field(default_factory=count)

    def __post_init__(self) -> None:
        _migrated(f"sqlite:///{self.folder}/template.db")

    @contextmanager
    def fresh(self) -> Iterator[str]:
        path = self.folder / f"{next(self._numbers)}.db"
        shutil.copy(self.folder / "template.db", path)
        yield f"sqlite:///{path}"

    @contextmanager
    def empty(self) -> Iterator[str]:
        yield f"sqlite:///{self.folder}/empty{next(self._numbers)}.db"


@dataclass
class Server:
    """PostgreSQL."""

    url: str
    prefix: str
    _numbers: count = field(default_factory=count)

    def __post_init__(self) -> None:
        self.template = f"{self.prefix}_template"
        self._say("CREATE DATABASE {}", self.template)
        _migrated(self._address(self.template))

    @contextmanager
    def fresh(self) -> Iterator[str]:
        with self._made("CREATE DATABASE {} TEMPLATE {}", self.template) as url:
            yield url

    @contextmanager
    def empty(self) -> Iterator[str]:
        with self._made("CREATE DATABASE {}") as url:
            yield url

    def close(self) -> None:
        self._say("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.template)

    @contextmanager
    def _made(self, command: str, *names: str) -> Iterator[str]:
        name = f"{self.prefix}_{next(self._numbers)}"
        self._say(command, name, *names)
        try:
            yield self._address(name)
        finally:
            self._say("DROP DATABASE {} WITH (FORCE)", name)

    def _say(self, command: str, *names: str) -> None:
        words = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(words, autocommit=True) as connection:
            connection.execute(SQL(command).format(*map(Identifier, names)))

    def _address(self, name: str) -> str:
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)
