"""A lock that dies with its holder: flock for SQLite, an advisory lock for PostgreSQL."""

from __future__ import annotations

import fcntl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from bot.store.database import Database


@contextmanager
def held(database: Database, name: str, *, wait: bool = False) -> Iterator[bool]:
    """Whether this process holds the named lock for as long as the block runs."""
    lock = _flock if database.is_sqlite else _advisory
    with lock(database.url, name, wait=wait) as got:
        yield got


@contextmanager
def _flock(url: str, name: str, *, wait: bool) -> Iterator[bool]:
    """On a file beside the database's, which stays: removing it would let two hold the lock."""
    path = make_url(url).database
    if not path or path == ":memory:":
        yield True  # nobody else can open it
        return
    with Path(f"{path}.{name}.lock").open("w") as file:
        yield _locked(file, wait=wait)


def _locked(file: IO[str], *, wait: bool) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


@contextmanager
def _advisory(url: str, name: str, *, wait: bool) -> Iterator[bool]:
    """On a connection of its own: a pooled one would keep or lose the lock at the pool's whim."""
    key = zlib.crc32(f"unroll:{name}".encode())
    engine = create_engine(
        url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5}
    )
    with engine.connect() as connection:
        if wait:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
            yield True
        else:
            yield bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar())
