"""What X told without being asked: each event once, until the poller has taken it; then only that it came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import null
from sqlmodel import col, delete, func, select, tuple_, update

from bot.rules.events import Event, Way
from bot.store.database import Database
from bot.store.models import EventRow

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Events:
    database: Database

    def keep(self, event: Event, *, way: Way, now: datetime) -> bool:
        """Whether it was new."""
        row = EventRow(
            kind=event.kind,
            post_id=event.post_id,
            user_id=event.user_id,
            told=dict(event.told),
            way=way,
            arrived_at=now,
        )
        with self.database.write() as session:
            return bool(self.database.insert_new(session, [row]))

    def count_waiting(self) -> int:
        query = select(func.count()).select_from(EventRow).where(col(EventRow.taken_at).is_(None))
        with self.database.read() as session:
            return session.exec(query).one()

    def waiting(self) -> list[Event]:
        """Those that nobody has taken yet, the oldest first, not too many at once."""
        query = select(EventRow).where(col(EventRow.taken_at).is_(None))
        with self.database.read() as session:
            rows = session.exec(query.order_by(col(EventRow.arrived_at)).limit(AT_ONCE))
            return [Event(row.kind, row.post_id, row.user_id, row.told or {}) for row in rows]  # type: ignore[arg-type]  # written by `keep`

    def take(self, events: Iterable[Event], *, now: datetime) -> None:
        """They are done with. Their words go: a mention has a row of its own by now."""
        keys = [(event.kind, event.post_id) for event in events]
        if keys:
            key = tuple_(col(EventRow.kind), col(EventRow.post_id))
            with self.database.write() as session:
                session.execute(update(EventRow).where(key.in_(keys)).values(taken_at=now, told=null()))

    def last_at(self) -> datetime | None:
        with self.database.read() as session:
            return session.exec(select(func.max(EventRow.arrived_at))).one()

    def drop_old(self, *, before: datetime) -> None:
        with self.database.write() as session:
            old = col(EventRow.taken_at).is_not(None), col(EventRow.arrived_at) < before
            session.execute(delete(EventRow).where(*old))
