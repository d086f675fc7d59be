"""Cards: what lists show of pages. See `bot.store.shelving` for how they come and go.

What a list may show is one condition, `_stands`: the rule and its reasons are in `bot.rules.listing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, false, or_
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.domain import Author, Job
from bot.rules.cards import Card
from bot.rules.listing import Listing
from bot.rules.words import Question, passage, tag
from bot.store import search
from bot.store.database import Database
from bot.store.jobrows import OPEN_STATES, as_job
from bot.store.media import Picture, stored_pictures
from bot.store.models import AuthorNameRow, AuthorRow, CardRow, CardTagRow, CardTextRow, JobRow

# Where a list goes on: the last one's place in its order, then its id.
Place = tuple[int, int]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# A search shows first the pages that have the words in title, author or hashtags, then those that have
# them in the text, the newest first in both.
IN_HEAD, IN_TEXT = 1, 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in a list. `passage` is where a search found its words: stretches, and whether each is a hit."""

    card: Card
    made_at: datetime
    confirmed_at: datetime
    reads: int = 0
    passage: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Entries:
    """One page of a list, with our copies of its pictures; `next` is where to go on, None at the end."""

    entries: tuple[Entry, ...] = ()
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    next: Place | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of somebody, with the page it led to where that may be shown."""

    job: Job
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class Cards:
    database: Database

    def author(self, name: str) -> Author | None:
        """Who bears that username or bore it last, in any case."""
        with self.database.read() as session:
            known = session.get(AuthorNameRow, name.lower())
            row = session.get(AuthorRow, known.author_id) if known else None
            return Author(row.id, row.username, row.name, row.avatar_url, row.bio) if row else None

    def of_author(
        self, author_id: int, listing: Listing, *, before: Place | None = None, limit: int, besides: int = 0
    ) -> Entries:
        """An author's, newest first; `besides` one thread of theirs."""
        query = (
            select(CardRow)
            .where(CardRow.author_id == author_id, CardRow.thread_id != besides, *stands(listing))
            .order_by(col(CardRow.thread_id).desc())
        )
        if before is not None:
            query = query.where(CardRow.thread_id < before[1])
        with self.database.read() as session:
            return _entries(session, query, limit, lambda row: (0, row.thread_id))

    def count_of_author(self, author_id: int, listing: Listing) -> int:
        query = select(func.count()).select_from(CardRow)
        with self.database.read() as session:
            return session.exec(query.where(CardRow.author_id == author_id, *stands(listing))).one()

    def recent(self, listing: Listing, *, before: Place | None = None, limit: int) -> Entries:
        """The pages that came into public lists last."""
        name = "made_at" if listing.policy == "all" else "asked_again_at"
        came = col(getattr(CardRow, name))
        query = select(CardRow).where(*stands(listing, anywhere=True))
        query = query.order_by(came.desc(), col(CardRow.thread_id).desc())
        if before is not None:
            moment = EPOCH + before[0] * MICROSECOND
            query = query.where(came <= moment, or_(came < moment, col(CardRow.thread_id) < before[1]))
        with self.database.read() as session:
            return _entries(session, query, limit, lambda row: (_micros(getattr(row, name)), row.thread_id))

    def popular(self, listing: Listing, *, before: Place | None = None, limit: int) -> Entries:
        """The most read in seven days."""
        reads = col(CardRow.reads)
        query = select(CardRow).where(reads > 0, *stands(listing, anywhere=True))
        query = query.order_by(reads.desc(), col(CardRow.thread_id).desc())
        if before is not None:
            query = query.where(
                reads <= before[0], or_(reads < before[0], col(CardRow.thread_id) < before[1])
            )
        with self.database.read() as session:
            return _entries(session, query, limit, lambda row: (row.reads, row.thread_id))

    def tagged(self, name: str, listing: Listing, *, before: Place | None = None, limit: int) -> Entries:
        """With a hashtag, newest first."""
        query = (
            select(CardRow)
            .join(CardTagRow, col(CardTagRow.thread_id) == col(CardRow.thread_id))
            .where(CardTagRow.tag == tag(name), *stands(listing, anywhere=True))
            .order_by(col(CardTagRow.thread_id).desc())
        )
        if before is not None:
            query = query.where(CardTagRow.thread_id < before[1])
        with self.database.read() as session:
            return _entries(session, query, limit, lambda row: (0, row.thread_id))

    def search(
        self, asked: Question, listing: Listing, *, before: Place | None = None, limit: int
    ) -> Entries:
        """The pages that have all words of a question; see `IN_HEAD`. The passages come with them."""
        if not asked:
            return Entries()
        rows: list[tuple[CardRow, Place]] = []
        with self.database.read() as session:
            search.prepare(self.database, session)
            for rank in (IN_HEAD, IN_TEXT):
                if before is not None and before[0] < rank:
                    continue
                below = before[1] if before is not None and before[0] == rank else None
                found = self._found(session, asked, listing, rank, below, limit + 1 - len(rows))
                rows += [(row, (rank, row.thread_id)) for row in found]
                if len(rows) > limit:
                    break
            shown = [row for row, _ in rows[:limit]]
            texts = select(CardTextRow).where(
                col(CardTextRow.thread_id).in_([row.thread_id for row in shown])
            )
            titles = {row.thread_id: row.title for row in shown}
            passages = {
                row.thread_id: passage(_below(row.text, titles[row.thread_id]), asked)
                for row in session.exec(texts)
            }
            return Entries(
                tuple(_entry(row, passages.get(row.thread_id, ())) for row in shown),
                _pictures(session, shown),
                rows[limit - 1][1] if len(rows) > limit else None,
            )

    def _found(
        self, session: Session, asked: Question, listing: Listing, rank: int, below: int | None, wanted: int
    ) -> Sequence[CardRow]:
        found: Sequence[CardRow] = []
        for way in search.ways(self.database, asked, in_head=rank == IN_HEAD, below=below):
            query = (
                select(CardRow)
                .join(way.rows, way.thread_id == col(CardRow.thread_id))
                .where(*way.conditions, *stands(listing, anywhere=True))
                .order_by(way.thread_id.desc())
                .limit(wanted)
            )
            found = session.exec(query).all()
            if len(found) == wanted:
                break
        return found

    def asked_by(
        self, requester_id: int, listing: Listing, *, before: Place | None = None, limit: int
    ) -> tuple[tuple[Asked, ...], Mapping[str, Picture], Place | None]:
        """What somebody asked for, the last first: with its page, or still open; what came to nothing is
        left out. Each page once.
        """
        query = (
            select(JobRow)
            .where(JobRow.requester_id == requester_id, JobRow.kind == "unroll")
            .order_by(col(JobRow.id).desc())
        )
        if before is not None:
            query = query.where(col(JobRow.id) < before[1])
        with self.database.read() as session:
            jobs = [as_job(row) for row in session.exec(query.limit(limit + 1))]
            threads = {job.thread_id for job in jobs[:limit]}
            cards = select(CardRow).where(col(CardRow.thread_id).in_(threads), *stands(listing))
            rows = {row.thread_id: row for row in session.exec(cards)}
            asked = tuple(_asked(jobs[:limit], rows))
            pictures = _pictures(session, list(rows.values()))
        return asked, pictures, (0, jobs[limit - 1].id) if len(jobs) > limit else None

    def map(self, listing: Listing, *, limit: int, after: int = 0) -> list[tuple[int, datetime]]:
        """The pages that search engines may know, the newest first, and when each was confirmed; without the
        first so many.
        """
        query = select(CardRow.thread_id, CardRow.confirmed_at).where(*stands(listing, anywhere=True))
        query = query.order_by(col(CardRow.thread_id).desc()).limit(limit).offset(after)
        with self.database.read() as session:
            return list(session.exec(query).all())

    def count_map(self, listing: Listing, *, most: int) -> int:
        """How many pages search engines may know, counted up to `most`."""
        some = select(CardRow.thread_id).where(*stands(listing, anywhere=True)).limit(most).subquery()
        with self.database.read() as session:
            return session.exec(select(func.count()).select_from(some)).one()

    def purge(self) -> None:
        """What was deleted leaves no bytes in the index of words."""
        search.purge(self.database)


