"""Pictures that pages need: wanted by the thread that shows them, stored under the SHA-256 of their bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, delete, func, or_, update
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.domain import Author, Post, Thread
from bot.rules.films import film_of
from bot.rules.text import cards
from bot.settings import CLOCKS_APART
from bot.store.database import Database
from bot.store.inserts import table_of, values_of
from bot.store.models import MediaCopyRow, MediaRow, ThreadPictureRow, ThreadRow

MAX_ATTEMPTS = 5
FIRST_RETRY = timedelta(seconds=30)

# A wake-up that nothing came of for this long is taken for lost: a thread of many pictures takes its time.
WAKE_UP_LOST = timedelta(minutes=2)

UNCOPIED = col(MediaRow.state) == "stored", col(MediaRow.copied_at).is_(None)


SHOWN = table_of(ThreadPictureRow)
NOT_SHOWN = delete(SHOWN).where(
    SHOWN.c.thread_id == bindparam("thread_id"), SHOWN.c.url.not_in(bindparam("urls", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Copy:
    """A smaller copy of a picture, under a name of its own; `size` in bytes."""

    name: str
    width: int
    height: int
    size: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored file; `width` and `height` in pixels as a browser shows it; `copies` from narrow to wide."""

    sha256: str
    content_type: str
    width: int
    height: int
    copies: tuple[Copy, ...] = ()


