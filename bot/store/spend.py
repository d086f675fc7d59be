"""Money: what X billed, by job and UTC day, and the day's budget. Micro-dollars throughout."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import sqlalchemy
from sqlmodel import Session, col, delete, func, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.store.database import Database
from bot.store.models import JobRow, NoteRow, PurchaseRow, ReservationRow, SpendRow, SpendSumRow

# Longer than any call takes; money set aside by a process that died falls back then.
RESERVATION_HOLDS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Booking:
    """`recheck` says that it went into reading saved posts again."""

    day: date
    job_id: int | None
    resource: str
    count: int
    micro_usd: int
    recheck: bool = False


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
            day = utc_day(now)
            spent = session.exec(_sum_of(day)).one()
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
        recheck: bool = False,
    ) -> int:
        """Books (resource, id) pairs at their price, those already bought today at nothing.

        `recheck` says that it went into reading saved posts again. Returns the micro-dollars that were added.
        """
        with self.database.write() as session:
            day = utc_day(now)
            wanted = [PurchaseRow(day=day, resource=what, item_id=which) for what, which in set(items)]
            bought = Counter(what for _, what, _ in self.database.insert_new(session, wanted))
            rows = [
                SpendRow(
                    day=day,
                    job_id=job_id,
                    resource=resource,
                    count=count,
                    micro_usd=count * prices[resource],
                    recheck=recheck,
                    booked_at=now,
                )
                for resource, count in bought.items()
            ]
            session.add_all(rows)
            for row in sorted(rows, key=lambda row: row.resource):  # one order, or two wait for each other
                self._add_up(session, row)
            return sum(row.micro_usd for row in rows)

    def _add_up(self, session: Session, row: SpendRow) -> None:
        key = {"day": row.day, "resource": row.resource, "recheck": row.recheck}
        statement = self.database.insert(SpendSumRow).values(**key, micro_usd=row.micro_usd)
        grown = col(SpendSumRow.micro_usd) + row.micro_usd
        session.execute(statement.on_conflict_do_update(index_elements=[*key], set_={"micro_usd": grown}))

    def bookings(self, *, since: date) -> list[Booking]:
        """Sums by day, job, whether for a recheck, and resource, newest day first."""
        by = (col(SpendRow.day), col(SpendRow.job_id), col(SpendRow.recheck), col(SpendRow.resource))
        day, job_id, recheck, resource = by
        query = (
            sqlalchemy.select(*by, func.sum(SpendRow.count), func.sum(SpendRow.micro_usd))
            .where(day >= since)
            .group_by(*by)
            .order_by(day.desc(), job_id.nulls_first(), recheck, resource)
        )
        with self.database.read() as session:
            return [
                Booking(on, job, what, int(count), int(micro), recheck=bool(again))
                for on, job, again, what, count, micro in session.execute(query)
            ]

    def bought(self, resource: str, ids: Iterable[int], day: date) -> set[int]:
        """Those of the posts or users that X has billed on that day, and does not bill again."""
        wanted = col(PurchaseRow.item_id).in_(list(ids))
        query = select(PurchaseRow.item_id).where(
            PurchaseRow.day == day, PurchaseRow.resource == resource, wanted
        )
        with self.database.read() as session:
            return set(session.exec(query))

    def spent(self, day: date) -> int:
        with self.database.read() as session:
            return int(session.exec(_sum_of(day)).one())

    def spent_on_rechecks(self, day: date) -> int:
        with self.database.read() as session:
            return int(session.exec(_sum_of(day).where(col(SpendSumRow.recheck))).one())

    def spent_for_site(self, day: date) -> int:
        """What visitors of the site have asked for."""
        query = select(func.coalesce(func.sum(SpendRow.micro_usd), 0))
        asked = query.join(JobRow, col(JobRow.id) == col(SpendRow.job_id)).where(col(JobRow.from_site))
        with self.database.read() as session:
            return int(session.exec(asked.where(SpendRow.day == day)).one())

    def of_job(self, job_id: int) -> int:
        query = select(func.coalesce(func.sum(SpendRow.micro_usd), 0)).where(col(SpendRow.job_id) == job_id)
        with self.database.read() as session:
            return int(session.exec(query).one())


def utc_day(now: datetime) -> date:
    """The day X bills a read made now to."""
    return now.astimezone(UTC).date()


def _sum_of(day: date) -> SelectOfScalar[int]:
    return select(func.coalesce(func.sum(SpendSumRow.micro_usd), 0)).where(SpendSumRow.day == day)


def _lock_day(database: Database, session: Session, now: datetime) -> None:
    """One reservation at a time: the sum and the insert belong together."""
    statement = database.insert(NoteRow).values(name="spend.lock", value={}, updated_at=now)
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"updated_at": now}))
