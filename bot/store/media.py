"""Pictures that pages need: wanted by the thread that shows them, stored under the SHA-256 of their bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, func, or_, update
from sqlmodel import Session, col, select

from bot.domain import Author, Post, Thread
from bot.rules.text import cards
from bot.store.database import Database
from bot.store.models import MediaRow, ThreadRow

MAX_ATTEMPTS = 5
FIRST_RETRY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored file; `width` and `height` in pixels as found in the file itself."""

    sha256: str
    content_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class MediaStore:
    database: Database

    def wanted(self, thread_id: int, *, now: datetime) -> list[str]:
        """The addresses of a thread's pictures that are still to be fetched and due."""
        with self.database.read() as session:
            query = select(MediaRow.url).where(MediaRow.thread_id == thread_id, _due(now))
            return list(session.exec(query))

    def waiting(self, thread_id: int) -> int:
        """How many of a thread's pictures may still come."""
        with self.database.read() as session:
            query = select(func.count()).where(MediaRow.thread_id == thread_id, MediaRow.state == "wanted")
            return session.exec(query).one()

    def threads_wanting(self, *, now: datetime, limit: int = 20) -> list[int]:
        with self.database.read() as session:
            query = select(MediaRow.thread_id).where(_due(now)).distinct().limit(limit)
            return list(session.exec(query))

    def store(self, url: str, picture: Picture, size: int, *, now: datetime) -> None:
        with self.database.write() as session:
            session.execute(
                update(MediaRow)
                .where(col(MediaRow.url) == url)
                .values(
                    state="stored",
                    sha256=picture.sha256,
                    content_type=picture.content_type,
                    width=picture.width,
                    height=picture.height,
                    size=size,
                    updated_at=now,
                )
            )

    def fail(self, url: str, *, now: datetime, for_good: bool) -> None:
        """Later, a few times; then the page keeps the card with the description and the link to X."""
        with self.database.write() as session:
            row = session.get(MediaRow, url)
            if row is None:
                return
            row.attempts += 1
            row.state = "failed" if for_good or row.attempts >= MAX_ATTEMPTS else "wanted"
            row.not_before = now + FIRST_RETRY * 2**row.attempts
            row.updated_at = now
            session.add(row)

    def touch_thread(self, thread_id: int) -> None:
        """A new etag for a page whose pictures have come."""
        with self.database.write() as session:
            row = session.get(ThreadRow, thread_id)
            if row is not None:
                row.etag = f"{row.etag.split('-', 1)[0]}-{_stored_count(session, thread_id)}"
                session.add(row)

    def find(self, sha256: str) -> Picture | None:
        with self.database.read() as session:
            row = session.exec(select(MediaRow).where(MediaRow.sha256 == sha256)).first()
            return _picture(row) if row else None


def file_of(media_dir: Path, sha256: str) -> Path:
    """Where a stored file lies: in a folder of its first two digits, so that no folder grows too long."""
    return media_dir / sha256[:2] / sha256


def pictures_of(thread: Thread) -> list[str]:
    """The addresses of all pictures a page shows, each once: avatars, photos, posters, cards, quotes'."""
    return list(dict.fromkeys(_addresses(thread)))


def stored_pictures(session: Session, urls: Iterable[str]) -> dict[str, Picture]:
    query = select(MediaRow).where(col(MediaRow.url).in_(list(urls)), MediaRow.state == "stored")
    return {row.url: picture for row in session.exec(query) if (picture := _picture(row))}


def want_pictures(session: Session, database: Database, thread: Thread, *, now: datetime) -> None:
    rows = [MediaRow(url=url, thread_id=thread.id, updated_at=now) for url in pictures_of(thread)]
    database.upsert(session, rows, replace=False)


def _addresses(thread: Thread) -> Iterator[str]:
    yield from _avatar(thread.author)
    for post in (*thread.posts, *(post for fork in thread.forks for post in fork.posts)):
        yield from _shown(post)
    for quote in thread.quotes:
        yield from _shown(quote.post)
        if quote.author:
            yield from _avatar(quote.author)


def _avatar(author: Author) -> Iterator[str]:
    if author.avatar_url:
        yield author.avatar_url


def _shown(post: Post) -> Iterator[str]:
    yield from (media.picture_url for media in post.media if media.picture_url)
    yield from (card.image_url for card in cards(post) if card.image_url)


def _due(now: datetime) -> ColumnElement[bool]:
    return (col(MediaRow.state) == "wanted") & or_(
        col(MediaRow.not_before).is_(None), col(MediaRow.not_before) <= now
    )


def _stored_count(session: Session, thread_id: int) -> int:
    query = select(func.count()).where(MediaRow.thread_id == thread_id, MediaRow.state == "stored")
    return session.exec(query).one()


def _picture(row: MediaRow) -> Picture | None:
    if row.sha256 is None or row.content_type is None:
        return None
    return Picture(row.sha256, row.content_type, row.width or 0, row.height or 0)