@dataclass(frozen=True, slots=True)
class MediaStore:
    database: Database

    def wanted(self, thread_id: int, *, now: datetime) -> list[str]:
        """The addresses of a thread's pictures that are still to be fetched and due."""
        with self.database.read() as session:
            return list(session.exec(_shown_by(thread_id).where(_due(now))))

    def waiting(self, thread_id: int) -> int:
        """How many of a thread's pictures may still come."""
        with self.database.read() as session:
            return len(session.exec(_shown_by(thread_id).where(MediaRow.state == "wanted")).all())

    def threads_wanting(self, *, now: datetime, limit: int = 20) -> list[int]:
        """The threads to send a wake-up for now, marked as sent; a picture of several is asked for once."""
        thread_id = func.min(ThreadPictureRow.thread_id)
        query = (
            select(thread_id)
            .join(MediaRow, col(MediaRow.url) == col(ThreadPictureRow.url))
            .where(_due(now), _unsent(now))
            .group_by(col(ThreadPictureRow.url))
            .order_by(thread_id)
            .limit(limit)
        )
        with self.database.write() as session:
            threads = sorted(set(session.exec(query)))
            urls = select(ThreadPictureRow.url).where(col(ThreadPictureRow.thread_id).in_(threads))
            session.execute(
                update(MediaRow).where(col(MediaRow.url).in_(urls), _due(now)).values(enqueued_at=now)
            )
            return threads

    def uncopied(self, thread_id: int) -> list[Picture]:
        """A thread's stored pictures that nobody has made smaller copies of."""
        urls = select(ThreadPictureRow.url).where(ThreadPictureRow.thread_id == thread_id)
        query = select(MediaRow).where(col(MediaRow.url).in_(urls), *UNCOPIED)
        with self.database.read() as session:
            found = {row.sha256: picture for row in session.exec(query) if (picture := _picture(row))}
            return list(found.values())

    def threads_uncopied(self, *, now: datetime, limit: int) -> list[int]:
        """Threads with pictures from before there were copies, newest first; marked as sent."""
        query = (
            select(ThreadPictureRow.thread_id)
            .join(MediaRow, col(MediaRow.url) == col(ThreadPictureRow.url))
            .where(*UNCOPIED, _unsent(now))
            .distinct()
            .order_by(col(ThreadPictureRow.thread_id).desc())
            .limit(limit)
        )
        with self.database.write() as session:
            threads = list(session.exec(query))
            urls = select(ThreadPictureRow.url).where(col(ThreadPictureRow.thread_id).in_(threads))
            marked = update(MediaRow).where(col(MediaRow.url).in_(urls), *UNCOPIED)
            session.execute(marked.values(enqueued_at=now))
            return threads

    def add_copies(self, sha256: str, copies: Iterable[Copy], *, now: datetime) -> None:
        """A stored picture has got smaller copies: every page that shows it changes in the same commit."""
        with self.database.write() as session:
            marked = update(MediaRow).where(col(MediaRow.sha256) == sha256, *UNCOPIED)
            marked = marked.values(copied_at=now).returning(col(MediaRow.url))
            urls = [row[0] for row in session.execute(marked)]
            if not urls:
                return
            self._keep_copies(session, sha256, copies)
            _turn_pages(session, *urls)

    def _keep_copies(self, session: Session, sha256: str, copies: Iterable[Copy]) -> None:
        rows = [
            MediaCopyRow(sha256=sha256, width=copy.width, height=copy.height, file=copy.name, size=copy.size)
            for copy in copies
        ]
        self.database.insert_new(session, rows)

    def store(self, url: str, picture: Picture, size: int, *, now: datetime) -> None:
        """The picture has come with its copies: every page that shows it changes in the same commit."""
        with self.database.write() as session:
            came = session.execute(
                update(MediaRow)
                .where(col(MediaRow.url) == url, col(MediaRow.state) != "stored")
                .values(
                    state="stored",
                    sha256=picture.sha256,
                    content_type=picture.content_type,
                    width=picture.width,
                    height=picture.height,
                    size=size,
                    copied_at=now,
                    updated_at=now,
                )
                .returning(col(MediaRow.url))
            ).first()
            if came is not None:
                self._keep_copies(session, picture.sha256, picture.copies)
                _turn_pages(session, url)

    def fail(self, url: str, *, now: datetime, for_good: bool) -> None:
        """Later, a few times; then the page keeps the card with the description and the link to X."""
        with self.database.write() as session:
            row = session.get(MediaRow, url, with_for_update=True)
            if row is None or row.state != "wanted":
                return
            row.attempts += 1
            row.state = "failed" if for_good or row.attempts >= MAX_ATTEMPTS else "wanted"
            row.not_before = now + FIRST_RETRY * 2**row.attempts
            row.updated_at = now

    def drop_unused(self) -> list[str]:
        """Drops the pictures that no thread shows any more; the hashes whose files may be removed."""
        shown = select(ThreadPictureRow.url)
        with self.database.write() as session:
            statement = (
                delete(MediaRow).where(col(MediaRow.url).not_in(shown)).returning(col(MediaRow.sha256))
            )
            dropped = {row[0] for row in session.execute(statement)} - {None}
            kept = session.exec(select(MediaRow.sha256).where(col(MediaRow.sha256).in_(dropped)))
            gone = {sha256 for sha256 in dropped - set(kept) if sha256 is not None}
            return sorted(gone | _drop_copies(session, gone))

    def hashes(self) -> set[str]:
        """Every file that is still to be kept."""
        with self.database.read() as session:
            rows = session.exec(select(MediaRow.sha256).where(col(MediaRow.sha256).is_not(None)))
            copies = session.exec(select(MediaCopyRow.file))
            return {sha256 for sha256 in (*rows, *copies) if sha256 is not None}

    def confirmed_at(self, sha256: str) -> datetime | None:
        """When X last confirmed a public page that shows a file or a copy of it; None where no page does."""
        originals = select(MediaCopyRow.sha256).where(MediaCopyRow.file == sha256)
        query = (
            select(func.max(ThreadRow.confirmed_at))
            .join(ThreadPictureRow, col(ThreadPictureRow.thread_id) == col(ThreadRow.id))
            .join(MediaRow, col(MediaRow.url) == col(ThreadPictureRow.url))
            .where(
                or_(col(MediaRow.sha256) == sha256, col(MediaRow.sha256).in_(originals)),
                col(ThreadRow.gone_at).is_(None),
            )
        )
        with self.database.read() as session:
            return session.exec(query).one()

    def find(self, sha256: str) -> Picture | None:
        with self.database.read() as session:
            row = session.exec(select(MediaRow).where(MediaRow.sha256 == sha256)).first()
            return _picture(row) if row else None


