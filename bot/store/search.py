"""The words of pages and which pages have them: FTS5 in SQLite, a tsvector with GIN in PostgreSQL.

`bot.rules.words` cuts the words for both, and for what is asked; the databases only look them up. FTS5's
`ascii` tokenizer parts words at blanks and takes every letter outside ASCII as it comes; a tsvector is
written down word by word, without PostgreSQL's own parser. So both find the same pages, in any script.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import (
    BigInteger,
    ColumnClause,
    ColumnElement,
    TableClause,
    cast,
    column,
    literal_column,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlmodel import Session

from bot.rules.words import Question
from bot.store.database import Database

SQLITE_INSERT = text("INSERT INTO search (rowid, head, body) VALUES (:id, :head, :body)")
SQLITE_DELETE = text("DELETE FROM search WHERE rowid = :id")
POSTGRESQL_INSERT = text(
    "INSERT INTO search (thread_id, words) VALUES (:id, CAST(:words AS tsvector)) "
    "ON CONFLICT (thread_id) DO UPDATE SET words = excluded.words"
)
POSTGRESQL_DELETE = text("DELETE FROM search WHERE thread_id = :id")

# Pages of the index rewritten in one transaction, so that nobody waits long for the lock.
MERGED_AT_ONCE = 500


def index(
    database: Database, session: Session, thread_id: int, *, head: Iterable[str], body: Iterable[str]
) -> None:
    """The page has these words and no others. `head` counts for more: title, author, hashtags."""
    if database.is_sqlite:
        session.execute(SQLITE_DELETE, {"id": thread_id})
        session.execute(SQLITE_INSERT, {"id": thread_id, "head": " ".join(head), "body": " ".join(body)})
    else:
        marks = dict.fromkeys(body, "1") | dict.fromkeys(head, "1A")
        words = " ".join(f"'{word}':{mark}" for word, mark in marks.items())
        session.execute(POSTGRESQL_INSERT, {"id": thread_id, "words": words})


def unindex(database: Database, session: Session, thread_id: int) -> None:
    session.execute(SQLITE_DELETE if database.is_sqlite else POSTGRESQL_DELETE, {"id": thread_id})


def found(
    database: Database, asked: Question, *, in_head: bool
) -> tuple[TableClause, ColumnClause[int], list[ColumnElement[bool]]]:
    """The table of words, the thread's id in it, and what a row must fulfil: all words of the question in its
    head, or all of them anywhere but not all in its head.
    """
    if database.is_sqlite:
        every = " AND ".join(
            [f'"{word}"' for word in asked.words] + [f'"{word}" *' for word in asked.beginnings]
        )
        wanted = f"head : ({every})" if in_head else f"({every}) NOT (head : ({every}))"
        words = table("search", column("rowid", BigInteger))
        return words, words.c.rowid, [literal_column("search").op("MATCH", is_comparison=True)(wanted)]
    words = table("search", column("thread_id", BigInteger), column("words"))
    head, body = _tsquery(asked, "A"), _tsquery(asked, "")
    has = _has(words.c.words, head if in_head else body)
    return words, words.c.thread_id, [has] if in_head else [has, ~_has(words.c.words, head)]


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


def _has(words: ColumnElement[object], query: str) -> ColumnElement[bool]:
    return words.op("@@", is_comparison=True)(cast(query, TSQUERY))


def _tsquery(asked: Question, weight: str) -> str:
    label = f":{weight}" if weight else ""
    words = [f"'{word}'{label}" for word in asked.words]
    return " & ".join([*words, *(f"'{word}':*{weight}" for word in asked.beginnings)])
