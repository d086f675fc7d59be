"""Threads as their pages show them, and the posts they were made of, as X sent them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

import sqlalchemy
from pydantic import TypeAdapter
from sqlalchemy import BindParameter, Row, bindparam
from sqlmodel import Session, col, delete, func, select, update

from bot.domain import Author, Conversation, GapReason, Goal, Job, Post, Thread
from bot.errors import Permanent
from bot.rules.admission import may_come_back
from bot.rules.recheck import Page, Shown, shown_ids
from bot.store import stamps
from bot.store.database import Database, execute
from bot.store.inserts import table_of, values_of
from bot.store.leases import name_thread, require_lease
from bot.store.media import Picture, pictures_of, stored_pictures, want_pictures
from bot.store.models import (
    AuthorRow,
    CardRow,
    MissingPostRow,
    NoteRow,
    PostRow,
    RemovalRow,
    ShownPostRow,
    ThreadPictureRow,
    ThreadPostRow,
    ThreadRow,
    ThreadVersionRow,
)
from bot.store.people import opted_out
from bot.store.prepared import Among, Prepared
from bot.store.printed import drop_print
from bot.store.reads import forget_reads
from bot.store.removals import WENT, drop_idle_author, note_that_words_went, remove_posts
from bot.store.shelving import confirm, keep_names, mark_asked, shelve, unshelve
from bot.store.stamps import Stamp

THREAD: TypeAdapter[Thread] = TypeAdapter(Thread)

# X's word that nobody may read a post (any more); `not-found` may only mean that its index lags.
GONE = frozenset({"deleted", "protected", "withheld"})


PAGE, POST_OF_PAGE, SHOWN = table_of(ThreadRow), table_of(ThreadPostRow), table_of(ShownPostRow)
POST, WRITER, MISSING = table_of(PostRow), table_of(AuthorRow), table_of(MissingPostRow)
_UNDER: BindParameter[Any] = bindparam("conversation_id")

_OF_POST = (
    sqlalchemy.select(PAGE)
    .join(POST_OF_PAGE, POST_OF_PAGE.c.thread_id == PAGE.c.id)
    .where(POST_OF_PAGE.c.post_id == bindparam("post_id"))
)
OF_POST = Prepared(_OF_POST)
CONVERSATION_OF_PAGE = Prepared(_OF_POST.with_only_columns(PAGE.c.conversation_id))
BOUGHT = Prepared(sqlalchemy.select(POST.c.conversation_id).where(POST.c.id == bindparam("post_id")))
POSTS_UNDER = Prepared(sqlalchemy.select(POST).where(POST.c.conversation_id == _UNDER))
PAGES_UNDER = Prepared(
    sqlalchemy.select(
        *(PAGE.c.author_id, PAGE.c.newest_post_id, PAGE.c.gone_at, PAGE.c.removed_by),
        # The assembled thread as JSON; in a post's text these quotes would be escaped.
        PAGE.c.body.contains('"cut":true').label("cut"),
    ).where(PAGE.c.conversation_id == _UNDER)
)
# What X did not mention at all may only have lagged; asking again costs nothing.
MISSING_UNDER = Prepared(
    sqlalchemy.select(MISSING).where(MISSING.c.conversation_id == _UNDER, MISSING.c.reason != "not-found")
)
FOUND_AGAIN = Prepared(sqlalchemy.delete(MISSING).where(Among(MISSING.c.id)))
PAYLOADS = Prepared(sqlalchemy.select(POST.c.payload).where(Among(POST.c.id)))
WRITERS = Prepared(sqlalchemy.select(WRITER).where(Among(WRITER.c.id)))
SHARING = Prepared(
    sqlalchemy.select(POST_OF_PAGE.c.thread_id).where(Among(POST_OF_PAGE.c.post_id)).distinct()
)
SHOWN_NO_MORE = Prepared(
    sqlalchemy.delete(SHOWN)
    .where(SHOWN.c.thread_id == bindparam("thread_id"), sqlalchemy.not_(Among(SHOWN.c.post_id)))
    .returning(SHOWN.c.post_id)
)
OLDEST_WORD = Prepared(sqlalchemy.select(func.min(POST.c.fetched_at)).where(Among(POST.c.id)))
ADD_VERSION = Prepared(sqlalchemy.insert(table_of(ThreadVersionRow)).inline())


@dataclass(frozen=True, slots=True)
class SavedThread:
    """A thread with what its page needs besides: `pictures` by the address X gave them.

    A `gone` one has kept its address only; no posts, no names. An `unlisted` one stands in no list.
    `confirmed_at` is when X last gave us the post that it gave longest ago.
    """

    thread: Thread
    version: int
    etag: str
    fetched_at: datetime
    checked_at: datetime
    confirmed_at: datetime
    gone: bool = False
    unlisted: bool = False
    pictures: Mapping[str, Picture] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What the database holds of a conversation.

    `newest` is each author's newest post in a saved thread, `fetched_at` when each post was last bought,
    `cut` whether a saved thread holds as many posts as were to be bought, and there were more.
    """

    payloads: tuple[Mapping[str, Any], ...] = ()
    authors: Mapping[int, Author] = field(default_factory=dict)
    missing: Mapping[int, GapReason] = field(default_factory=dict)
    newest: Mapping[int, int] = field(default_factory=dict)
    fetched_at: Mapping[int, datetime] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Threads:
    database: Database

    def stamp(self, post_id: int) -> Stamp | None:
        """Which thread a post belongs to, and the version of its page. The etag changes with its pictures."""
        rows = self.database.look_up(stamps.OF_POSTS, stamps.POST, [post_id])
        return stamps.stamp(rows[0]) if rows else None

    def posts_shown(self, thread_id: int) -> int:
        """How many posts a page holds: the main line, forks and quoted ones."""
        query = select(func.count()).where(ShownPostRow.thread_id == thread_id)
        with self.database.read() as session:
            return session.exec(query).one()

    def find(self, post_id: int) -> SavedThread | None:
        """The thread that holds a post, named by any version of it."""
        row = self.database.glance(OF_POST, {"post_id": post_id})
        if row is None:
            return None
        thread = THREAD.validate_json(row.body)
        with self.database.read() as session:
            pictures = stored_pictures(session, pictures_of(thread))
        return SavedThread(
            thread=thread,
            version=row.version,
            etag=stamps.etag(row.etag, row.revision),
            fetched_at=row.fetched_at,
            checked_at=row.checked_at,
            confirmed_at=row.confirmed_at or row.fetched_at,
            gone=row.gone_at is not None,
            unlisted=row.unlisted_at is not None,
            pictures=pictures,
        )

    def conversation_of(self, post_id: int) -> int | None:
        """The conversation of a post that was bought, or that a saved thread knows by another version."""
        values = {"post_id": post_id}
        row = self.database.glance(BOUGHT, values) or self.database.glance(CONVERSATION_OF_PAGE, values)
        return row.conversation_id if row is not None else None

    def known(self, goal: Goal, *, asked_before: datetime | None = None) -> Known:
        """All that was ever bought of the goal's conversation.

        What X would not show and may show again is no longer missing if that was before `asked_before`: posts
        that were protected or withheld, and all of a page that is gone. To ask X for nothing is free.
        """
        conversation_id = goal.conversation_id or self.conversation_of(goal.post_id)
        if conversation_id is None:
            return Known()
        values = {"conversation_id": conversation_id}
        rows, pages, missing = (
            self.database.glance_all(query, values) for query in (POSTS_UNDER, PAGES_UNDER, MISSING_UNDER)
        )
        buried = any(page.gone_at is not None and page.removed_by is None for page in pages)
        newest: dict[int, int] = {}
        for page in pages:
            if page.gone_at is None:
                newest[page.author_id] = max(page.newest_post_id, newest.get(page.author_id, 0))
        return Known(
            payloads=tuple(row.payload for row in rows),
            authors=self.authors({row.author_id for row in rows}),
            missing={
                row.id: cast("GapReason", row.reason)
                for row in missing
                if asked_before is None
                or row.seen_at > asked_before
                or (row.reason == "deleted" and not buried)
            },
            newest=newest,
            fetched_at={row.id: row.fetched_at for row in rows},
            cut=any(page.cut for page in pages),
        )

    def payloads(self, ids: Iterable[int]) -> tuple[Mapping[str, Any], ...]:
        """Single posts as X sent them, such as the quoted ones of other conversations."""
        wanted = list(ids)
        rows = self.database.glance_all(PAYLOADS, {"ids": wanted}) if wanted else ()
        return tuple(row.payload for row in rows)

    def authors(self, ids: Iterable[int]) -> dict[int, Author]:
        wanted = list(ids)
        rows = self.database.glance_all(WRITERS, {"ids": wanted}) if wanted else ()
        return {row.id: _author(row) for row in rows}

    def missing(self, ids: Iterable[int]) -> dict[int, GapReason]:
        """X's word on the posts among these that it would not show."""
        with self.database.read() as session:
            rows = session.exec(select(MissingPostRow).where(col(MissingPostRow.id).in_(list(ids))))
            return {row.id: cast("GapReason", row.reason) for row in rows}

    def pages(self, *, confirmed_before: datetime, limit: int) -> list[Page]:
        """Public pages whose oldest confirmation is from before then: the most read this week first, then the
        most recently changed.
        """
        reads = func.coalesce(col(CardRow.reads), 0)
        due = (
            select(ThreadRow.id, reads.label("reads"))
            .outerjoin(CardRow, col(CardRow.thread_id) == col(ThreadRow.id))
            .where(col(ThreadRow.gone_at).is_(None), col(ThreadRow.confirmed_at) < confirmed_before)
            .order_by(reads.desc(), col(ThreadRow.fetched_at).desc(), col(ThreadRow.id))
            .limit(limit)
            .subquery()
        )
        query = (
            sqlalchemy.select(
                col(ThreadRow.id),
                col(ThreadRow.fetched_at),
                due.c.reads,
                col(PostRow.id),
                col(PostRow.fetched_at),
                col(AuthorRow.updated_at),
            )
            .join(due, due.c.id == col(ThreadRow.id))
            .join(ShownPostRow, col(ShownPostRow.thread_id) == col(ThreadRow.id))
            .join(PostRow, col(PostRow.id) == col(ShownPostRow.post_id))
            .outerjoin(AuthorRow, col(AuthorRow.id) == col(PostRow.author_id))
            .order_by(col(ThreadRow.id), col(PostRow.id))
        )
        pages: dict[tuple[int, datetime, int], list[Shown]] = {}
        with self.database.read() as session:
            for thread_id, changed_at, read, post_id, confirmed_at, author_known_at in session.execute(query):
                shown = Shown(post_id, confirmed_at, author_known_at)
                pages.setdefault((thread_id, changed_at, read), []).append(shown)
        return [
            Page(thread_id, changed, tuple(posts), reads=read)
            for (thread_id, changed, read), posts in pages.items()
        ]

    def showing(self, post_ids: Iterable[int]) -> list[int]:
        """The threads whose pages show one of these posts."""
        query = select(ShownPostRow.thread_id).where(col(ShownPostRow.post_id).in_(list(post_ids)))
        with self.database.read() as session:
            return sorted(session.exec(query.distinct()))

    def held(self, post_ids: Iterable[int]) -> set[int]:
        """Those of the posts that are kept here."""
        query = select(PostRow.id).where(col(PostRow.id).in_(list(post_ids)))
        with self.database.read() as session:
            return set(session.exec(query))

    def behind(self, *, limit: int, now: datetime) -> list[int]:
        """Threads whose pages show a post that is gone from here: whoever took it did not get further.

        Looked for only while words went since the last time. The note is taken in the transaction that looks:
        words that go at the same moment either wait for it, or it for them.
        """
        with self.database.read() as session:
            if session.get(NoteRow, WENT) is None:
                return []
        # Not as a join: SQLite, without statistics, would look through all that pages show.
        query = (
            select(ShownPostRow.thread_id)
            .outerjoin(PostRow, col(PostRow.id) == col(ShownPostRow.post_id))
            .where(col(ShownPostRow.post_id).in_(select(RemovalRow.post_id)), col(PostRow.id).is_(None))
            .distinct()
            .limit(limit)
        )
        with self.database.write() as session:
            session.execute(delete(NoteRow).where(col(NoteRow.name) == WENT))
            found = sorted(session.exec(query))
            if found:
                note_that_words_went(session, now=now)
            return found

    def suspect(self, *, now: datetime) -> None:
        """Looks for them the next time, whether or not anybody has noted that words went."""
        with self.database.write() as session:
            note_that_words_went(session, now=now)

    def confirm(self, found: Conversation, *, now: datetime) -> None:
        """X's newest word on posts of any conversation; see `save_conversation`."""
        with self.database.write() as session:
            gone = {i: reason for i, reason in found.missing.items() if reason in GONE}
            rows = session.exec(select(PostRow).where(col(PostRow.id).in_(gone.keys() - found.posts.keys())))
            missing = [
                MissingPostRow(
                    id=row.id, conversation_id=row.conversation_id, reason=gone[row.id], seen_at=now
                )
                for row in rows
            ]
            self._keep(session, found, missing, now)

    def save_conversation(
        self, conversation: Conversation, conversation_id: int, *, now: datetime, job: Job | None = None
    ) -> None:
        """What was bought is kept before anything is made of it. X's newest word on a post holds: one that
        is gone loses its payload, one that is back is no longer missing.

        Raises LeaseLost where another worker holds `job` by now: its word is newer.
        """
        missing = [
            MissingPostRow(id=i, conversation_id=conversation_id, reason=reason, seen_at=now)
            for i, reason in conversation.missing.items()
        ]
        with self.database.write() as session:
            require_lease(session, job)
            self._keep(session, conversation, missing, now)

    def _keep(
        self, session: Session, found: Conversation, missing: list[MissingPostRow], now: datetime
    ) -> None:
        silent = opted_out(session, {post.author_id for post in found.posts.values()} | found.authors.keys())
        kept = {i: post for i, post in found.posts.items() if post.author_id not in silent}
        posts = [_post_values(post, found.payloads[i], now) for i, post in kept.items()]
        authors = [_author_values(author, now) for i, author in found.authors.items() if i not in silent]
        gone = {row.id: row.reason for row in missing if row.reason in GONE and row.id not in found.posts}
        self.database.upsert_values(session, PostRow, posts)
        self.database.upsert(session, missing)
        self.database.upsert_values(session, AuthorRow, authors)
        keep_names(self.database, session, [found.authors[row["id"]] for row in authors])
        execute(session, FOUND_AGAIN, {"ids": [row["id"] for row in posts]})
        remove_posts(session, gone, now=now)

    def save(
        self,
        thread: Thread,
        *,
        now: datetime,
        asked_by: int | None = None,
        job: Job | None = None,
        scrub: bool = False,
    ) -> Thread:
        """Makes or extends the saved thread; its address stays. Saving it twice changes nothing.

        One that was buried is shown again, one that was taken down only if its author is who asks.
        Raises Permanent `author-opted-out` or `page-removed`. Where a post or a version of it is no longer
        shown, or `scrub` asks for it, the words go out of how the thread looked before, too. `job` says from
        then on which thread it came to; raises LeaseLost where another worker holds it by now.
        """
        with self.database.write() as session:
            thread = _as_allowed(session, thread)
            thread = replace(thread, id=_address(session, thread))
            name_thread(session, job, thread.id, now=now)
            word = _oldest_word(session, thread)
            row = _row(thread, now, confirmed_at=word or now)
            new = bool(self.database.insert_new_values(session, ThreadRow, [row.model_dump()]))
            changed = new
            if not new:
                made, row = row, session.get_one(ThreadRow, thread.id, with_for_update=True)
                if not may_come_back(row.removed_by, row.author_id, asked_by):
                    raise Permanent("page-removed")
                changed = row.body != made.body
                if changed:
                    _turn_over(row, made)
                    drop_print(session, row.id)
                row.checked_at, row.confirmed_at = now, word or row.confirmed_at
                session.flush()
            if changed:
                execute(session, ADD_VERSION, _version(row, now))
            ids = {version for post in _all_posts(thread) for version in (post.id, *post.versions)}
            named = [{"post_id": i, "thread_id": row.id} for i in ids]
            self.database.upsert_values(session, ThreadPostRow, named)
            want_pictures(session, self.database, thread, now=now, new=new)
            _drop_superseded(session, thread, now)
            self._show(session, thread)
            if not new and (_shows_no_more(session, thread) or scrub):
                _scrub(session, row)
            if changed:
                shelve(self.database, session, row, thread, new=new)
            else:
                confirm(self.database, session, row, thread)
                mark_asked(session, row.id)
            return thread

    def _show(self, session: Session, thread: Thread) -> None:
        rows = [{"thread_id": thread.id, "post_id": i} for i in shown_ids(thread)]
        self.database.insert_new_values(session, ShownPostRow, rows)

    def bury(self, thread_id: int, now: datetime, *, reason: str = "deleted") -> None:
        """What is gone on X is gone here: the words of every version and what they were made of.

        The address stays, and says so. The files of its pictures: see `MediaStore.drop_unused`. `reason` is
        for the log of removals, for the posts that were still here.
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
            posts = session.exec(select(ThreadPostRow.post_id).where(ThreadPostRow.thread_id == thread_id))
            remove_posts(session, dict.fromkeys(posts, reason), now=now)
            _delete_of(session, thread_id, ThreadVersionRow, ThreadPictureRow, ShownPostRow)
            forget_reads(session, thread_id)
            unshelve(self.database, session, thread_id, row.author_id)
            drop_idle_author(session, row.author_id)

    def forget(self, thread_id: int) -> None:
        """Removes a thread with its versions; its posts' payloads stay for the next time it is asked for."""
        with self.database.write() as session:
            _delete_of(session, thread_id, ThreadPostRow, ThreadVersionRow, ThreadPictureRow, ShownPostRow)
            forget_reads(session, thread_id)
            row = session.get(ThreadRow, thread_id)
            if row is not None:
                unshelve(self.database, session, thread_id, row.author_id)
            session.execute(delete(ThreadRow).where(col(ThreadRow.id) == thread_id))


