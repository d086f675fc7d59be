"""Which page a post leads to and how it stands, in a SELECT that is built once: each visit asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, col, func

from bot.store.models import AuthorShelfRow, CardRow, PrintedRow, ThreadPostRow, ThreadRow


@dataclass(frozen=True, slots=True)
class Stamp:
    """Enough to answer a conditional request. `confirmed_at` is when X last gave us what the page shows.

    `on_shelf` says that lists may show the page, `asked_again_at` when a second person asked for it, and
    `shelf` counts the changes of what the same author has beside it, None where that is nothing.
    """

    thread_id: int
    version: int
    etag: str
    confirmed_at: datetime
    gone: bool = False
    on_shelf: bool = False
    asked_again_at: datetime | None = None
    shelf: int | None = None

    def shows_the_same_as(self, other: Stamp) -> bool:
        return (self.etag, self.shelf, self.gone) == (other.etag, other.shelf, other.gone)


_COLUMNS: tuple[ColumnElement[Any], ...] = (
    col(ThreadRow.id).label("thread_id"),
    col(ThreadRow.version).label("version"),
    col(ThreadRow.etag).label("body_etag"),
    col(ThreadRow.revision).label("revision"),
    func.coalesce(ThreadRow.confirmed_at, ThreadRow.fetched_at).label("confirmed_at"),
    col(ThreadRow.gone_at).label("gone_at"),
    col(CardRow.thread_id).label("card"),
    col(CardRow.asked_again_at).label("asked_again_at"),
    col(AuthorShelfRow.revision).label("shelf"),
    col(AuthorShelfRow.cards).label("cards"),
)
_THREADS = (
    select(*_COLUMNS)
    .select_from(ThreadRow)
    .outerjoin(CardRow, col(CardRow.thread_id) == col(ThreadRow.id))
    .outerjoin(AuthorShelfRow, col(AuthorShelfRow.author_id) == col(ThreadRow.author_id))
)

# For `Database.glance`.
POST = col(ThreadPostRow.post_id)
OF_POSTS = _THREADS.join(ThreadPostRow, col(ThreadPostRow.thread_id) == col(ThreadRow.id)).add_columns(
    col(ThreadPostRow.post_id).label("post_id")
)
WITH_PRINTS = OF_POSTS.outerjoin(PrintedRow, col(PrintedRow.thread_id) == col(ThreadRow.id)).add_columns(
    col(PrintedRow.etag).label("printed_etag"), col(PrintedRow.packed).label("packed")
)


def stamp(row: Any) -> Stamp:
    return Stamp(
        thread_id=row.thread_id,
        version=row.version,
        etag=etag(row.body_etag, row.revision),
        confirmed_at=row.confirmed_at,
        gone=row.gone_at is not None,
        on_shelf=row.card is not None,
        asked_again_at=row.asked_again_at,
        shelf=row.shelf if row.cards and row.cards > (row.card is not None) else None,
    )


def of_threads(session: Session, thread_ids: Iterable[int]) -> list[Stamp]:
    query = _THREADS.where(col(ThreadRow.id).in_(list(thread_ids)))
    return [stamp(row) for row in session.execute(query)]


def etag(body: str, revision: int) -> str:
    """Changes with all that the page itself shows: its words, and its pictures."""
    return f"{body}-{revision}"
