"""Rows with odd values in every table, and all that a database holds."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import JSON, BigInteger, Boolean, Date, Integer, LargeBinary, insert, null

from bot.store import moving
from bot.store.models import UtcDateTime


def odd(column, number: int):
    """A value that one kind of database might take for another."""
    kind = column.type
    if isinstance(kind, BigInteger):
        return 2**62 + number
    if isinstance(kind, JSON):
        return [{"a": None, "b": "\u00ff \U0001f30a", "c": 1.50}, None if column.nullable else ["z"], ["z"]][
            number
        ]
    if isinstance(kind, UtcDateTime):
        return datetime(2026, 3, 29, 1, 59, 59, number + 1, tzinfo=UTC)
    if isinstance(kind, LargeBinary):
        return b"\x00\xff'" + bytes([number])
    if isinstance(kind, Date):
        return date(2024, 2, 29 - number)
    if isinstance(kind, Boolean):
        return bool(number % 2)
    if isinstance(kind, Integer):
        return 2**31 - 1 - number
    return f"{number} '\\ \"; -- \U0001f30a \u00e9\n"


def fill(database, *, rows: int) -> None:
    """So many in each table, three at most; in the third is nothing wherever that is allowed."""
    with database.write() as session:
        for table in moving.tables():
            for number in range(rows):
                row = {each.name: odd(each, number) for each in table.columns}
                nothing = {each.name: null() for each in table.columns if each.nullable and number == 2}
                session.execute(insert(table).values({**row, **nothing}))


def everything(database):
    with database.read() as session:
        return {
            table.name: sorted(repr(tuple(row)) for batch in moving._batches(table, session) for row in batch)
            for table in moving.tables()
        }
