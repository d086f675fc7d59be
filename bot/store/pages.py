"""What became of pages by their authors' or the operator's word: removed, unlisted, whose they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

import sqlalchemy
from sqlalchemy import Row, bindparam
from sqlmodel import col, or_, select, update

from bot.rules.admission import may_come_back
from bot.store.database import Database
from bot.store.inserts import table_of
from bot.store.models import PostRow, ThreadPostRow, ThreadRow, ThreadVersionRow
from bot.store.prepared import Among, Prepared
from bot.store.shelving import shelve, unshelve
from bot.store.threads import THREAD

PAGE, POST_OF_PAGE, POST = table_of(ThreadRow), table_of(ThreadPostRow), table_of(PostRow)
COLUMNS = (
    *(PAGE.c.id, PAGE.c.conversation_id, PAGE.c.author_id, PAGE.c.post_count, PAGE.c.fetched_at),
    *(PAGE.c.gone_at, PAGE.c.removed_by, PAGE.c.unlisted_at),
)
AUTHORS = Prepared(
    sqlalchemy.select(POST_OF_PAGE.c.post_id, PAGE.c.author_id)
    .join(PAGE, PAGE.c.id == POST_OF_PAGE.c.thread_id)
    .where(Among(POST_OF_PAGE.c.post_id))
)
_ASKED = sqlalchemy.select(bindparam("post_id", type_=POST.c.id.type).label("id")).subquery()
# A row in any case: the page that holds a post, and who wrote the post, as far as it is known here.
ABOUT = Prepared(
    sqlalchemy.select(*COLUMNS, POST.c.author_id.label("writer_id")).select_from(
        _ASKED.outerjoin(POST_OF_PAGE, POST_OF_PAGE.c.post_id == _ASKED.c.id)
        .outerjoin(PAGE, PAGE.c.id == POST_OF_PAGE.c.thread_id)
        .outerjoin(POST, POST.c.id == _ASKED.c.id)
    )
)

RemovedBy = Literal["author", "operator"]


@dataclass(frozen=True, slots=True)
class PageStatus:
    """A saved thread without its words. `removed_by` says on whose word it is gone; None where X's."""

    thread_id: int
    conversation_id: int
    author_id: int
    posts: int
    fetched_at: datetime
    gone_at: datetime | None
    removed_by: RemovedBy | None
    unlisted_at: datetime | None

    def may_come_back(self, asked_by: int | None) -> bool:
        return may_come_back(self.removed_by, self.author_id, asked_by)


@dataclass(frozen=True, slots=True)
class Pages:
    database: Database

    def find(self, post_id: int) -> PageStatus | None:
        """The page that holds a post, named by any version of it."""
        return self.about(post_id)[0]

    def under(self, post_id: int, conversation_id: int | None, author_id: int) -> PageStatus | None:
        """The page of the thread that a post stands in or under: there the author's own goes first."""
        found = self.find(post_id)
        if found is not None or conversation_id is None:
            return found
        query = select(ThreadRow).where(ThreadRow.conversation_id == conversation_id)
        with self.database.read() as session:
            rows = session.exec(query.order_by(col(ThreadRow.id))).all()
        own = [row for row in rows if row.author_id == author_id]
        return next((_status(row) for row in (*own, *rows)), None)

    def about(self, post_id: int) -> tuple[PageStatus | None, int | None]:
        """The page that holds a post, and who wrote it, as far as that is known here without asking X."""
        row = self.database.glance(ABOUT, {"post_id": post_id})
        assert row is not None  # noqa: S101 - there is one whatever is known
        page = _status(row) if row.id is not None else None
        return page, page.author_id if page is not None else row.writer_id

    def authors_of(self, post_ids: Iterable[int]) -> dict[int, int]:
        """Whose threads these posts belong to, those of which that is known."""
        rows = self.database.glance_all(AUTHORS, {"ids": list(set(post_ids))})
        return {row.post_id: row.author_id for row in rows}

    def by(self, author_id: int) -> list[PageStatus]:
        """All of an author's, newest first."""
        query = select(ThreadRow).where(ThreadRow.author_id == author_id)
        with self.database.read() as session:
            return [_status(row) for row in session.exec(query.order_by(col(ThreadRow.id).desc()))]

    def quoting(self, author_id: int) -> list[int]:
        """The threads that hold an author's words, now or in how they looked before."""
        # A post of a thread is written down as {"id":...,"author_id":...,"conversation_id":...
        mark = f'"author_id":{author_id},'
        now = select(ThreadRow.id).where(col(ThreadRow.body).contains(mark))
        before = select(ThreadVersionRow.thread_id).where(col(ThreadVersionRow.body).contains(mark))
        with self.database.read() as session:
            return sorted({*session.exec(now), *session.exec(before)})

    def mark_removed(self, thread_id: int, by: RemovedBy) -> None:
        """Keeps a page from coming back with the next request. The operator's word outweighs the author's."""
        with self.database.write() as session:
            others = or_(col(ThreadRow.removed_by).is_(None), col(ThreadRow.removed_by) != "operator")
            statement = update(ThreadRow).where(col(ThreadRow.id) == thread_id, others)
            session.execute(statement.values(removed_by=by))

    def allow_again(self, thread_id: int) -> None:
        with self.database.write() as session:
            statement = update(ThreadRow).where(col(ThreadRow.id) == thread_id)
            session.execute(statement.values(removed_by=None))

    def unlist(self, thread_id: int, *, now: datetime) -> None:
        """The page stays, and no list of ours leads to it."""
        with self.database.write() as session:
            row = session.get(ThreadRow, thread_id, with_for_update=True)
            if row is not None and row.unlisted_at is None:
                row.unlisted_at = now
                row.revision += 1
                unshelve(self.database, session, row.id, row.author_id)

    def list_again(self, thread_id: int) -> None:
        with self.database.write() as session:
            row = session.get(ThreadRow, thread_id, with_for_update=True)
            if row is not None and row.unlisted_at is not None:
                row.unlisted_at = None
                row.revision += 1
                shelve(self.database, session, row, THREAD.validate_json(row.body))


def _status(row: ThreadRow | Row[Any]) -> PageStatus:
    return PageStatus(
        thread_id=row.id,
        conversation_id=row.conversation_id,
        author_id=row.author_id,
        posts=row.post_count,
        fetched_at=row.fetched_at,
        gone_at=row.gone_at,
        removed_by=cast("RemovedBy | None", row.removed_by),
        unlisted_at=row.unlisted_at,
    )
