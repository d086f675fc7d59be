"""Everything out of one database into another, of either kind: whole and compared, or nothing at all.

Nobody writes to the old one meanwhile, and nobody ever speaks out of it again: it is closed in the moment in
which the new one is complete. Two that go on side by side would answer everybody twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Row, Table, Text, bindparam, cast, func, insert, select, text
from sqlalchemy.exc import DataError
from sqlmodel import Session, SQLModel, col

from bot.rules import cards as rules
from bot.rules.words import distinct
from bot.store import search
from bot.store.cards import card
from bot.store.closing import close
from bot.store.database import Database
from bot.store.gauges import count_anew
from bot.store.models import CardRow, CardTextRow, JobRow, LeaseRow

BATCH = 500

# Called with a table's name and how many more of its rows are over.
Progress = Callable[[str, int], None]


class MoveFailed(Exception):  # noqa: N818 - reads as what it says
    """One line that says what to do; both databases are as they were."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The rows of a table: how many, and the sum of their digests, whatever order they come in."""

    rows: int = 0
    digests: int = 0

    def with_row(self, row: Row[Any]) -> Fingerprint:
        digest = hashlib.blake2b(repr(tuple(row)).encode(errors="surrogatepass"), digest_size=16).digest()
        return Fingerprint(self.rows + 1, (self.digests + int.from_bytes(digest)) % 2**128)


def tables() -> list[Table]:
    """All but the index of words, which each kind of database has in its own way, and what it counts."""
    return SQLModel.metadata.sorted_tables


def count(database: Database) -> Mapping[str, int]:
    with database.read() as session:
        return {each.name: session.scalar(select(func.count()).select_from(each)) or 0 for each in tables()}


def move(source: Database, target: Database, *, now: datetime, told: Progress) -> Mapping[str, int]:
    """The rows by table. `target` has the newest schema and nothing in it, `now` is when nobody may hold a
    job of `source`.

    Raises MoveFailed.
    """
    with _alone(source) as old:
        _require_quiet(old, now)
        with _alone(target) as new:
            _require_empty(new)
            sent = {each.name: _copy(each, old, new, target, told) for each in tables()}
            _count_on(target, new)
            _index_words(target, new)
            count_anew(new)
            _require_same(sent, new)
        close(source, old, now=now)
    return {name: each.rows for name, each in sent.items()}


@contextmanager
def _alone(database: Database) -> Iterator[Session]:
    """One transaction, while nobody else writes; others may read."""
    with database.write() as session:
        if not database.is_sqlite:
            names = ", ".join(each.name for each in tables())
            session.execute(text("SET LOCAL statement_timeout = 0"))
            session.execute(text("SET LOCAL lock_timeout = '10s'"))
            session.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))
        yield session


def _require_quiet(old: Session, now: datetime) -> None:
    job, until = col(JobRow.id), col(JobRow.lease_until)
    held = old.execute(select(job, until).where(col(JobRow.state) == "running", until > now).limit(1)).first()
    if held is not None:
        raise MoveFailed(
            f"a worker has job {held[0]}: stop the workers; if they are, wait until {held[1]:%H:%M:%S} UTC"
        )
    name = old.execute(select(col(LeaseRow.name)).where(col(LeaseRow.until) > now).limit(1)).scalar()
    if name is not None:
        raise MoveFailed(f"a worker is at {name}: stop the workers, and wait a minute")


def _require_empty(new: Session) -> None:
    for each in tables():
        if new.execute(select(each).limit(1)).first() is not None:
            raise MoveFailed(f"there are rows in {each.name} already: name an empty database")


def _copy(table: Table, old: Session, new: Session, target: Database, told: Progress) -> Fingerprint:
    statement = insert(table).values({each.name: _value(each, target) for each in table.columns})
    names = [f"v_{each.name}" for each in table.columns]
    sent = Fingerprint()
    for batch in _batches(table, old):
        for row in batch:
            sent = sent.with_row(row)
        try:
            new.execute(statement, [dict(zip(names, row, strict=True)) for row in batch])
        except DataError as error:
            raise MoveFailed(f"{table.name}: {str(error.orig).splitlines()[0]}") from None
        told(table.name, len(batch))
    return sent


def _batches(table: Table, session: Session) -> Iterator[Sequence[Row[Any]]]:
    """JSON as it is written, so that what is nothing and what is null stay apart."""
    columns = [cast(each, Text).label(each.name) if _is_json(each) else each for each in table.columns]
    found = session.execute(select(*columns).execution_options(yield_per=BATCH))
    yield from found.partitions()


def _value(column: Column[Any], target: Database) -> Any:
    if not _is_json(column):
        return bindparam(f"v_{column.name}", type_=column.type)
    written = bindparam(f"v_{column.name}", type_=Text())
    return written if target.is_sqlite else cast(written, JSON)


def _is_json(column: Column[Any]) -> bool:
    return isinstance(column.type, JSON)


def _count_on(target: Database, new: Session) -> None:
    """PostgreSQL counts apart from the rows; SQLite goes on from the largest."""
    if target.is_sqlite:
        return
    for each in tables():
        serial = each.autoincrement_column
        if serial is not None:
            largest = select(func.max(serial)).scalar_subquery()
            sequence = func.pg_get_serial_sequence(each.name, serial.name)
            new.execute(select(func.setval(sequence, largest)).where(largest.is_not(None)))


def _index_words(target: Database, new: Session) -> None:
    query = select(CardRow, col(CardTextRow.text)).join(
        CardTextRow, col(CardTextRow.thread_id) == col(CardRow.thread_id)
    )
    for row, words in new.execute(query.execution_options(yield_per=BATCH)):
        head = rules.head_words(card(row))
        body = distinct([words], rules.MOST_WORDS)
        search.index(target, new, row.thread_id, head=head, body=body)


def _require_same(sent: Mapping[str, Fingerprint], new: Session) -> None:
    for each in tables():
        come = Fingerprint()
        for batch in _batches(each, new):
            for row in batch:
                come = come.with_row(row)
        if come != sent[each.name]:
            raise MoveFailed(
                f"of {each.name} {sent[each.name].rows:,} rows were sent, and {come.rows:,} came, or not the "
                "same ones: nothing is changed"
            )
