"""Money: what X billed, by job and UTC day, and the day's budget. Micro-dollars throughout."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy
from sqlmodel import Session, col, delete, func, select

from bot.store.database import Database
from bot.store.models import NoteRow, PurchaseRow, ReservationRow, SpendRow

# Longer than any call takes; money set aside by a process that died falls back then.
RESERVATION_HOLDS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Booking:
    day: date
    job_id: int | None
    resource: str
    count: int
    micro_usd: int


@dataclass(frozen=True, slots=True)
class Spend:
    database: Database

    def reserve(self, wanted: int, *, at_least: int, budget: int, now: datetime) -> tuple[str, int] | None:
        """Sets aside as much of `wanted` as the day's budget still allows: (its key, micro-dollars).

        None where that would be under `at_least`. Two workers at once never set aside the same money.
        """
        with self.database.write() as session:
            _lock_day(self.database, session, now)
            session.execute(delete(ReservationRow).where(col(ReservationRow.expires_at) < now))
            day = now.date()
            spent = session.exec(
                select(func.coalesce(func.sum(SpendRow.micro_usd), 0)).where(SpendRow.day == day)
            ).one()
            held = session.exec(
                select(func.coalesce(func.sum(ReservationRow.micro_usd), 0)).where(ReservationRow.day == day)
            ).one()
            granted = min(wanted, budget - int(spent) - int(held))
            if granted < at_least:
                return None
            key = secrets.token_hex(8)
            session.add(
                ReservationRow(id=key, day=day, micro_usd=granted, expires_at=now + RESERVATION_HOLDS)
            )
            return key, granted

    def release(self, key: str) -> None:
        with self.database.write() as session:
            session.execute(delete(ReservationRow).where(col(ReservationRow.id) == key))

    def book(
        self,
        items: Iterable[tuple[str, int]],
        *,
        prices: Mapping[str, int],
        job_id: int | None,
        now: datetime,
    ) -> int:
        """Books (resource, id) pairs at their price, those already bought today at nothing.

        Returns the micro-dollars that were added.
        """
        with self.database.write() as session:
            bought: Counter[str] = Counter()
            for resource, item_id in items:
                row = session.execute(
                    self.database.insert(PurchaseRow)
                    .values(day=now.date(), resource=resource, item_id=item_id)
                    .on_conflict_do_nothing()
                    .returning(col(PurchaseRow.item_id))
                ).first()
                bought[resource] += row is not None
            total = 0
            for resource, count in bought.items():
                if count:
                    cost = count * prices[resource]
                    total += cost
                    session.add(
                        SpendRow(
                            day=now.date(),
                            job_id=job_id,
                            resource=resource,
                            count=count,
                            micro_usd=cost,
                            booked_at=now,
                        )
                    )
            return total

    def bookings(self, *, since: date) -> list[Booking]:
        """Sums by day, job and resource, newest day first."""
        query = (
            sqlalchemy.select(
                col(SpendRow.day),
                col(SpendRow.job_id),
                col(SpendRow.resource),
                func.sum(SpendRow.count),
                func.sum(SpendRow.micro_usd),
            )
            .where(col(SpendRow.day) >= since)
            .group_by(col(SpendRow.day), col(SpendRow.job_id), col(SpendRow.resource))
            .order_by(col(SpendRow.day).desc(), col(SpendRow.job_id), col(SpendRow.resource))
        )
        with self.database.read() as session:
            return [
                Booking(day, job_id, resource, int(count), int(micro))
                for day, job_id, resource, count, micro in session.execute(query)
            ]

    def spent(self, day: date) -> int:
        query = select(func.coalesce(func.sum(SpendRow.micro_usd), 0)).where(SpendRow.day == day)
        with self.database.read() as session:
            return int(session.exec(query).one())

    def of_job(self, job_id: int) -> int:
        query = select(func.coalesce(func.sum(SpendRow.micro_usd), 0)).where(col(SpendRow.job_id) == job_id)
        with self.database.read() as session:
            return int(session.exec(query).one())


def _lock_day(database: Database, session: Session, now: datetime) -> None:
    """One reservation at a time: the sum and the insert belong together."""
    statement = database.insert(NoteRow).values(name="spend.lock", value={}, updated_at=now)
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"updated_at": now}))
