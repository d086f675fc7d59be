"""People and their word: who wants no answers, whom the operator blocks, whose threads are not to be kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row
from sqlalchemy import select as rows_of
from sqlmodel import Session, col, delete, func, select, update

from bot.domain import CommandKind
from bot.store.database import Database, execute
from bot.store.inserts import table_of
from bot.store.models import AuthorNameRow, AuthorRow, JobRow, MentionRow, PersonRow, PostRow, ThreadRow
from bot.store.prepared import Among, Prepared
from bot.store.removals import remove_posts
from bot.store.shelving import drop_idle_names

# What a command sets, and what takes it back.
SETS: dict[CommandKind, str] = {"stop": "stopped_at", "opt-out": "opted_out_at"}
CLEARS: dict[CommandKind, str] = {"start": "stopped_at", "opt-in": "opted_out_at"}
OPPOSITES = (("stop", "start"), ("opt-out", "opt-in"))

PERSON = table_of(PersonRow)
BY_IDS = Prepared(rows_of(PERSON).where(Among(PERSON.c.id)))
OPTED_OUT = Prepared(rows_of(PERSON.c.id).where(Among(PERSON.c.id), PERSON.c.opted_out_at.is_not(None)))

ENDED = ("done", "refused", "failed")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as X numbers them. `username` is the last one we heard of."""

    id: int
    username: str | None = None
    stopped_at: datetime | None = None
    blocked_at: datetime | None = None
    opted_out_at: datetime | None = None
    helped_on: date | None = None

    @property
    def objection(self) -> str | None:
        """Why they get no answer."""
        if self.blocked_at is not None:
            return "blocked"
        return "requester-opted-out" if self.stopped_at is not None else None


@dataclass(frozen=True, slots=True)
class People:
    database: Database

    def find(self, person_id: int) -> Person:
        """What a person has told us; somebody who never did has no wishes."""
        return self.find_all([person_id]).get(person_id, Person(person_id))

    def find_all(self, ids: Iterable[int]) -> dict[int, Person]:
        """Those of them who are on record."""
        rows = self.database.glance_all(BY_IDS, {"ids": list(set(ids))})
        return {row.id: _person(row) for row in rows}

    def opted_out(self, ids: Iterable[int]) -> set[int]:
        return {row.id for row in self.database.glance_all(OPTED_OUT, {"ids": list(set(ids))})}

    def named(self, name: str) -> Person | None:
        """The person of that username, if it was ever told to us: by a post bought, by a mention, or here."""
        with self.database.read() as session:
            found = _id_of(session, name)
            row = session.get(PersonRow, found) if found is not None else None
        if found is None:
            return None
        return _person(row) if row else Person(found, name)

    def asker(self, name: str) -> int | None:
        """The number of whoever bears that username, as far as a site can look it up for anybody who asks:
        authors by every name they had, and who has told the bot something.
        """
        with self.database.read() as session:
            author = session.get(AuthorNameRow, name.lower())
            if author is not None:
                return author.author_id
            query = select(PersonRow.id).where(_same(PersonRow.username, name)).order_by(_latest(PersonRow))
            return session.exec(query.limit(1)).first()

    def name_of(self, person_id: int) -> str | None:
        """The last username we heard of."""
        with self.database.read() as session:
            return _name_of(session, person_id)

    def obey(self, person_id: int, kind: CommandKind, *, now: datetime, username: str | None = None) -> None:
        with self.database.write() as session:
            obey(self.database, session, person_id, kind, now=now, username=username)

    def block(self, person_id: int, *, now: datetime, username: str | None = None) -> None:
        with self.database.write() as session:
            _set(self.database, session, person_id, now=now, username=username, blocked_at=now)

    def unblock(self, person_id: int, *, now: datetime) -> None:
        with self.database.write() as session:
            _set(self.database, session, person_id, now=now, blocked_at=None)

    def forget_words(self, author_id: int, *, now: datetime) -> None:
        """No post, profile or mention of theirs is left, nor their name in what we said. Ids stay."""
        ours = select(ThreadRow.id).where(ThreadRow.author_id == author_id)
        with self.database.write() as session:
            _keep_name(session, author_id)
            posts = session.exec(select(PostRow.id).where(PostRow.author_id == author_id))
            remove_posts(session, dict.fromkeys(posts, "opted-out"), now=now)
            session.execute(delete(AuthorRow).where(col(AuthorRow.id) == author_id))
            drop_idle_names(session, author_id)
            for mention in session.exec(select(MentionRow).where(MentionRow.author_id == author_id)):
                mention.payload = wordless(mention.payload)
            session.execute(
                update(JobRow)
                .where(col(JobRow.thread_id).in_(ours), col(JobRow.state).in_(ENDED))
                .values(reply_text=None)
            )


