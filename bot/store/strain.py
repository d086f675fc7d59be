"""How hard one file is worked: what SQLite cannot do for ever, in figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import make_url
from sqlmodel import Session, col, func, select

from bot.store.database import LOCK_WAITS, Database
from bot.store.models import AttemptRow, JobRow, NoteRow


@dataclass(frozen=True, slots=True)
class Strain:
    """`waits` for the writers' lock today that took long, and how long together; `hosts` had a job within
    an hour, `jobs` came within a day.
    """

    size: int
    jobs: int
    hosts: frozenset[str]
    waits: int
    waited: timedelta


def strain(database: Database, now: datetime) -> Strain:
    with database.read() as session:
        note = session.get(NoteRow, LOCK_WAITS)
        today = note is not None and note.value["day"] == f"{now:%Y-%m-%d}"
        told = note.value if note is not None and today else {"waits": 0, "seconds": 0}
        jobs = select(func.count()).where(col(JobRow.created_at) > now - timedelta(days=1))
        return Strain(
            size=_size(database),
            jobs=session.exec(jobs).one(),
            hosts=_hosts(session, now),
            waits=int(told["waits"]),
            waited=timedelta(seconds=told["seconds"]),
        )


def _size(database: Database) -> int:
    name = make_url(database.url).database or ""
    return sum(path.stat().st_size for path in (Path(name), Path(f"{name}-wal")) if path.exists())


def _hosts(session: Session, now: datetime) -> frozenset[str]:
    """A worker is written as host and process; the newest attempts, for they are found by their number."""
    newest = select(AttemptRow.worker, AttemptRow.started_at).order_by(col(AttemptRow.id).desc()).limit(1000)
    lately = [worker for worker, at in session.exec(newest) if at > now - timedelta(hours=1)]
    return frozenset(worker.rpartition(":")[0] for worker in lately if ":" in worker)