def _scrub(session: Session, row: ThreadRow) -> None:
    session.execute(
        update(ThreadVersionRow)
        .where(col(ThreadVersionRow.thread_id) == row.id, col(ThreadVersionRow.version) != row.version)
        .values(body="")
    )


def _drop_superseded(session: Session, thread: Thread, now: datetime) -> None:
    """The page shows the newest versions; what the posts said before is no longer needed."""
    posts = (*_all_posts(thread), *(quote.post for quote in thread.quotes))
    older = {version: "edited" for post in posts for version in post.versions if version < post.id}
    remove_posts(session, older, now=now)


def _shows_no_more(session: Session, thread: Thread) -> bool:
    """Whether the page showed other posts before; now it shows them no more."""
    ids = list(shown_ids(thread))
    return execute(session, SHOWN_NO_MORE, {"thread_id": thread.id, "ids": ids}).first() is not None


def _oldest_word(session: Session, thread: Thread) -> datetime | None:
    """When X last gave us the post of a page that it gave longest ago."""
    return cast("datetime | None", execute(session, OLDEST_WORD, {"ids": list(shown_ids(thread))}).scalar())


def _as_allowed(session: Session, thread: Thread) -> Thread:
    """Without what those who opted out wrote; checked where it is written, whoever made the thread."""
    writers = {thread.author.id, *(quote.post.author_id for quote in thread.quotes)}
    silent = opted_out(session, writers)
    if thread.author.id in silent:
        raise Permanent("author-opted-out")
    allowed = tuple(quote for quote in thread.quotes if quote.post.author_id not in silent)
    return replace(thread, quotes=allowed)