def wordless(payload: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is kept of a mention whose author opted out: enough to answer it in its language."""
    post = (payload or {}).get("post") or {}
    return {"post": {name: post[name] for name in ("id", "lang") if name in post}}


def obey(
    database: Database,
    session: Session,
    person_id: int,
    kind: CommandKind,
    *,
    now: datetime,
    username: str | None = None,
) -> None:
    """The effect on the person. What a command does to pages is the flow's."""
    values: dict[str, Any] = {}
    if name := SETS.get(kind):
        values = {name: now}
    elif name := CLEARS.get(kind):
        values = {name: None}
    elif kind == "help":
        values = {"helped_on": now.date()}
    if values:
        _set(database, session, person_id, now=now, username=username, **values)


def overtaken(session: Session, person_id: int, kind: CommandKind, mention_id: int) -> bool:
    """Whether the same person has said the same or its opposite since: X can show an older mention later."""
    pair = next((pair for pair in OPPOSITES if kind in pair), ())
    query = select(MentionRow.id).where(
        MentionRow.author_id == person_id, col(MentionRow.decision).in_(pair), MentionRow.id > mention_id
    )
    return session.exec(query.limit(1)).first() is not None


def opted_out(session: Session, ids: Iterable[int]) -> set[int]:
    return {row.id for row in execute(session, OPTED_OUT, {"ids": list(set(ids))})}


def _set(
    database: Database,
    session: Session,
    person_id: int,
    *,
    now: datetime,
    username: str | None = None,
    **values: Any,
) -> None:
    database.insert_new(session, [PersonRow(id=person_id, updated_at=now)])
    row = session.get_one(PersonRow, person_id, with_for_update=True)
    for name, value in values.items():
        setattr(row, name, value)
    row.username = username or row.username or _name_of(session, person_id)
    row.updated_at = now
    session.flush()


def _keep_name(session: Session, person_id: int) -> None:
    """Under which the operator can find them again."""
    row = session.get(PersonRow, person_id)
    if row is not None and row.username is None:
        row.username = _name_of(session, person_id)


def _id_of(session: Session, name: str) -> int | None:
    """Who was last seen under a name: names change hands, numbers do not."""
    authors = select(AuthorRow.id).where(_same(AuthorRow.username, name)).order_by(_latest(AuthorRow))
    people = select(PersonRow.id).where(_same(PersonRow.username, name)).order_by(_latest(PersonRow))
    jobs = select(JobRow.author_id).where(
        _same(JobRow.author_username, name), col(JobRow.author_id).is_not(None)
    )
    for query in (authors, people, jobs.order_by(col(JobRow.id).desc())):
        found = session.exec(query.limit(1)).first()
        if found is not None:
            return found
    return None


def _name_of(session: Session, person_id: int) -> str | None:
    author = session.get(AuthorRow, person_id)
    if author is not None:
        return author.username
    query = select(JobRow.author_username).where(JobRow.author_id == person_id)
    return session.exec(query.order_by(col(JobRow.id).desc()).limit(1)).first()


def _same(column: Any, name: str) -> ColumnElement[bool]:
    return func.lower(column) == name.lower()


def _latest(table: type[AuthorRow | PersonRow]) -> Any:
    return col(table.updated_at).desc()


def _person(row: PersonRow | Row[Any]) -> Person:
    return Person(
        id=row.id,
        username=row.username,
        stopped_at=row.stopped_at,
        blocked_at=row.blocked_at,
        opted_out_at=row.opted_out_at,
        helped_on=row.helped_on,
    )
