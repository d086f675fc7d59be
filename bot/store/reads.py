"""How often pages were read: a count for each thread and UTC day, for a week, and nothing about who read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session, col, delete, func, select

from bot.store.database import INSERT_BATCH, Database
from bot.store.models import ReadRow, ThreadRow
from bot.store.shelving import recount

# Today and the six days before it.
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Reads:
    database: Database

    def add(self, counts: Mapping[int, int], *, today: date) -> None:
        """Adds what was read today. Threads that are gone by now are left out."""
        if not counts:
            return
        with self.database.write() as session:
            here = select(ThreadRow.id).where(col(ThreadRow.id).in_(counts), col(ThreadRow.gone_at).is_(None))
            ids = list(session.exec(here.order_by(col(ThreadRow.id))))
            rows = [{"thread_id": i, "day": today, "reads": counts[i]} for i in ids]
            for start in range(0, len(rows), INSERT_BATCH):
                statement = self.database.insert(ReadRow).values(rows[start : start + INSERT_BATCH])
                session.execute(
                    statement.on_conflict_do_update(
                        index_elements=["thread_id", "day"],
                        set_={"reads": col(ReadRow.reads) + statement.excluded.reads},
                    )
                )
            recount(session, ids)

    def last_week(self, thread_ids: Iterable[int], *, today: date) -> dict[int, int]:
        """How often each was read in seven days, today among them; those nobody read are left out."""
        query = (
            select(ReadRow.thread_id, func.sum(ReadRow.reads))
            .where(col(ReadRow.thread_id).in_(list(thread_ids)), ReadRow.day > today - WEEK)
            .group_by(col(ReadRow.thread_id))
        )
        with self.database.read() as session:
            return {thread_id: int(reads) for thread_id, reads in session.exec(query)}

    def most_read_authors(self, count: int, *, today: date) -> list[int]:
        """Whose pages were read most often in seven days, the most read first."""
        reads = func.sum(ReadRow.reads)
        query = (
            select(ThreadRow.author_id)
            .join(ReadRow, col(ReadRow.thread_id) == col(ThreadRow.id))
            .where(ReadRow.day > today - WEEK, col(ThreadRow.gone_at).is_(None))
            .group_by(col(ThreadRow.author_id))
            .order_by(reads.desc(), col(ThreadRow.author_id))
            .limit(count)
        )
        with self.database.read() as session:
            return list(session.exec(query)) if count else []

    def drop_old(self, *, today: date) -> None:
        """No count is kept for longer than a week."""
        with self.database.write() as session:
            old = delete(ReadRow).where(col(ReadRow.day) <= today - WEEK).returning(col(ReadRow.thread_id))
            recount(session, sorted({row[0] for row in session.execute(old)}))


def forget_reads(session: Session, thread_id: int) -> None:
    session.execute(delete(ReadRow).where(col(ReadRow.thread_id) == thread_id))
