"""A lock that dies with its holder: flock for SQLite, an advisory lock for PostgreSQL."""

from __future__ import annotations

import fcntl
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from bot.store.database import Database
from bot.store.trouble import answering

# A host that is gone without a word is noticed by the server within half a minute, not within hours.
KEEPALIVE = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"


def _for_good() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Hold:
    """True where this process got the lock; `lasts` asks whether it holds it still."""

    got: bool
    lasts: Callable[[], bool] = _for_good

    def __bool__(self) -> bool:
        return self.got


@contextmanager
def held(database: Database, name: str, *, wait: bool = False) -> Iterator[Hold]:
    """The named lock, for as long as the block runs. Raises DatabaseAway where nobody can be asked for it."""
    lock = _flock if database.is_sqlite else _advisory
    with lock(database.url, name, wait=wait) as got:
        yield got


@contextmanager
def _flock(url: str, name: str, *, wait: bool) -> Iterator[Hold]:
    """On a file beside the database's, which stays: removing it would let two hold the lock."""
    path = make_url(url).database
    if not path or path == ":memory:":
        yield Hold(got=True)  # nobody else can open it
        return
    with Path(f"{path}.{name}.lock").open("w") as file:
        yield Hold(_locked(file, wait=wait))


def _locked(file: IO[str], *, wait: bool) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


@contextmanager
def _advisory(url: str, name: str, *, wait: bool) -> Iterator[Hold]:
    """On a connection of its own: a pooled one would keep or lose the lock at the pool's whim."""
    key = zlib.crc32(f"unroll:{name}".encode())
    engine = create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"connect_timeout": 5, "options": KEEPALIVE},
    )
    ask = "SELECT pg_advisory_lock(:key)" if wait else "SELECT pg_try_advisory_lock(:key)"
    with ExitStack() as stack:
        with answering():
            connection = stack.enter_context(engine.connect())
            got = connection.execute(text(ask), {"key": key}).scalar()
        yield Hold(wait or bool(got), partial(_answers, connection))


def _answers(connection: Connection) -> bool:
    """The lock lives as long as the connection that took it: a restarted server has forgotten it."""
    try:
        connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True
