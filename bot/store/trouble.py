"""What keeps a database from answering, in one line that says what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.errors import DatabaseAway

# How long a statement may take, waiting for another process included.
BUSY_TIMEOUT = timedelta(seconds=20)

# What a database says out of which everything has moved: see `bot.store.closing`.
MOVED = "everything has moved to another database, by `unroll db move`"

DISK_FULL = "the disk is full: make room, and it goes on by itself"
LOCKED = f"another process has been writing for {BUSY_TIMEOUT.total_seconds():.0f} s"
READ_ONLY = "it cannot be written to: look at the permissions of its file and folder"

# https://www.sqlite.org/rescode.html: the primary code is the lowest byte. What is not here is a bug of ours.
SQLITE = {
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_FULL: DISK_FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_IOERR: "its disk cannot be read or written, or is full",
    sqlite3.SQLITE_CANTOPEN: "its file cannot be opened",
    sqlite3.SQLITE_CORRUPT: "its file is damaged: restore a backup",
    sqlite3.SQLITE_NOTADB: "its file is no database: restore a backup",
}


@contextmanager
def answering() -> Iterator[None]:
    """Raises DatabaseAway for what the database's moods bring, told by SQLAlchemy or by the driver itself;
    other errors are ours and pass.
    """
    try:
        yield
    except PoolTimeout:
        raise DatabaseAway(away("too many are asking at once")) from None
    except (DBAPIError, sqlite3.Error, psycopg.Error) as error:
        if (why := why_away(error)) is None:
            raise
        raise DatabaseAway(away(why)) from error


def why_away(error: Exception) -> str | None:
    """None where the database is well and the statement is wrong."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if MOVED in str(cause):
        return MOVED
    if isinstance(cause, sqlite3.Error):
        return SQLITE.get(getattr(cause, "sqlite_errorcode", -1) & 0xFF)
    if isinstance(cause, psycopg.errors.DiskFull):
        return DISK_FULL
    if isinstance(cause, psycopg.errors.ReadOnlySqlTransaction):
        return "it takes no writes at the moment"
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        said = str(cause).strip().splitlines()
        return said[0] if said else type(cause).__name__
    return None


def away(why: str) -> str:
    return f"the database does not answer: {why}"
