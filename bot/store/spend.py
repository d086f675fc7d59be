"""Money: what X billed, by job and UTC day, and the day's budget. Micro-dollars throughout."""

from __future__ import annotations

import secrets
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy
from sqlalchemy import BigInteger, bindparam, case, delete, or_, text, update
from sqlmodel import col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.store.database import Database, execute, execute_all
from bot.store.inserts import insert, table_of
from bot.store.models import JobRow, PurchaseRow, ReservationRow, SpendRow, SpendSumRow
from bot.store.prepared import Prepared

SPEND, SUM, HELD = table_of(SpendRow), table_of(SpendSumRow), table_of(ReservationRow)

# Money set aside by a process that died falls back then. Longer than any job takes, tries in place and all.
RESERVATION_HOLDS = timedelta(minutes=5)
CALL_TAKES = timedelta(minutes=1)


# In PostgreSQL a sum and the insert that relies on it belong together: one reservation at a time.
ONE_AT_A_TIME = Prepared(text(f"SELECT pg_advisory_xact_lock({zlib.crc32(b'unroll:spend')})"))

_DAY, _NOW = bindparam("day", type_=HELD.c.day.type), bindparam("now", type_=HELD.c.expires_at.type)
_WANTED, _AT_LEAST, _BUDGET = (bindparam(name, type_=BigInteger) for name in ("wanted", "at_least", "budget"))
_SPENT = sqlalchemy.select(func.coalesce(func.sum(SUM.c.micro_usd), 0)).where(SUM.c.day == _DAY)
_TAKEN = sqlalchemy.select(func.coalesce(func.sum(HELD.c.micro_usd), 0)).where(
    HELD.c.day == _DAY, HELD.c.expires_at >= _NOW
)
_LEFT = sqlalchemy.cast(_BUDGET - _SPENT.scalar_subquery() - _TAKEN.scalar_subquery(), BigInteger)
_GRANTED = case((_LEFT < _WANTED, _LEFT), else_=_WANTED)
RESERVE = Prepared(
    sqlalchemy.insert(HELD)
    .from_select(
        ["id", "day", "micro_usd", "expires_at"],
        sqlalchemy.select(
            bindparam("id", type_=HELD.c.id.type),
            _DAY,
            _GRANTED,
            bindparam("expires_at", type_=HELD.c.expires_at.type),
        ).where(_GRANTED >= _AT_LEAST),
    )
    .returning(HELD.c.micro_usd)
)
BOOK = Prepared(sqlalchemy.insert(SPEND).inline())
RELEASE = Prepared(delete(HELD).where(or_(HELD.c.id == bindparam("key"), HELD.c.expires_at < _NOW)))
LESSEN = Prepared(update(HELD).where(HELD.c.id == bindparam("key")).values(micro_usd=bindparam("left")))


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
class Reserved:
    """Money set aside on a UTC day, until then."""

    key: str
    micro_usd: int
    day: date
    until: datetime

    def lasts(self, now: datetime) -> bool:
        """Whether a call that begins now may be paid out of it."""
        return utc_day(now) == self.day and now + CALL_TAKES < self.until

    def after(self, cost: int, *, keep: int) -> Reserved | None:
        """What stays set aside when that much of it is spent: `keep` at most."""
        left = min(keep, self.micro_usd - cost)
        return replace(self, micro_usd=left) if left > 0 else None


@dataclass(frozen=True, slots=True)
class Spend:
    database: Database

    def reserve(self, wanted: int, *, at_least: int, budget: int, now: datetime) -> Reserved | None:
        """Sets aside as much of `wanted` micro-dollars as the day's budget still allows.

        None where that would be under `at_least`. Two workers at once never set aside the same money.
        """
        key, day, until = secrets.token_hex(8), utc_day(now), now + RESERVATION_HOLDS
        money = {"wanted": wanted, "at_least": at_least, "budget": budget}
        row = self._reserve({"id": key, "day": day, "now": now, "expires_at": until, **money})
        return None if row is None else Reserved(key, int(row.micro_usd), day, until)

    def _reserve(self, values: Mapping[str, Any]) -> Any:
        if self.database.is_sqlite:  # there writers come one after the other
            return self.database.write_alone(RESERVE, values)
        with self.database.write() as session:
            execute(session, ONE_AT_A_TIME)
            return execute(session, RESERVE, values).first()

    def release(self, reserved: Reserved, *, now: datetime, keep: int = 0) -> Reserved | None:
        """Frees what was set aside, but for up to `keep` micro-dollars, which are returned."""
        kept = reserved.after(0, keep=keep)
        self.database.write_alone(*_freeing(reserved, kept, now))
        return kept

    def book(
        self,
        items: Collection[tuple[str, int]],
        *,
        prices: Mapping[str, int],
        job_id: int | None,
        now: datetime,
        recheck: bool = False,
        reserved: Reserved | None = None,
        keep: int = 0,
    ) -> tuple[int, Reserved | None]:
        """Books (resource, id) pairs at their price, those already bought today at nothing, and frees what
        was `reserved` for them; up to `keep` micro-dollars of what is left stay set aside.

        `recheck` says that it went into reading saved posts again. Returns the micro-dollars that were added,
        and what is still set aside.
        """
        if not items:
            return 0, None if reserved is None else self.release(reserved, now=now, keep=keep)
        with self.database.write() as session:
            day = utc_day(now)
            wanted = [{"day": day, "resource": what, "item_id": which} for what, which in set(items)]
            new = self.database.insert_new_values(session, PurchaseRow, wanted)
            bought = Counter(what for _, what, _ in new)
            rows = [
                {
                    "day": day,
                    "job_id": job_id,
                    "resource": resource,
                    "count": count,
                    "micro_usd": count * prices[resource],
                    "recheck": recheck,
                    "booked_at": now,
                }
                for resource, count in sorted(bought.items())  # one order, or two wait for each other
            ]
            if rows:
                execute_all(session, BOOK, rows)
                sums = [{column.name: row[column.name] for column in SUM.c} for row in rows]
                execute_all(session, _add_up(sqlite=self.database.is_sqlite), sums)
            cost = sum(int(row["micro_usd"]) for row in rows)
            if reserved is None:
                return cost, None
            kept = reserved.after(cost, keep=keep)
            execute(session, *_freeing(reserved, kept, now))
            return cost, kept

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


def _freeing(reserved: Reserved, kept: Reserved | None, now: datetime) -> tuple[Prepared, dict[str, Any]]:
    """The statement that frees what is not kept, or all of it and whatever has outlasted its time."""
    if kept is not None:
        return LESSEN, {"key": kept.key, "left": kept.micro_usd}
    return RELEASE, {"key": reserved.key, "now": now}


def _sum_of(day: date) -> SelectOfScalar[int]:
    return select(func.coalesce(func.sum(SpendSumRow.micro_usd), 0)).where(SpendSumRow.day == day)


@cache
def _add_up(*, sqlite: bool) -> Prepared:
    statement = insert(SUM, sqlite=sqlite)
    grown = SUM.c.micro_usd + statement.excluded.micro_usd
    return Prepared(
        statement.on_conflict_do_update(
            index_elements=["day", "resource", "recheck"], set_={"micro_usd": grown}
        )
    )
