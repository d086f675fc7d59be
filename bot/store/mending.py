"""What an operator does with jobs: choose them among many, let them go at once, give them up.

Nothing here waits for a worker or asks it: it voids the claim, after which that worker cannot write any
more, and so cannot begin a reply. One that it has begun is marked in the row and looked for first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, union, update
from sqlalchemy import select as rows_of
from sqlmodel import col, func, select

from bot.domain import Job
from bot.settings import CLOCKS_APART
from bot.store.database import Database
from bot.store.jobrows import JOB, OPEN_STATES, as_job
from bot.store.models import AttemptRow, JobRow, SpendRow

RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Which:
    """Jobs that are all of this; None asks for nothing. `person_id` asked for them, or wrote what they are
    about; `since` (at) and `until` (before) are when they were made.
    """

    state: str | None = None
    reason: str | None = None
    kind: str | None = None
    person_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        equal = ((JobRow.state, self.state), (JobRow.reason, self.reason), (JobRow.kind, self.kind))
        asked = [col(column) == value for column, value in equal if value is not None]
        if self.person_id is not None:
            asked.append(col(JobRow.id).in_(_of_person(self.person_id)))
        if self.since is not None:
            asked += [col(JobRow.created_at) >= self.since, col(JobRow.id) >= _first_since(self.since)]
        if self.until is not None:
            asked += [col(JobRow.created_at) < self.until, col(JobRow.id) <= _last_until(self.until)]
        return asked


def _of_person(person_id: int) -> ScalarSelect[int]:
    """Found by who they are, however many jobs are in the same state."""
    columns = col(JobRow.requester_id), col(JobRow.author_id)
    ways = union(*(select(col(JobRow.id)).where(column == person_id) for column in columns))
    return select(ways.subquery().c.id).scalar_subquery()


def _first_since(since: datetime) -> Any:
    """Ids grow with the time, as far as the clocks of those who make jobs agree. So a page of old jobs is not
    looked for among all newer ones, nor one of new jobs among all older ones.
    """
    at = col(JobRow.created_at)
    first = select(JobRow.id).where(at >= since - CLOCKS_APART).order_by(at, col(JobRow.id)).limit(1)
    return first.scalar_subquery()


def _last_until(until: datetime) -> Any:
    at = col(JobRow.created_at)
    last = (
        select(JobRow.id).where(at < until + CLOCKS_APART).order_by(at.desc(), col(JobRow.id).desc()).limit(1)
    )
    return last.scalar_subquery()


@dataclass(frozen=True, slots=True)
class Bought:
    """What an answer of X cost a job, in micro-dollars, and when."""

    at: datetime
    resource: str
    count: int
    micro_usd: int


@dataclass(frozen=True, slots=True)
class Mending:
    database: Database

    def page(self, which: Which, *, limit: int, before: int | None = None) -> list[Job]:
        """Newest first; those with an id below `before`, to go on where the last page ended."""
        query = rows_of(JOB).where(*which.conditions()).order_by(JOB.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(JOB.c.id < before)
        return [as_job(row) for row in self.database.ask(query)]

    def count(self, which: Which) -> int:
        with self.database.read() as session:
            return session.exec(select(func.count()).select_from(JobRow).where(*which.conditions())).one()

    def ids(self, which: Which) -> list[int]:
        """The oldest first: the order in which they are run again."""
        query = select(JobRow.id).where(*which.conditions()).order_by(col(JobRow.id))
        with self.database.read() as session:
            return [job_id for job_id in session.exec(query) if job_id is not None]

    def known(self, ids: Iterable[int]) -> list[Job]:
        """Those of the jobs that are there, in the order asked for."""
        wanted = list(ids)
        with self.database.read() as session:
            found = session.exec(select(JobRow).where(col(JobRow.id).in_(wanted)))
            rows = {row.id: as_job(row) for row in found}
        return [rows[job_id] for job_id in wanted if job_id in rows]

    def bought(self, job_id: int) -> list[Bought]:
        """What X billed for a job, in order."""
        query = select(SpendRow).where(SpendRow.job_id == job_id).order_by(col(SpendRow.id))
        with self.database.read() as session:
            rows = session.exec(query)
            return [Bought(row.booked_at, row.resource, row.count, row.micro_usd) for row in rows]

    def release(self, ids: Iterable[int], *, now: datetime) -> list[int]:
        """Makes open jobs due at once, taking them from whoever holds them; those that ended stay ended.
        Returns the ids of the former.
        """
        return self._take(ids, RELEASED, now=now, state="queued", reason=None)

    def give_up(self, ids: Iterable[int], reason: str, *, now: datetime) -> list[int]:
        """Ends open jobs as failed; replay brings them back. Returns the ids of those that were open."""
        return self._take(ids, f"failed: {reason}", now=now, state="failed", reason=reason)

    def _take(self, ids: Iterable[int], outcome: str, *, now: datetime, **values: Any) -> list[int]:
        with self.database.write() as session:
            rows = session.execute(
                update(JobRow)
                .where(col(JobRow.id).in_(list(ids)), col(JobRow.state).in_(OPEN_STATES))
                .values(
                    **values,
                    not_before=None,
                    enqueued_at=None,
                    lease_token=None,
                    lease_until=None,
                    updated_at=now,
                )
                .returning(col(JobRow.id))
            ).all()
            taken = sorted(row[0] for row in rows)
            session.execute(
                update(AttemptRow)
                .where(col(AttemptRow.job_id).in_(taken), col(AttemptRow.ended_at).is_(None))
                .values(ended_at=now, outcome=outcome, detail="by the operator")
            )
            return taken
