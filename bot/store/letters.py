"""The outbox: letters to be sent, marked before they are, and what became of them.

queued -> (mark) sending -> sent, failed, or queued again where the server surely did not take it
                         -> unknown: the line was cut, or the worker died. Never sent a second time.
queued -> dropped: nothing is left to tell
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, delete, func, or_, select

from bot.rules.letters import AT_MOST_EVERY, KEPT_FOR, NEWS_FOR, TOO_OLD, Letter
from bot.rules.listing import Listing
from bot.settings import CLOCKS_APART, LEASE
from bot.store.cards import card, stands
from bot.store.database import Database
from bot.store.models import CardRow, LetterRow, LetterThreadRow, SubscriberRow, SubscriptionRow, UtcDateTime
from bot.store.subscriptions import drop, hashed, new_token, pending

# Rows of news that are taken up at once, and letters that one wake-up may look at.
BATCH = 500

# A wake-up that nothing came of for this long is taken for lost; a letter whose worker said nothing too.
WAKE_UP_LOST = timedelta(minutes=2)
WORKER_LOST = 2 * LEASE

# A letter that is due, by a clock a little ahead too, may be in a worker's hands: it takes no more in.
OPEN_BEFORE = timedelta(minutes=1)

State = Literal["sent", "failed", "unknown"]
ENDED = ("sent", "failed", "unknown", "dropped")


@dataclass(frozen=True, slots=True)
class Letters:
    database: Database

    def announce(self, listing: Listing, *, now: datetime, since: datetime | None = None) -> int:
        """Notes every page that came into its author's list since somebody follows them, and not before
        `since`; how many notes.
        """
        oldest = max(now - NEWS_FOR, since or now - NEWS_FOR)
        with self.database.read() as session:
            if session.execute(_news(listing, oldest).limit(1)).first() is None:
                return 0
        with self.database.write() as session:
            news = session.execute(_news(listing, oldest)).all()
            told: dict[tuple[int, int], list[int]] = defaultdict(list)
            for subscriber_id, author_id, thread_id in news:
                told[subscriber_id, author_id].append(thread_id)
            for (subscriber_id, author_id), threads in told.items():
                letter_id = _open_letter(session, subscriber_id, author_id, now)
                rows = [
                    LetterThreadRow(subscriber_id=subscriber_id, thread_id=each, letter_id=letter_id)
                    for each in threads
                ]
                self.database.insert_new(session, rows)
            return len(news)

    def wake_up(self, *, now: datetime) -> bool:
        """Whether a worker is to be woken for letters, which are then marked as sent for."""
        sent = col(LetterRow.enqueued_at)
        unsent = or_(sent.is_(None), sent < now - WAKE_UP_LOST, sent > now + CLOCKS_APART)
        with self.database.write() as session:
            due = session.exec(select(LetterRow.id).where(_due(now), unsent).limit(1)).first()
            if due is None:
                return False
            session.execute(update(LetterRow).where(_due(now)).values(enqueued_at=now))
            return True

    def unsend(self) -> None:
        """What is left when a worker stops is woken for by the next tick."""
        statement = update(LetterRow).where(col(LetterRow.state) == "queued")
        with self.database.write() as session:
            session.execute(statement.values(enqueued_at=None))

    def due(self, *, now: datetime) -> list[int]:
        """Questions first: somebody waits for them."""
        query = select(LetterRow.id).where(_due(now)).limit(BATCH)
        with self.database.read() as session:
            found = session.exec(query.order_by(col(LetterRow.author_id).is_not(None), col(LetterRow.id)))
            return [each for each in found if each is not None]

    def sent_on_day_of(self, now: datetime) -> int:
        """How many went out on that UTC day, or may have."""
        midnight = datetime.combine(now.astimezone(UTC).date(), time.min, UTC)
        query = select(func.count()).select_from(LetterRow).where(col(LetterRow.started_at) >= midnight)
        with self.database.read() as session:
            return session.exec(query).one()

    def read(self, letter_id: int, listing: Listing, *, now: datetime) -> Letter | None:
        """The letter as it is to be written now; None where nothing is left to say, or it is not to go."""
        with self.database.write() as session:
            row = session.get(LetterRow, letter_id, with_for_update=True)
            if row is None or row.state != "queued":
                return None
            subscriber = session.get(SubscriberRow, row.subscriber_id)
            letter = _letter(session, row, subscriber, listing) if subscriber else None
            if letter is None:
                row.state, row.updated_at = "dropped", now
            return letter

    def start(self, letter: Letter, *, now: datetime) -> bool:
        """The mark before it is sent: False where it is another's, or nobody's any more."""
        statement = update(LetterRow).where(col(LetterRow.id) == letter.id, col(LetterRow.state) == "queued")
        with self.database.write() as session:
            marked = session.execute(
                statement.values(state="sending", started_at=now, updated_at=now).returning(
                    col(LetterRow.subscriber_id)
                )
            ).first()
            if marked is not None and letter.kind == "confirm":
                asked = update(SubscriberRow).where(col(SubscriberRow.id) == marked[0])
                session.execute(asked.values(confirm_hash=hashed(letter.token), asked_at=now))
            return marked is not None

    def end(self, letter: Letter, state: State, *, now: datetime, reason: str = "", detail: str = "") -> None:
        """Also for one that was taken for lost meanwhile."""
        values = {"state": state, "reason": reason or None, "detail": detail or None}
        self._write(letter, "queued", "sending", "unknown", updated_at=now, **values)

    def wait(self, letter: Letter, until: datetime, *, now: datetime, reason: str, detail: str) -> int:
        """It surely was not taken, and is tried again; how often it has been refused so far."""
        values = {"state": "queued", "started_at": None, "enqueued_at": None, "not_before": until}
        told = {"reason": reason, "detail": detail, "refusals": col(LetterRow.refusals) + 1}
        return self._write(letter, "queued", "sending", updated_at=now, **values, **told)

    def put_back(self, letter: Letter, *, now: datetime) -> None:
        """It surely was not taken, for a reason that is not its own."""
        self._write(letter, "sending", state="queued", started_at=None, updated_at=now)

    def put_off(self, until: datetime, *, now: datetime) -> None:
        """Nothing goes out before that time."""
        with self.database.write() as session:
            statement = update(LetterRow).where(_due(now))
            session.execute(statement.values(not_before=until, enqueued_at=None))

    def bounce(self, letter: Letter) -> None:
        """There is no such address: it is forgotten."""
        with self.database.write() as session:
            row = session.get(LetterRow, letter.id)
            if row is not None:
                drop(session, [row.subscriber_id])

    def give_up_lost(self, *, now: datetime) -> int:
        """Letters whose worker died while it sent them: they may have arrived, and are not sent again."""
        lost = col(LetterRow.state) == "sending", col(LetterRow.updated_at) < now - WORKER_LOST
        with self.database.write() as session:
            statement = update(LetterRow).where(*lost).values(state="unknown", reason="worker-lost")
            return len(session.execute(statement.returning(col(LetterRow.id))).all())

    def give_up_older(self, than: datetime, *, now: datetime) -> int:
        """Letters of a backup may have gone out after it was made, and are not sent again."""
        older = col(LetterRow.state).in_(["queued", "sending"]), col(LetterRow.created_at) < than
        with self.database.write() as session:
            statement = update(LetterRow).where(*older)
            given_up = statement.values(state="unknown", reason="restored", updated_at=now)
            return len(session.execute(given_up.returning(col(LetterRow.id))).all())

    def give_up_unsent(self, *, now: datetime) -> None:
        """What could not be sent for days is news no more."""
        old = _queued(), col(LetterRow.not_before) < now, col(LetterRow.created_at) < now - TOO_OLD
        with self.database.write() as session:
            statement = update(LetterRow).where(*old)
            session.execute(statement.values(state="failed", reason="too-old", updated_at=now))

    def drop_old(self, *, now: datetime) -> None:
        old = col(LetterRow.state).in_(ENDED), col(LetterRow.updated_at) < now - KEPT_FOR
        with self.database.write() as session:
            gone = [
                row[0] for row in session.execute(delete(LetterRow).where(*old).returning(col(LetterRow.id)))
            ]
            session.execute(delete(LetterThreadRow).where(col(LetterThreadRow.letter_id).in_(gone)))

    def count_by_state(self) -> dict[str, int]:
        query = select(LetterRow.state, func.count()).group_by(col(LetterRow.state))
        with self.database.read() as session:
            return dict(session.exec(query).all())

    def _write(self, letter: Letter, *states: str, **values: Any) -> int:
        statement = update(LetterRow).where(col(LetterRow.id) == letter.id, col(LetterRow.state).in_(states))
        with self.database.write() as session:
            changed = session.execute(statement.values(**values).returning(col(LetterRow.refusals))).first()
            return changed[0] if changed else 0


def _news(listing: Listing, oldest: datetime) -> Any:
    told = (
        select(LetterThreadRow.thread_id)
        .where(
            col(LetterThreadRow.subscriber_id) == col(SubscriptionRow.subscriber_id),
            col(LetterThreadRow.thread_id) == col(CardRow.thread_id),
        )
        .exists()
    )
    return (
        select(SubscriptionRow.subscriber_id, SubscriptionRow.author_id, CardRow.thread_id)
        .join(CardRow, col(CardRow.author_id) == col(SubscriptionRow.author_id))
        .where(
            col(SubscriptionRow.confirmed_at).is_not(None),
            col(CardRow.made_at) >= col(SubscriptionRow.confirmed_at),
            col(CardRow.made_at) >= oldest,
            ~told,
            *stands(listing),
        )
        .order_by(col(CardRow.thread_id))
        .limit(BATCH)
    )


def _open_letter(session: Session, subscriber_id: int, author_id: int, now: datetime) -> int:
    """The letter that still takes something in, else a new one: at once, or an hour after the last."""
    theirs = LetterRow.subscriber_id == subscriber_id, LetterRow.author_id == author_id
    still_open = _queued(), col(LetterRow.not_before) > now + OPEN_BEFORE
    waiting = session.exec(select(LetterRow.id).where(*theirs, *still_open)).first()
    if waiting is not None:
        return waiting
    last = session.exec(
        select(func.max(func.coalesce(LetterRow.started_at, LetterRow.not_before, type_=UtcDateTime))).where(
            *theirs, LetterRow.state != "dropped"
        )
    ).one()
    due = now if last is None else max(now, last + AT_MOST_EVERY)
    row = LetterRow(
        subscriber_id=subscriber_id, author_id=author_id, not_before=due, created_at=now, updated_at=now
    )
    session.add(row)
    session.flush()
    assert row.id is not None  # noqa: S101 - the flush gave it one
    return row.id


def _letter(session: Session, row: LetterRow, subscriber: SubscriberRow, listing: Listing) -> Letter | None:
    assert row.id is not None  # noqa: S101 - it was read
    to, made = subscriber.address, row.created_at
    if row.author_id is None:
        asked = pending(session, subscriber).authors
        letter = Letter(row.id, "confirm", to, new_token(), made, pending=asked, refusals=row.refusals)
        return letter if asked else None
    follows = SubscriptionRow.subscriber_id == row.subscriber_id, SubscriptionRow.author_id == row.author_id
    subscription = session.exec(select(SubscriptionRow).where(*follows)).first()
    query = (
        select(CardRow)
        .join(LetterThreadRow, col(LetterThreadRow.thread_id) == col(CardRow.thread_id))
        .where(LetterThreadRow.letter_id == row.id, *stands(listing))
        .order_by(col(CardRow.thread_id))
    )
    cards = tuple(card(each) for each in session.exec(query))
    if subscription is None or not cards:
        return None
    token, author = subscription.token, cards[-1].author
    return Letter(row.id, "threads", to, token, made, author, cards, refusals=row.refusals)


def _queued() -> ColumnElement[bool]:
    return col(LetterRow.state) == "queued"


def _due(now: datetime) -> ColumnElement[bool]:
    return _queued() & (col(LetterRow.not_before) <= now)