def stands(listing: Listing, *, anywhere: bool = False) -> Iterator[ColumnElement[bool]]:
    """Whether a card stands in its author's lists, or `anywhere`: `Listing`'s two questions in SQL."""
    if listing.confirmed_since is not None:
        yield col(CardRow.confirmed_at) >= listing.confirmed_since
    if anywhere and listing.policy == "asked-twice":
        yield col(CardRow.asked_again_at).is_not(None)
    if anywhere and listing.policy == "none":
        yield false()


def _entries(session: Session, query: SelectOfScalar[CardRow], limit: int, place: Any) -> Entries:
    rows = session.exec(query.limit(limit + 1)).all()
    shown = rows[:limit]
    more = place(shown[-1]) if len(rows) > limit else None
    return Entries(tuple(_entry(row) for row in shown), _pictures(session, shown), more)


def card(row: CardRow) -> Card:
    return Card(
        thread_id=row.thread_id,
        author=Author(row.author_id, row.username, row.name, row.avatar_url),
        written_at=row.written_at,
        title=row.title,
        opening=row.opening,
        lang=row.lang,
        direction=row.direction,
        posts=row.posts,
        minutes=row.minutes,
        picture_url=row.picture_url,
        tags=tuple(row.tags),
    )


def _entry(row: CardRow, found: tuple[tuple[str, bool], ...] = ()) -> Entry:
    return Entry(card(row), row.made_at, row.confirmed_at, row.reads, found)


def _below(text: str, title: str) -> str:
    """A text without its title, which stands above it."""
    return text.partition("\n")[2] if title else text


def _pictures(session: Session, rows: Sequence[CardRow]) -> Mapping[str, Picture]:
    urls = {url for row in rows for url in (row.avatar_url, row.picture_url) if url}
    return stored_pictures(session, urls) if urls else {}


def _asked(jobs: Iterable[Job], cards: Mapping[int, CardRow]) -> Iterator[Asked]:
    seen: set[int] = set()
    for job in jobs:
        row = cards.get(job.thread_id) if job.thread_id is not None else None
        if row is not None and row.thread_id not in seen:
            seen.add(row.thread_id)
            yield Asked(job, _entry(row))
        elif row is None and job.state in OPEN_STATES:
            yield Asked(job, None)


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND
