"""What went from here: the words themselves, and a line in the log that says whose, why and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import ColumnElement, null, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, select

from bot.store.database import Database
from bot.store.models import AuthorRow, MentionRow, NoteRow, PostRow, RemovalRow, ShownPostRow, ThreadRow
from bot.store.shelving import drop_idle_names

# SQLite takes 32,766 variables in a statement.
BATCH = 10_000


# There since words went, until no page shows any more what they were in: nobody looks for such pages in vain.
WENT = "removals.went"


@dataclass(frozen=True, slots=True)
class Removed:
    """How much went on a UTC day for one reason."""

    day: date
    reason: str
    posts: int
    authors: int


@dataclass(frozen=True, slots=True)
class Removals:
    database: Database

    def counts(self, *, since: date) -> list[Removed]:
        """By day and reason, newest day first."""
        began = datetime.combine(since, time.min, UTC)
        query = select(RemovalRow.removed_at, RemovalRow.reason, RemovalRow.author_id)
        authors: dict[tuple[date, str], list[int]] = {}
        with self.database.read() as session:
            for removed_at, reason, author_id in session.exec(query.where(RemovalRow.removed_at >= began)):
                authors.setdefault((removed_at.date(), reason), []).append(author_id)
        rows = sorted(authors.items(), key=lambda row: (-row[0][0].toordinal(), row[0][1]))
        return [Removed(day, reason, len(ids), len(set(ids))) for (day, reason), ids in rows]

    def drop_stale(self, *, before: datetime) -> None:
        """What no page shows is not kept for long, for nobody asks X about it: posts that were bought beside
        a thread, the words of mentions, profiles without a post.
        """
        shown = select(ShownPostRow.post_id)
        with self.database.write() as session:
            old = col(PostRow.fetched_at) < before
            session.execute(delete(PostRow).where(old, col(PostRow.id).not_in(shown)))
            session.execute(delete(AuthorRow).where(col(AuthorRow.updated_at) < before, *_without_posts()))
            drop_idle_names(session)
            told = col(MentionRow.seen_at) < before, col(MentionRow.payload).is_not(null())
            session.execute(update(MentionRow).where(*told).values(payload=null()))


def remove_posts(session: Session, reasons: Mapping[int, str], *, now: datetime) -> None:
    """Takes away the words of these posts, where they are still here, and logs it."""
    if not reasons:
        return
    ids = list(reasons)
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        found = session.exec(select(PostRow.id, PostRow.author_id).where(col(PostRow.id).in_(some))).all()
        session.add_all(
            RemovalRow(post_id=i, author_id=author_id, reason=reasons[i], removed_at=now)
            for i, author_id in found
        )
        session.execute(delete(PostRow).where(col(PostRow.id).in_(some)))
    note_that_words_went(session, now=now)


def note_that_words_went(session: Session, *, now: datetime) -> None:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(NoteRow).values(name=WENT, value={}, updated_at=now)
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"updated_at": now}))


def drop_idle_author(session: Session, author_id: int) -> None:
    """Of whom nothing is shown any more, no profile is kept either."""
    session.execute(delete(AuthorRow).where(col(AuthorRow.id) == author_id, *_without_posts()))
    drop_idle_names(session, author_id)


def _without_posts() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    threads = select(ThreadRow.author_id).where(col(ThreadRow.gone_at).is_(None))
    return col(AuthorRow.id).not_in(select(PostRow.author_id)), col(AuthorRow.id).not_in(threads)
