"""Who follows whom by e-mail: asked for, confirmed, ended. An address that follows nobody is not kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, select, update

from bot.domain import Author
from bot.rules.letters import ASKED_AT_MOST_EVERY, CONFIRM_WITHIN
from bot.store.database import Database
from bot.store.models import AuthorRow, LetterRow, LetterThreadRow, SubscriberRow, SubscriptionRow

TOKEN_BYTES = 16


@dataclass(frozen=True, slots=True)
class Pending:
    """What an address may say yes to: these authors, up to the subscription of that number."""

    authors: tuple[Author, ...]
    newest: int


@dataclass(frozen=True, slots=True)
class Followed:
    """Whom the letters are about; None for the author where no profile of theirs is kept."""

    author: Author | None


@dataclass(frozen=True, slots=True)
class Follower:
    """An address and whom it follows, by X's numbers, or is still asked about."""

    address: str
    follows: tuple[int, ...]
    pending: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Subscriptions:
    database: Database

    def ask(self, address: str, author_id: int, *, now: datetime) -> None:
        """The address is asked whether it wants that; one that follows already is left in peace."""
        with self.database.write() as session:
            subscriber = _subscriber(self.database, session, address)
            session.execute(
                self.database.insert(SubscriptionRow)
                .values(subscriber_id=subscriber.id, author_id=author_id, token=new_token(), created_at=now)
                .on_conflict_do_nothing(index_elements=["subscriber_id", "author_id"])
            )
            if _waits_for(session, subscriber, author_id):
                _write_to(session, subscriber, now)

    def pending(self, token: str, *, now: datetime) -> Pending | None:
        """What the token of a letter asks about; None where it has run out or was answered."""
        with self.database.read() as session:
            subscriber = _asked(session, token, now)
            return pending(session, subscriber) if subscriber else None

    def confirm(self, token: str, newest: int, *, now: datetime) -> tuple[Author, ...]:
        """Yes to what was shown; what came in beside it is asked about anew. Who is followed from now on."""
        with self.database.write() as session:
            subscriber = _asked(session, token, now)
            if subscriber is None:
                return ()
            shown = pending(session, subscriber, up_to=newest)
            subscriber.confirm_hash = subscriber.asked_at = None
            said = _of(subscriber), col(SubscriptionRow.id) <= newest, _waits()
            session.execute(update(SubscriptionRow).where(*said).values(confirmed_at=now))
            if pending(session, subscriber).authors:
                _write_to(session, subscriber, now)
            return shown.authors

    def find(self, token: str) -> Followed | None:
        """What a token ends."""
        query = (
            select(SubscriptionRow, AuthorRow)
            .outerjoin(AuthorRow, col(SubscriptionRow.author_id) == col(AuthorRow.id))
            .where(SubscriptionRow.token == token)
        )
        with self.database.read() as session:
            found = session.exec(query).first()
            return Followed(_author(found[1]) if found[1] else None) if found else None

    def end(self, token: str) -> bool:
        """No more letters about that author; the address goes with the last of them."""
        with self.database.write() as session:
            row = session.exec(select(SubscriptionRow).where(SubscriptionRow.token == token)).first()
            if row is not None:
                _end(session, [row])
            return row is not None

    def forget(self, token: str) -> bool:
        """The address of whoever has that token goes, and with it all that it followed."""
        with self.database.write() as session:
            row = session.exec(select(SubscriptionRow).where(SubscriptionRow.token == token)).first()
            if row is not None:
                drop(session, [row.subscriber_id])
            return row is not None

    def forget_address(self, address: str) -> bool:
        with self.database.write() as session:
            query = select(SubscriberRow.id).where(SubscriberRow.key == key(address))
            found = session.exec(query).first()
            if found is not None:
                drop(session, [found])
            return found is not None

    def end_author(self, author_id: int) -> None:
        """Nobody follows them any more."""
        with self.database.write() as session:
            _end(
                session,
                session.exec(select(SubscriptionRow).where(SubscriptionRow.author_id == author_id)).all(),
            )

    def followers(self) -> list[Follower]:
        """Everybody, by address."""
        with self.database.read() as session:
            subscriptions = session.exec(select(SubscriptionRow).order_by(col(SubscriptionRow.id))).all()
            subscribers = session.exec(select(SubscriberRow).order_by(col(SubscriberRow.key))).all()
        return [
            Follower(
                each.address,
                tuple(s.author_id for s in subscriptions if s.subscriber_id == each.id and s.confirmed_at),
                tuple(
                    s.author_id for s in subscriptions if s.subscriber_id == each.id and not s.confirmed_at
                ),
            )
            for each in subscribers
        ]

    def drop_unanswered(self, *, now: datetime) -> None:
        """Who has not said yes in time is forgotten. The letter may have waited for a day."""
        old = col(SubscriptionRow.created_at) < now - CONFIRM_WITHIN - ASKED_AT_MOST_EVERY
        with self.database.write() as session:
            _end(session, session.exec(select(SubscriptionRow).where(old, _waits())).all())


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def hashed(token: str) -> str:
    """Enough for what is as random as a token, see `new_token`."""
    return hashlib.sha256(token.encode()).hexdigest()