def pictures_of(thread: Thread) -> list[str]:
    """The addresses of all that a page shows, each once: avatars, photos, posters, films, cards, quotes'."""
    return list(dict.fromkeys(_addresses(thread)))


def stored_pictures(session: Session, urls: Iterable[str]) -> dict[str, Picture]:
    query = select(MediaRow).where(col(MediaRow.url).in_(list(urls)), MediaRow.state == "stored")
    rows = session.exec(query).all()
    hashes = {row.sha256 for row in rows}
    smaller = select(MediaCopyRow).where(col(MediaCopyRow.sha256).in_(hashes))
    copies: dict[str, list[Copy]] = {}
    for each in session.exec(smaller.order_by(col(MediaCopyRow.width))):
        copies.setdefault(each.sha256, []).append(Copy(each.file, each.width, each.height, each.size))
    return {row.url: picture for row in rows if (picture := _picture(row, copies.get(row.sha256 or "", ())))}


def want_pictures(
    session: Session, database: Database, thread: Thread, *, now: datetime, new: bool = False
) -> None:
    """The thread shows these pictures and no others; those that nobody has wanted yet are to be fetched. A
    `new` one has shown none before.
    """
    urls = pictures_of(thread)
    database.insert_new_values(
        session, MediaRow, [values_of(MediaRow, url=url, updated_at=now) for url in urls]
    )
    database.insert_new_values(
        session, ThreadPictureRow, [{"thread_id": thread.id, "url": url} for url in urls]
    )
    if not new:
        session.execute(NOT_SHOWN, {"thread_id": thread.id, "urls": urls})


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
    yield from (film for media in post.media if (film := film_of(media)))
    yield from (card.image_url for card in cards(post) if card.image_url)


def _due(now: datetime) -> ColumnElement[bool]:
    return (col(MediaRow.state) == "wanted") & or_(
        col(MediaRow.not_before).is_(None), col(MediaRow.not_before) <= now
    )


def _unsent(now: datetime) -> ColumnElement[bool]:
    """No wake-up since the picture came due, or one that was lost."""
    return or_(
        col(MediaRow.enqueued_at).is_(None),
        col(MediaRow.enqueued_at) < now - WAKE_UP_LOST,
        col(MediaRow.enqueued_at) > now + CLOCKS_APART,
        col(MediaRow.enqueued_at) < col(MediaRow.not_before),
    )


def _shown_by(thread_id: int) -> SelectOfScalar[str]:
    return (
        select(MediaRow.url)
        .join(ThreadPictureRow, col(ThreadPictureRow.url) == col(MediaRow.url))
        .where(ThreadPictureRow.thread_id == thread_id)
    )


def _drop_copies(session: Session, originals: set[str]) -> set[str]:
    """The copies' files that no other picture has come to, byte by byte."""
    dropped = delete(MediaCopyRow).where(col(MediaCopyRow.sha256).in_(originals))
    files = {row[0] for row in session.execute(dropped.returning(col(MediaCopyRow.file)))}
    kept = session.exec(select(MediaCopyRow.file).where(col(MediaCopyRow.file).in_(files)))
    return files - set(kept)


def _turn_pages(session: Session, *urls: str) -> None:
    """Counts the change in every thread that shows one of these; locked in the order of their ids."""
    threads = session.exec(
        select(ThreadRow.id)
        .join(ThreadPictureRow, col(ThreadPictureRow.thread_id) == col(ThreadRow.id))
        .where(col(ThreadPictureRow.url).in_(urls))
        .order_by(col(ThreadRow.id))
        .with_for_update(of=ThreadRow)
    ).all()
    statement = update(ThreadRow).where(col(ThreadRow.id).in_(threads))
    session.execute(statement.values(revision=col(ThreadRow.revision) + 1))


def _picture(row: MediaRow, copies: Iterable[Copy] = ()) -> Picture | None:
    if row.sha256 is None or row.content_type is None:
        return None
    return Picture(row.sha256, row.content_type, row.width or 0, row.height or 0, tuple(copies))
