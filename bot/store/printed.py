"""Pages as the site last sent them: none of its processes has to render what another has rendered.

What a page shows may have to go, so the row goes with any change of its thread and of what its author has
beside it, in the same commit; whoever comes later with a page from before that finds it refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete
from sqlmodel import Session, col, select

from bot.store import stamps
from bot.store.database import Database, execute
from bot.store.inserts import table_of
from bot.store.models import AuthorShelfRow, PrintedRow, ThreadRow
from bot.store.prepared import Prepared
from bot.store.stamps import Stamp

Found = tuple[Stamp, str | None, bytes]

PRINT = table_of(PrintedRow)
DROP = Prepared(delete(PRINT).where(PRINT.c.thread_id == bindparam("thread_id")))
DROP_ALL_OF = Prepared(delete(PRINT).where(PRINT.c.author_id == bindparam("author_id")))


@dataclass(frozen=True, slots=True)
class Prints:
    database: Database

    def find(self, post_ids: Iterable[int]) -> dict[int, Found]:
        """By post, in one look for all of them: the stamp of the thread that holds it, and its page as it was
        last sent, by the name that the site gave it, None if there is none, and its bytes.
        """
        return _found(self.database.look_up(stamps.WITH_PRINTS, stamps.POST, post_ids))

    def find_soon(
        self, post_ids: Iterable[int], loop: asyncio.AbstractEventLoop
    ) -> asyncio.Future[dict[int, Found]]:
        """The same within an event loop, which is never held up. Raises whatever keeps the database from an
        answer, also that it cannot be had at once.
        """
        found: asyncio.Future[dict[int, Found]] = loop.create_future()

        def tell(rows: asyncio.Future[list[Any]]) -> None:
            if found.done() or rows.cancelled():
                found.cancel()
            elif (error := rows.exception()) is not None:
                found.set_exception(error)
            else:
                found.set_result(_found(rows.result()))

        self.database.look_up_soon(stamps.WITH_PRINTS, stamps.POST, post_ids, loop).add_done_callback(tell)
        return found

    def keep(self, pages: Iterable[tuple[Stamp, str, bytes]]) -> None:
        """Keeps pages made from a stamp, as far as they still show what is to be shown."""
        made = {stamp.thread_id: (stamp, etag, packed) for stamp, etag, packed in pages}
        with self.database.write() as session:
            authors = _locked(session, sorted(made))
            rows = []
            for now in stamps.of_threads(session, authors):
                stamp, etag, packed = made[now.thread_id]
                if not now.gone and now.shows_the_same_as(stamp):
                    author = authors[now.thread_id]
                    rows.append(
                        PrintedRow(thread_id=now.thread_id, author_id=author, etag=etag, packed=packed)
                    )
            self.database.upsert(session, rows)


def _found(rows: Iterable[Any]) -> dict[int, Found]:
    return {row.post_id: (stamps.stamp(row), row.printed_etag, row.packed or b"") for row in rows}


def _locked(session: Session, thread_ids: list[int]) -> dict[int, int]:
    """The threads' authors. Until we are done nobody changes what their pages show; in the order that all
    others lock in, threads before shelves.
    """
    threads = select(ThreadRow.id, ThreadRow.author_id).where(col(ThreadRow.id).in_(thread_ids))
    authors = dict(session.exec(threads.order_by(col(ThreadRow.id)).with_for_update()).all())
    shelves = select(AuthorShelfRow.author_id).where(col(AuthorShelfRow.author_id).in_(set(authors.values())))
    session.exec(shelves.order_by(col(AuthorShelfRow.author_id)).with_for_update()).all()
    return authors


def drop_print(session: Session, thread_id: int) -> None:
    execute(session, DROP, {"thread_id": thread_id})


def drop_prints_of(session: Session, author_id: int) -> None:
    """All of an author's pages: each may show the opening lines of the others."""
    execute(session, DROP_ALL_OF, {"author_id": author_id})