def key(address: str) -> str:
    """One form for an address: no host in use tells capital letters from small ones."""
    return address.strip().lower()


def pending(session: Session, subscriber: SubscriberRow, *, up_to: int | None = None) -> Pending:
    query = (
        select(AuthorRow, SubscriptionRow.id)
        .join(SubscriptionRow, col(SubscriptionRow.author_id) == col(AuthorRow.id))
        .where(_of(subscriber), _waits())
        .order_by(col(SubscriptionRow.id))
    )
    if up_to is not None:
        query = query.where(col(SubscriptionRow.id) <= up_to)
    found = session.exec(query).all()
    return Pending(tuple(_author(row) for row, _ in found), max((n or 0 for _, n in found), default=0))


def drop(session: Session, subscriber_ids: Iterable[int]) -> None:
    ids = list(subscriber_ids)
    for table in (LetterThreadRow, LetterRow, SubscriptionRow):
        session.execute(delete(table).where(col(table.subscriber_id).in_(ids)))
    session.execute(delete(SubscriberRow).where(col(SubscriberRow.id).in_(ids)))


def _end(session: Session, rows: Iterable[SubscriptionRow]) -> None:
    """Letters about it that wait are not sent; who follows nobody else is dropped."""
    subscribers = set()
    for row in rows:
        subscribers.add(row.subscriber_id)
        waiting = select(LetterRow.id).where(
            LetterRow.subscriber_id == row.subscriber_id,
            LetterRow.author_id == row.author_id,
            LetterRow.state == "queued",
        )
        letters = session.exec(waiting).all()
        session.execute(delete(LetterThreadRow).where(col(LetterThreadRow.letter_id).in_(letters)))
        session.execute(delete(LetterRow).where(col(LetterRow.id).in_(letters)))
        session.delete(row)
    session.flush()
    kept = session.exec(
        select(SubscriptionRow.subscriber_id).where(col(SubscriptionRow.subscriber_id).in_(subscribers))
    )
    drop(session, subscribers - set(kept))


def _subscriber(database: Database, session: Session, address: str) -> SubscriberRow:
    statement = database.insert(SubscriberRow).values(key=key(address), address=address.strip())
    session.execute(statement.on_conflict_do_nothing(index_elements=["key"]))
    query = select(SubscriberRow).where(SubscriberRow.key == key(address)).with_for_update()
    return session.exec(query).one()


def _asked(session: Session, token: str, now: datetime) -> SubscriberRow | None:
    query = select(SubscriberRow).where(SubscriberRow.confirm_hash == hashed(token)).with_for_update()
    row = session.exec(query).first()
    in_time = row is not None and row.asked_at is not None and now < row.asked_at + CONFIRM_WITHIN
    return row if in_time else None


def _waits_for(session: Session, subscriber: SubscriberRow, author_id: int) -> bool:
    query = select(SubscriptionRow.id).where(
        _of(subscriber), SubscriptionRow.author_id == author_id, _waits()
    )
    return session.exec(query).first() is not None


def _write_to(session: Session, subscriber: SubscriberRow, now: datetime) -> None:
    """One letter that asks about all that waits for an answer, a day after the last that had none."""
    asked = subscriber.asked_at
    due = now if asked is None else max(now, asked + ASKED_AT_MOST_EVERY)
    theirs = LetterRow.subscriber_id == subscriber.id, col(LetterRow.author_id).is_(None)
    query = select(LetterRow).where(*theirs, col(LetterRow.state).in_(["queued", "sending"]))
    if (waiting := session.exec(query).first()) is not None:
        waiting.not_before = min(waiting.not_before, due)
        return
    assert subscriber.id is not None  # noqa: S101 - it was read
    session.add(LetterRow(subscriber_id=subscriber.id, not_before=due, created_at=now, updated_at=now))


def _of(subscriber: SubscriberRow) -> ColumnElement[bool]:
    return col(SubscriptionRow.subscriber_id) == subscriber.id


def _waits() -> ColumnElement[bool]:
    return col(SubscriptionRow.confirmed_at).is_(None)


def _author(row: AuthorRow) -> Author:
    return Author(row.id, row.username, row.name)
