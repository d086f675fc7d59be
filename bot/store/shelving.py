"""Onto the shelf and off it: what lists know of a page is written with the page, in the same commit."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy
from sqlalchemy import BindParameter, ScalarSelect, bindparam, update
from sqlmodel import Session, col, delete, func, select

from bot.domain import Author, Thread
from bot.rules import cards as rules
from bot.rules.cards import Card
from bot.rules.words import distinct, tag
from bot.store import search
from bot.store.database import Database, execute
from bot.store.inserts import insert, table_of, values_of
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
from bot.store.prepared import Prepared
from bot.store.printed import drop_prints_of

CARD, CARD_TAG, SHELF = table_of(CardRow), table_of(CardTagRow), table_of(AuthorShelfRow)
JOB, VERSION, READ = table_of(JobRow), table_of(ThreadVersionRow), table_of(ReadRow)
_OF_PAGE: BindParameter[Any] = bindparam("thread_id")
_OF: BindParameter[Any] = bindparam("of")

DROP_TAGS = Prepared(sqlalchemy.delete(CARD_TAG).where(CARD_TAG.c.thread_id == _OF_PAGE))
# When each of those who asked for a page did so for the first time: the second of them.
_FIRST = func.min(JOB.c.created_at)
_ASKED_AGAIN = (
    sqlalchemy.select(_FIRST.label("first_at"))
    .where(JOB.c.thread_id == _OF, JOB.c.kind == "unroll", JOB.c.requester_id.is_not(None))
    .group_by(JOB.c.requester_id)
    .order_by(_FIRST)
    .limit(1)
    .offset(1)
)
_SECOND = _ASKED_AGAIN.scalar_subquery()
ASKED_AGAIN = Prepared(_ASKED_AGAIN)
MARK_ASKED = Prepared(
    update(CARD)
    .where(CARD.c.thread_id == _OF, CARD.c.asked_again_at.is_(None), _SECOND.is_not(None))
    .values(asked_again_at=_SECOND)
)
FIRST_MADE = Prepared(sqlalchemy.select(func.min(VERSION.c.made_at)).where(VERSION.c.thread_id == _OF_PAGE))
READS = Prepared(
    sqlalchemy.select(func.coalesce(func.sum(READ.c.reads), 0)).where(READ.c.thread_id == _OF_PAGE)
)
_CARDS = sqlalchemy.select(func.count()).select_from(CARD).where(CARD.c.author_id == _OF)
COUNT_CARDS = Prepared(update(SHELF).where(SHELF.c.author_id == _OF).values(cards=_CARDS.scalar_subquery()))


def shelve(
    database: Database, session: Session, row: ThreadRow, thread: Thread, *, new: bool = False
) -> None:
    """The page stands on the shelf as it is now. Of a `new` one there is nothing yet to be replaced."""
    if row.gone_at is not None or row.unlisted_at is not None:
        return
    made = rules.card(thread)
    text = rules.searched(thread)
    database.upsert_values(session, CardRow, [_card_values(session, row, made, new=new)])
    database.upsert_values(session, CardTextRow, [values_of(CardTextRow, thread_id=row.id, text=text)])
    tags = {folded for each in made.tags if (folded := tag(each))}
    if not new:
        execute(session, DROP_TAGS, {"thread_id": row.id})
    database.insert_new_values(
        session, CardTagRow, [values_of(CardTagRow, tag=each, thread_id=row.id) for each in tags]
    )
    words = distinct([text], rules.MOST_WORDS)
    search.index(database, session, row.id, head=rules.head_words(made), body=words, new=new)
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
    execute(session, MARK_ASKED, {"of": thread_id})


def recount(session: Session, thread_ids: list[int]) -> None:
    """The reads of a week, as the counts of its days say."""
    statement = update(CardRow).where(col(CardRow.thread_id).in_(thread_ids))
    session.execute(statement.values(reads=reads_of(CardRow.thread_id)))


def reads_of(thread_id: object) -> ScalarSelect[int]:
    query = select(func.coalesce(func.sum(ReadRow.reads), 0)).where(col(ReadRow.thread_id) == thread_id)
    return query.scalar_subquery()


def keep_names(database: Database, session: Session, authors: list[Author]) -> None:
    """A name leads to whoever bore it last."""
    names = {author.username.lower(): author.id for author in authors}
    rows = [values_of(AuthorNameRow, name=name, author_id=author_id) for name, author_id in names.items()]
    database.upsert_values(session, AuthorNameRow, rows)


def drop_idle_names(session: Session, author_id: int | None = None) -> None:
    """Of whom no profile is kept, no name is kept either; one author's, or everybody's."""
    statement = delete(AuthorNameRow).where(col(AuthorNameRow.author_id).not_in(select(AuthorRow.id)))
    if author_id is not None:
        statement = statement.where(col(AuthorNameRow.author_id) == author_id)
    session.execute(statement)


def _card_values(session: Session, row: ThreadRow, made: Card, *, new: bool) -> dict[str, Any]:
    of_page = {"thread_id": row.id}
    made_at = None if new else execute(session, FIRST_MADE, of_page).scalar()
    return values_of(
        CardRow,
        thread_id=row.id,
        author_id=row.author_id,
        username=made.author.username,
        name=made.author.name,
        avatar_url=made.author.avatar_url,
        written_at=made.written_at,
        made_at=made_at or row.fetched_at,
        asked_again_at=execute(session, ASKED_AGAIN, {"of": row.id}).scalar(),
        confirmed_at=row.confirmed_at or row.fetched_at,
        title=made.title,
        opening=made.opening,
        lang=made.lang,
        direction=made.direction,
        posts=made.posts,
        minutes=made.minutes,
        picture_url=made.picture_url,
        tags=list(made.tags),
        reads=0 if new else execute(session, READS, of_page).scalar() or 0,
    )


def _turn(database: Database, session: Session, author_id: int) -> None:
    """Lists by this author are not what they were; who comes later waits here, and then counts us too."""
    execute(session, _turned(sqlite=database.is_sqlite), {"of": author_id})
    execute(session, COUNT_CARDS, {"of": author_id})
    drop_prints_of(session, author_id)


@cache
def _turned(*, sqlite: bool) -> Prepared:
    """Holds the shelf until the transaction ends."""
    statement = insert(SHELF, sqlite=sqlite).values(author_id=_OF, revision=1, cards=0)
    return Prepared(
        statement.on_conflict_do_update(index_elements=["author_id"], set_={"revision": SHELF.c.revision + 1})
    )
