"""Threads as their pages show them, and the posts they were made of, as X sent them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from pydantic import TypeAdapter
from sqlmodel import Session, col, delete, select

from bot.domain import Author, Conversation, GapReason, Goal, Post, Thread
from bot.store.database import Database
from bot.store.media import Picture, pictures_of, stored_pictures, want_pictures
from bot.store.models import (
    AuthorRow,
    MissingPostRow,
    PostRow,
    ThreadPostRow,
    ThreadRow,
    ThreadVersionRow,
)

THREAD: TypeAdapter[Thread] = TypeAdapter(Thread)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Enough to answer a conditional request."""

    thread_id: int
    version: int
    etag: str


@dataclass(frozen=True, slots=True)
class SavedThread:
    """A thread with what its page needs besides: `pictures` by the address X gave them."""

    thread: Thread
    version: int
    etag: str
    fetched_at: datetime
    checked_at: datetime
    gone: bool = False
    pictures: Mapping[str, Picture] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What the database holds of a conversation. `newest` is each author's newest post in a saved thread."""

    payloads: tuple[Mapping[str, Any], ...] = ()
    authors: Mapping[int, Author] = field(default_factory=dict)
    missing: Mapping[int, GapReason] = field(default_factory=dict)
    newest: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Threads:
    database: Database

    def stamp(self, post_id: int) -> Stamp | None:
        """Which thread a post belongs to, and the version of its page. The etag changes with its pictures."""
        with self.database.read() as session:
            row = _row(session, post_id)
            return Stamp(row.id, row.version, row.etag) if row else None

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
                etag=row.etag,
                fetched_at=row.fetched_at,
                checked_at=row.checked_at,
                gone=row.gone_at is not None,
                pictures=stored_pictures(session, pictures_of(thread)),
            )

    def conversation_of(self, post_id: int) -> int | None:
        with self.database.read() as session:
            row = session.get(PostRow, post_id)
            return row.conversation_id if row else None

    def known(self, goal: Goal) -> Known:
        """All that was ever bought of the goal's conversation."""
        conversation_id = goal.conversation_id or self.conversation_of(goal.post_id)
        if conversation_id is None:
            return Known()
        with self.database.read() as session:
            rows = session.exec(select(PostRow).where(PostRow.conversation_id == conversation_id)).all()
            threads = session.exec(select(ThreadRow).where(ThreadRow.conversation_id == conversation_id))
            newest = {row.author_id: row.newest_post_id for row in threads}
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
                newest=newest,
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
        """What was bought is kept before anything is made of it."""
        posts = [_post_row(post, conversation.payloads[i], now) for i, post in conversation.posts.items()]
        missing = [
            MissingPostRow(id=i, conversation_id=conversation_id, reason=reason, seen_at=now)
            for i, reason in conversation.missing.items()
        ]
        authors = [_author_row(author, now) for author in conversation.authors.values()]
        with self.database.write() as session:
            for rows in (posts, missing, authors):
                self.database.upsert(session, rows)

    def save(self, thread: Thread, *, now: datetime) -> Thread:
        """Makes or extends the saved thread; its address stays. Saving it twice changes nothing."""
        with self.database.write() as session:
            row = _earlier(session, thread)
            if row is not None and row.id != thread.id:
                thread = replace(thread, id=row.id)
            body = THREAD.dump_json(thread).decode()
            if row is None:
                row = ThreadRow(
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
            if row.body != body:
                row.version += 1
                row.body = body
                row.etag = hashlib.sha256(body.encode()).hexdigest()[:20]
                row.post_count = len(thread.posts)
                row.newest_post_id = max(post.id for post in _all_posts(thread))
                row.complete = thread.complete
                row.fetched_at = now
                row.gone_at = None
                session.merge(
                    ThreadVersionRow(
                        thread_id=row.id, version=row.version, etag=row.etag, body=body, made_at=now
                    )
                )
            row.checked_at = now
            session.add(row)
            session.flush()
            ids = {version for post in _all_posts(thread) for version in (post.id, *post.versions)}
            self.database.upsert(session, [ThreadPostRow(post_id=i, thread_id=row.id) for i in sorted(ids)])
            want_pictures(session, self.database, thread, now=now)
            return thread

    def forget(self, thread_id: int) -> None:
        """Removes a thread with its versions; its posts' payloads stay for the next time it is asked for."""
        with self.database.write() as session:
            for model, key in (
                (ThreadPostRow, ThreadPostRow.thread_id),
                (ThreadVersionRow, ThreadVersionRow.thread_id),
                (ThreadRow, ThreadRow.id),
            ):
                session.execute(delete(model).where(col(key) == thread_id))


def _row(session: Session, post_id: int) -> ThreadRow | None:
    query = (
        select(ThreadRow)
        .join(ThreadPostRow, col(ThreadPostRow.thread_id) == col(ThreadRow.id))
        .where(ThreadPostRow.post_id == post_id)
    )
    return session.exec(query).first()


def _earlier(session: Session, thread: Thread) -> ThreadRow | None:
    """The saved thread that this one continues: it shares a post with it."""
    ids = [version for post in thread.posts for version in {post.id, *post.versions}]
    shared = session.exec(
        select(ThreadPostRow.thread_id).where(col(ThreadPostRow.post_id).in_(ids)).limit(1)
    ).first()
    return session.get(ThreadRow, shared) if shared is not None else None


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