def _row(thread: Thread, now: datetime, *, confirmed_at: datetime) -> ThreadRow:
    """As it is the first time."""
    body = THREAD.dump_json(thread).decode()
    return ThreadRow(
        id=thread.id,
        conversation_id=thread.conversation_id,
        author_id=thread.author.id,
        version=1,
        revision=1,
        etag=hashlib.sha256(body.encode()).hexdigest()[:20],
        body=body,
        post_count=len(thread.posts),
        newest_post_id=max(post.id for post in _all_posts(thread)),
        complete=thread.complete,
        fetched_at=now,
        checked_at=now,
        confirmed_at=confirmed_at,
    )


def _turn_over(row: ThreadRow, made: ThreadRow) -> None:
    """The page is as it was just made."""
    row.version += 1
    row.revision += 1
    for name in ("body", "etag", "post_count", "newest_post_id", "complete", "fetched_at"):
        setattr(row, name, getattr(made, name))
    row.gone_at = row.removed_by = None


def _version(row: ThreadRow, now: datetime) -> dict[str, Any]:
    return {"thread_id": row.id, "version": row.version, "etag": row.etag, "body": row.body, "made_at": now}


def _delete_of(session: Session, thread_id: int, *tables: type[Any]) -> None:
    for table in tables:
        session.execute(delete(table).where(table.thread_id == thread_id))


def _address(session: Session, thread: Thread) -> int:
    """The id of the saved thread that this one continues, because it shares a post with it; else its own."""
    ids = {version for post in thread.posts for version in (post.id, *post.versions)}
    found = {row.thread_id for row in execute(session, SHARING, {"ids": list(ids)})}
    return thread.id if thread.id in found else min(found, default=thread.id)


def _all_posts(thread: Thread) -> list[Post]:
    return [*thread.posts, *(post for fork in thread.forks for post in fork.posts)]


def _post_values(post: Post, payload: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return values_of(
        PostRow,
        id=post.id,
        conversation_id=post.conversation_id,
        author_id=post.author_id,
        payload=dict(payload),
        fetched_at=now,
    )


def _author_values(author: Author, now: datetime) -> dict[str, Any]:
    return values_of(
        AuthorRow,
        id=author.id,
        username=author.username,
        name=author.name,
        avatar_url=author.avatar_url,
        bio=author.bio,
        protected=author.protected,
        updated_at=now,
    )


def _author(row: AuthorRow | Row[Any]) -> Author:
    return Author(row.id, row.username, row.name, row.avatar_url, row.bio, row.protected)
