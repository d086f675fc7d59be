"""A lock that dies with its holder: flock for SQLite, an advisory lock for PostgreSQL."""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from bot.store.database import Database


@contextmanager
def held(database: Database, name: str, *, wait: bool = False) -> Iterator[bool]:
    """Whether this process holds the named lock for as long as the block runs."""
    if database.is_sqlite:
        with _flock(database.url, name, wait=wait) as got:
            yield got
    else:
        with _advisory(database.url, name, wait=wait) as got:
            yield got


@contextmanager
def _flock(url: str, name: str, *, wait: bool) -> Iterator[bool]:
    path = make_url(url).database
    lock = Path(f"{path}.{name}.lock") if path and path != ":memory:" else _memory_lock(name)
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def _memory_lock(name: str) -> Path:
    return Path(gettempdir()) / f"unroll-{os.getpid()}-{name}.lock"


@contextmanager
def _advisory(url: str, name: str, *, wait: bool) -> Iterator[bool]:
    """On a connection of its own: a pooled one would keep or lose the lock at the pool's whim."""
    key = zlib.crc32(f"unroll:{name}".encode())
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if wait:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
            yield True
        else:
            yield bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar())
