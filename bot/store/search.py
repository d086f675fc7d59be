"""The words of pages and which pages have them: FTS5 in SQLite, tsvectors with GIN in PostgreSQL.

`bot.rules.words` cuts the words for both, and for what is asked; the databases only look them up. FTS5's
`ascii` tokenizer parts words at blanks and takes every letter outside ASCII as it comes; a tsvector is
written down word by word, without PostgreSQL's own parser. So both find the same pages, in any script.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    cast,
    column,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlmodel import Session

from bot.rules.words import Question
from bot.store.database import Database, execute
from bot.store.prepared import Prepared

SQLITE_INSERT = Prepared(text("INSERT INTO search (rowid, head, body) VALUES (:id, :head, :body)"))
SQLITE_DELETE = Prepared(text("DELETE FROM search WHERE rowid = :id"))
POSTGRESQL_INSERT = Prepared(
    text(
        "INSERT INTO search (thread_id, head, words) "
        "VALUES (:id, CAST(:head AS tsvector), CAST(:words AS tsvector)) "
        "ON CONFLICT (thread_id) DO UPDATE SET head = excluded.head, words = excluded.words"
    )
)
POSTGRESQL_DELETE = Prepared(text("DELETE FROM search WHERE thread_id = :id"))

# Pages of the index rewritten in one transaction, so that nobody waits long for the lock.
MERGED_AT_ONCE = 500

# Of the newest pages so many are looked through first: a word that many pages have is found among them.
LOOKED_THROUGH = 120
# Heads are short, and quickly looked through.
IN_HEAD_MORE = 10


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the pages that have the words: a table to join, its thread ids, and what its rows must
    fulfil. It finds all of them if it is the last way there is.
    """

    rows: FromClause
    thread_id: ColumnElement[int]
    conditions: tuple[ColumnElement[bool], ...] = ()


def index(
    database: Database,
    session: Session,
    thread_id: int,
    *,
    head: Iterable[str],
    body: Iterable[str],
    new: bool = False,
) -> None:
    """The page has these words and no others; a `new` one had none. `head` counts for more: title, author,
    hashtags.
    """
    if database.is_sqlite:
        if not new:
            execute(session, SQLITE_DELETE, {"id": thread_id})
        execute(session, SQLITE_INSERT, {"id": thread_id, "head": " ".join(head), "body": " ".join(body)})
        return
    heads = [f"'{word}'" for word in head]
    words = [*heads, *(f"'{word}'" for word in body)]
    execute(session, POSTGRESQL_INSERT, {"id": thread_id, "head": " ".join(heads), "words": " ".join(words)})


def unindex(database: Database, session: Session, thread_id: int) -> None:
    execute(session, SQLITE_DELETE if database.is_sqlite else POSTGRESQL_DELETE, {"id": thread_id})


def prepare(database: Database, session: Session) -> None:
    """For this transaction PostgreSQL goes from the words it finds to their cards, one by one. By itself it
    may read all words or all cards instead: it takes both for cheap, and cannot know how rare a word is.
    """
    if not database.is_sqlite:
        for kind in ("seqscan", "mergejoin", "hashjoin"):
            session.execute(text(f"SET LOCAL enable_{kind} = off"))


def ways(database: Database, asked: Question, *, in_head: bool, below: int | None) -> Iterator[Way]:
    """To the pages that have all words of a question in their head, or have them all but not all in their
    head; with an id `below` that one. The later ways find more and take longer.
    """
    if database.is_sqlite:
        yield _sqlite(asked, in_head=in_head, below=below)
        return
    words = table("search", column("thread_id", BigInteger), column("head"), column("words"))
    wanted = _postgresql(words, asked, in_head=in_head)
    older = () if below is None else (words.c.thread_id < below,)
    newest = (
        select(words.c.thread_id, words.c.head, words.c.words)
        .where(*older)
        .order_by(words.c.thread_id.desc())
        .limit(LOOKED_THROUGH * (IN_HEAD_MORE if in_head else 1))
        .subquery("newest")
    )
    yield Way(newest, newest.c.thread_id, _postgresql(newest, asked, in_head=in_head))
    # In an order that no index has: PostgreSQL would go through it backwards, and take the words of every
    # page apart. OFFSET keeps the two SELECTs from becoming one.
    number = words.c.thread_id + 0
    every = (
        select(number.label("thread_id"))
        .where(*wanted, *older)
        .order_by(number.desc())
        .offset(0)
        .subquery("every")
    )
    yield Way(every, every.c.thread_id)


def _sqlite(asked: Question, *, in_head: bool, below: int | None) -> Way:
    parts = [f'"{word}"' for word in asked.words] + [f'"{word}" *' for word in asked.beginnings]
    every = " AND ".join(parts)
    wanted = f"head : ({every})" if in_head else f"({every}) NOT (head : ({every}))"
    words = table("search", column("rowid", BigInteger))
    has = literal_column("search").op("MATCH", is_comparison=True)(wanted)
    return Way(words, words.c.rowid, (has,) if below is None else (has, words.c.rowid < below))


def _postgresql(rows: FromClause, asked: Question, *, in_head: bool) -> tuple[ColumnElement[bool], ...]:
    parts = [f"'{word}'" for word in asked.words] + [f"'{word}':*" for word in asked.beginnings]
    every = cast(" & ".join(parts), TSQUERY)
    head = rows.c.head.op("@@", is_comparison=True)(every)
    return (head,) if in_head else (rows.c.words.op("@@", is_comparison=True)(every), ~head)


def purge(database: Database) -> None:
    """SQLite's index keeps the words of what was deleted until its parts are merged into one."""
    if not database.is_sqlite:
        return
    pages = -MERGED_AT_ONCE  # a negative number begins the merge of all parts
    while _merge(database, pages):
        pages = MERGED_AT_ONCE


def _merge(database: Database, pages: int) -> bool:
    """Whether there was something to do; see https://sqlite.org/fts5.html, "The merge command"."""
    with database.write() as session:
        before = session.execute(text("SELECT total_changes()")).scalar_one()
        session.execute(text("INSERT INTO search (search, rank) VALUES ('merge', :pages)"), {"pages": pages})
        after = session.execute(text("SELECT total_changes()")).scalar_one()
    return bool(after - before > 1)
