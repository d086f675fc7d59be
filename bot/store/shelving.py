"""Onto the shelf and off it: what lists know of a page is written with the page, in the same commit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ScalarSelect, update
from sqlmodel import Session, col, delete, func, select

from bot.domain import Author, Thread
from bot.rules import cards as rules
from bot.rules.cards import Card
from bot.rules.words import distinct, tag
from bot.store import search
from bot.store.database import Database
from bot.store.models import (
    AuthorNameRow,
    AuthorRow,
    AuthorShelfRow,
    CardRow,
    CardTagRow,
    CardTextRow,
    JobRow,
    ReadRow,
    ThreadRow,
    ThreadVersionRow,
)
from bot.store.printed import drop_prints_of


def shelve(database: Database, session: Session, row: ThreadRow, thread: Thread) -> None:
    """The page stands on the shelf as it is now."""
    if row.gone_at is not None or row.unlisted_at is not None:
        return
    made = rules.card(thread)
    text = rules.searched(thread)
    database.upsert(session, [_card_row(session, row, made)])
    database.upsert(session, [CardTextRow(thread_id=row.id, text=text)])
    tags = {folded for each in made.tags if (folded := tag(each))}
    session.execute(delete(CardTagRow).where(col(CardTagRow.thread_id) == row.id))
    database.insert_new(session, [CardTagRow(tag=each, thread_id=row.id) for each in tags])
    words = distinct([text], rules.MOST_WORDS)
    search.index(database, session, row.id, head=rules.head_words(made), body=words)
    _turn(database, session, row.author_id)


def confirm(database: Database, session: Session, row: ThreadRow, thread: Thread) -> None:
    """X has confirmed the page as it was; one from before there were cards comes onto the shelf now."""
    statement = update(CardRow).where(col(CardRow.thread_id) == row.id).values(confirmed_at=row.confirmed_at)
    if session.execute(statement.returning(col(CardRow.thread_id))).first() is None:
        shelve(database, session, row, thread)


def unshelve(database: Database, session: Session, thread_id: int, author_id: int) -> None:
    """No list leads to the page any more."""
    for table in (CardRow, CardTagRow, CardTextRow):
        session.execute(delete(table).where(col(table.thread_id) == thread_id))
    search.unindex(database, session, thread_id)
    _turn(database, session, author_id)


def mark_asked(session: Session, thread_id: int) -> None:
    """Notes when a second person has asked for the page, once there is one."""
    waits = col(CardRow.thread_id) == thread_id, col(CardRow.asked_again_at).is_(None)
    if session.exec(select(CardRow.thread_id).where(*waits)).first() is not None:
        session.execute(update(CardRow).where(*waits).values(asked_again_at=_asked_again(session, thread_id)))


def recount(session: Session, thread_ids: list[int]) -> None:
    """The reads of a week, as the counts of its days say."""
    statement = update(CardRow).where(col(CardRow.thread_id).in_(thread_ids))
    session.execute(statement.values(reads=reads_of(CardRow.thread_id)))


def reads_of(thread_id: object) -> ScalarSelect[int]:
    query = select(func.coalesce(func.sum(ReadRow.reads), 0)).where(col(ReadRow.thread_id) == thread_id)
    return query.scalar_subquery()


def keep_names(database: Database, session: Session, authors: list[Author]) -> None:
    """A name leads to whoever bore it last."""
    rows = {
        author.username.lower(): AuthorNameRow(name=author.username.lower(), author_id=author.id)
        for author in authors
    }
    database.upsert(session, list(rows.values()))


def drop_idle_names(session: Session, author_id: int | None = None) -> None:
    """Of whom no profile is kept, no name is kept either; one author's, or everybody's."""
    statement = delete(AuthorNameRow).where(col(AuthorNameRow.author_id).not_in(select(AuthorRow.id)))
    if author_id is not None:
        statement = statement.where(col(AuthorNameRow.author_id) == author_id)
    session.execute(statement)


def _card_row(session: Session, row: ThreadRow, made: Card) -> CardRow:
    first = select(func.min(ThreadVersionRow.made_at)).where(ThreadVersionRow.thread_id == row.id)
    return CardRow(
        thread_id=row.id,
        author_id=row.author_id,
        username=made.author.username,
        name=made.author.name,
        avatar_url=made.author.avatar_url,
        written_at=made.written_at,
        made_at=session.exec(first).one() or row.fetched_at,
        asked_again_at=_asked_again(session, row.id),
        confirmed_at=row.confirmed_at or row.fetched_at,
        title=made.title,
        opening=made.opening,
        lang=made.lang,
        direction=made.direction,
        posts=made.posts,
        minutes=made.minutes,
        picture_url=made.picture_url,
        tags=list(made.tags),
        reads=session.exec(select(reads_of(row.id))).one(),
    )


def _asked_again(session: Session, thread_id: int) -> datetime | None:
    first = func.min(JobRow.created_at)
    query = (
        select(first)
        .where(JobRow.thread_id == thread_id, JobRow.kind == "unroll", col(JobRow.requester_id).is_not(None))
        .group_by(col(JobRow.requester_id))
        .order_by(first)
        .limit(2)
    )
    asked = session.exec(query).all()
    return asked[1] if len(asked) > 1 else None


def _turn(database: Database, session: Session, author_id: int) -> None:
    """Lists by this author are not what they were; who comes later waits here, and then counts us too."""
    database.insert_new(session, [AuthorShelfRow(author_id=author_id, revision=0, cards=0)])
    statement = update(AuthorShelfRow).where(col(AuthorShelfRow.author_id) == author_id)
    session.execute(statement.values(revision=col(AuthorShelfRow.revision) + 1))
    cards = select(func.count()).select_from(CardRow).where(col(CardRow.author_id) == author_id)
    session.execute(statement.values(cards=cards.scalar_subquery()))
    drop_prints_of(session, author_id)
