"""Threads as their pages show them, and the posts they were made of, as X sent them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from pydantic import TypeAdapter
from sqlmodel import Session, col, delete, func, select, update

from bot.domain import Author, Conversation, GapReason, Goal, Post, Thread
from bot.store.database import Database
from bot.store.media import Picture, pictures_of, stored_pictures, want_pictures
from bot.store.models import (
    AuthorRow,
    MissingPostRow,
    PostRow,
    ThreadPictureRow,
    ThreadPostRow,
    ThreadRow,
    ThreadVersionRow,
)

THREAD: TypeAdapter[Thread] = TypeAdapter(Thread)

# X's word that nobody may read a post (any more); `not-found` may only mean that its index lags.
GONE = frozenset({"deleted", "protected", "withheld"})


@dataclass(frozen=True, slots=True)
class Stamp:
    """Enough to answer a conditional request."""

    thread_id: int
    version: int
    etag: str


@dataclass(frozen=True, slots=True)
class SavedThread:
    """A thread with what its page needs besides: `pictures` by the address X gave them.

    A `gone` one has kept its address only; no posts, no names.
    """

    thread: Thread
    version: int
    etag: str
    fetched_at: datetime
    checked_at: datetime
    gone: bool = False
    pictures: Mapping[str, Picture] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What the database holds of a conversation.

    `newest` is each author's newest post in a saved thread, `fetched_at` when each post was last bought.
    """

    payloads: tuple[Mapping[str, Any], ...] = ()
    authors: Mapping[int, Author] = field(default_factory=dict)
    missing: Mapping[int, GapReason] = field(default_factory=dict)
    newest: Mapping[int, int] = field(default_factory=dict)
    fetched_at: Mapping[int, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Threads:
    database: Database

    def stamp(self, post_id: int) -> Stamp | None:
        """Which thread a post belongs to, and the version of its page. The etag changes with its pictures."""
        with self.database.read() as session:
            row = _row(session, post_id)
            return Stamp(row.id, row.version, _etag(row)) if row else None

    def find(self, post_id: int) -> SavedThread | None:
        """The thread that holds a post, named by any version of it."""
        with self.database.read() as session:
            row = _row(session, post_id)
            if row is None:
                return None
            thread = THREAD.validate_json(row.body)
            return SavedThread(
                thread=thread,
                version=row.version,
                etag=_etag(row),
                fetched_at=row.fetched_at,
                checked_at=row.checked_at,
                gone=row.gone_at is not None,
                pictures=stored_pictures(session, pictures_of(thread)),
            )

    def conversation_of(self, post_id: int) -> int | None:
        """The conversation of a post that was bought, or that a saved thread knows by another version."""
        with self.database.read() as session:
            row = session.get(PostRow, post_id) or _row(session, post_id)
            return row.conversation_id if row else None

    def known(self, goal: Goal) -> Known:
        """All that was ever bought of the goal's conversation."""
        conversation_id = goal.conversation_id or self.conversation_of(goal.post_id)
        if conversation_id is None:
            return Known()
        with self.database.read() as session:
            rows = session.exec(select(PostRow).where(PostRow.conversation_id == conversation_id)).all()
            newest = session.exec(
                select(ThreadRow.author_id, func.max(ThreadRow.newest_post_id))
                .where(ThreadRow.conversation_id == conversation_id, col(ThreadRow.gone_at).is_(None))
                .group_by(col(ThreadRow.author_id))
            )
            missing = session.exec(
                # What X did not mention at all may only have lagged; asking again costs nothing.
                select(MissingPostRow).where(
                    MissingPostRow.conversation_id == conversation_id, MissingPostRow.reason != "not-found"
                )
            )
            writers = {row.author_id for row in rows}
            authors = session.exec(select(AuthorRow).where(col(AuthorRow.id).in_(writers)))
            return Known(
                payloads=tuple(row.payload for row in rows),
                authors={row.id: _author(row) for row in authors},
                missing={row.id: cast("GapReason", row.reason) for row in missing},
                newest=dict(newest.all()),
                fetched_at={row.id: row.fetched_at for row in rows},
            )

    def payloads(self, ids: Iterable[int]) -> tuple[Mapping[str, Any], ...]:
        """Single posts as X sent them, such as the quoted ones of other conversations."""
        with self.database.read() as session:
            rows = session.exec(select(PostRow).where(col(PostRow.id).in_(list(ids))))
            return tuple(row.payload for row in rows)

    def authors(self, ids: Iterable[int]) -> dict[int, Author]:
        with self.database.read() as session:
            rows = session.exec(select(AuthorRow).where(col(AuthorRow.id).in_(list(ids))))
            return {row.id: _author(row) for row in rows}

    def save_conversation(self, conversation: Conversation, conversation_id: int, *, now: datetime) -> None:
        """What was bought is kept before anything is made of it. X's newest word on a post holds: one that
        is gone loses its payload, one that is back is no longer missing.
        """
        posts = [_post_row(post, conversation.payloads[i], now) for i, post in conversation.posts.items()]
        missing = [
            MissingPostRow(id=i, conversation_id=conversation_id, reason=reason, seen_at=now)
            for i, reason in conversation.missing.items()
        ]
        authors = [_author_row(author, now) for author in conversation.authors.values()]
        back = [row.id for row in posts]
        gone = [row.id for row in missing if row.reason in GONE and row.id not in conversation.posts]
        with self.database.write() as session:
            for rows in (posts, missing, authors):
                self.database.upsert(session, rows)
            session.execute(delete(MissingPostRow).where(col(MissingPostRow.id).in_(back)))
            session.execute(delete(PostRow).where(col(PostRow.id).in_(gone)))

    def save(self, thread: Thread, *, now: datetime) -> Thread:
        """Makes or extends the saved thread; its address stays. Saving it twice changes nothing.

        One that was buried is shown again.
        """
        with self.database.write() as session:
            thread = replace(thread, id=_address(session, thread))
            self.database.insert_new(session, [_blank(thread, now)])
            row = session.get_one(ThreadRow, thread.id, with_for_update=True)
            body = THREAD.dump_json(thread).decode()
            if row.body != body:
                _turn_over(row, thread, body, now)
                session.add(_version(row, now))
            row.checked_at = now
            ids = {version for post in _all_posts(thread) for version in (post.id, *post.versions)}
            self.database.upsert(session, [ThreadPostRow(post_id=i, thread_id=row.id) for i in ids])
            want_pictures(session, self.database, thread, now=now)
            return thread

    def scrub_versions(self, thread_id: int) -> None:
        """Takes the words out of how a thread looked before: something in it is gone on X."""
        with self.database.write() as session:
            row = session.get(ThreadRow, thread_id)
            session.execute(
                update(ThreadVersionRow)
                .where(col(ThreadVersionRow.thread_id) == thread_id)
                .where(col(ThreadVersionRow.version) != (row.version if row else 0))
                .values(body="")
            )

    def bury(self, thread_id: int, now: datetime) -> None:
        """What is gone on X is gone here: the words of every version and what they were made of.

        The address stays, and says so. The files of its pictures: see `MediaStore.drop_unused`.
        """
        with self.database.write() as session:
            row = session.get(ThreadRow, thread_id, with_for_update=True)
            if row is None or row.gone_at is not None:
                return
            tombstone = Thread(row.id, row.conversation_id, Author(row.author_id, "", ""), ())
            row.body = THREAD.dump_json(tombstone).decode()
            row.revision += 1
            row.post_count = 0
            row.gone_at = row.checked_at = now
            posts = select(ThreadPostRow.post_id).where(ThreadPostRow.thread_id == thread_id)
            session.execute(delete(PostRow).where(col(PostRow.id).in_(posts)))
            _delete_of(session, thread_id, ThreadVersionRow, ThreadPictureRow)

    def forget(self, thread_id: int) -> None:
        """Removes a thread with its versions; its posts' payloads stay for the next time it is asked for."""
        with self.database.write() as session:
            _delete_of(session, thread_id, ThreadPostRow, ThreadVersionRow, ThreadPictureRow)
            session.execute(delete(ThreadRow).where(col(ThreadRow.id) == thread_id))


def _etag(row: ThreadRow) -> str:
    return f"{row.etag}-{row.revision}"


def _blank(thread: Thread, now: datetime) -> ThreadRow:
    return ThreadRow(
        id=thread.id,
        conversation_id=thread.conversation_id,
        author_id=thread.author.id,
        version=0,
        etag="",
        body="",
        post_count=0,
        newest_post_id=0,
        complete=False,
        fetched_at=now,
        checked_at=now,
    )


def _turn_over(row: ThreadRow, thread: Thread, body: str, now: datetime) -> None:
    row.version += 1
    row.revision += 1
    row.body = body
    row.etag = hashlib.sha256(body.encode()).hexdigest()[:20]
    row.post_count = len(thread.posts)
    row.newest_post_id = max(post.id for post in _all_posts(thread))
    row.complete = thread.complete
    row.fetched_at = now
    row.gone_at = None


def _version(row: ThreadRow, now: datetime) -> ThreadVersionRow:
    return ThreadVersionRow(thread_id=row.id, version=row.version, etag=row.etag, body=row.body, made_at=now)


def _delete_of(session: Session, thread_id: int, *tables: type[Any]) -> None:
    for table in tables:
        session.execute(delete(table).where(table.thread_id == thread_id))


def _row(session: Session, post_id: int) -> ThreadRow | None:
    query = (
        select(ThreadRow)
        .join(ThreadPostRow, col(ThreadPostRow.thread_id) == col(ThreadRow.id))
        .where(ThreadPostRow.post_id == post_id)
    )
    return session.exec(query).first()


def _address(session: Session, thread: Thread) -> int:
    """The id of the saved thread that this one continues, because it shares a post with it; else its own."""
    ids = {version for post in thread.posts for version in (post.id, *post.versions)}
    sharing = select(ThreadPostRow.thread_id).where(col(ThreadPostRow.post_id).in_(ids)).distinct()
    found = set(session.exec(sharing))
    return thread.id if thread.id in found else min(found, default=thread.id)


def _all_posts(thread: Thread) -> list[Post]:
    return [*thread.posts, *(post for fork in thread.forks for post in fork.posts)]


def _post_row(post: Post, payload: Mapping[str, Any], now: datetime) -> PostRow:
    return PostRow(
        id=post.id,
        conversation_id=post.conversation_id,
        author_id=post.author_id,
        payload=dict(payload),
        fetched_at=now,
    )


def _author_row(author: Author, now: datetime) -> AuthorRow:
    return AuthorRow(
        id=author.id,
        username=author.username,
        name=author.name,
        avatar_url=author.avatar_url,
        bio=author.bio,
        protected=author.protected,
        updated_at=now,
    )


def _author(row: AuthorRow) -> Author:
    return Author(row.id, row.username, row.name, row.avatar_url, row.bio, row.protected)
