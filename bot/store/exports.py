"""Files made of pages: wanted once however many ask, made by one worker at a time, gone with their page."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, String, and_, cast, delete, exists, func, or_, update
from sqlmodel import Session, col, select

from bot.settings import CLOCKS_APART, EXPORT_LEASE
from bot.store.database import Database
from bot.store.models import ExportRow, ThreadRow

MAX_ATTEMPTS = 3
FIRST_RETRY = timedelta(seconds=5)

# A wake-up that nothing came of for this long is taken for lost and sent again.
WAKE_UP_LOST = timedelta(seconds=60)

# More than this are not wanted at a time: whoever comes later is told to come back.
MOST_WANTED = 200


@dataclass(frozen=True, slots=True)
class Export:
    """A copy of the row. `file` is its name in the store of files once it is `ready`; `step` is what was done
    to it when its maker last told, and holds only until `lease_until`.
    """

    thread_id: int
    form: str
    etag: str
    state: str
    reason: str | None = None
    file: str | None = None
    size: int = 0
    attempts: int = 0
    lease_token: str | None = None
    lease_until: datetime | None = None
    step: str | None = None
    step_done: int = 0
    step_of: int = 0


@dataclass(frozen=True, slots=True)
class Exports:
    database: Database

    def find(self, thread_id: int, form: str, etag: str) -> Export | None:
        with self.database.read() as session:
            row = session.get(ExportRow, (thread_id, form, etag))
            return _export(row) if row else None

    def want(self, thread_id: int, form: str, etag: str, *, now: datetime) -> Export | None:
        """Asks for the file; twice is once. None where too many are wanted already."""
        with self.database.write() as session:
            row = session.get(ExportRow, (thread_id, form, etag))
            if row is None:
                if _count_wanted(session) >= MOST_WANTED:
                    return None
                wanted = ExportRow(thread_id=thread_id, form=form, etag=etag, asked_at=now)
                self.database.insert_new(session, [wanted])
                row = session.get_one(ExportRow, (thread_id, form, etag))
            return _export(row)

    def used(self, export: Export, *, now: datetime, every: timedelta) -> None:
        """Notes that somebody took the file, so that it stays; no oftener than that."""
        stale = *_is(export), col(ExportRow.asked_at) < now - every
        with self.database.read() as session:
            if session.exec(select(ExportRow.thread_id).where(*stale)).first() is None:
                return
        with self.database.write() as session:
            session.execute(update(ExportRow).where(*stale).values(asked_at=now))

    def lost(self, export: Export) -> None:
        """The file is not where it was put: it is wanted anew."""
        with self.database.write() as session:
            changes = {"state": "wanted", "file": None, "size": 0, "attempts": 0, "enqueued_at": None}
            session.execute(update(ExportRow).where(*_is(export), _ready()).values(**changes))

    def claim(self, *, now: datetime) -> Export | None:
        """Takes the file that was asked for first, for EXPORT_LEASE, if one is due."""
        due = (
            select(ExportRow)
            .where(_due(now))
            .order_by(col(ExportRow.asked_at), col(ExportRow.thread_id))
            .limit(1)
        )
        with self.database.write() as session:
            _give_up_lost(session, now)
            row = session.exec(due.with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            row.lease_token = secrets.token_hex(8)
            row.lease_until = now + EXPORT_LEASE
            row.attempts += 1
            row.step = row.step_done = row.step_of = None
            session.flush()
            return _export(row)

    def tell(self, export: Export, step: str, done: int, of: int) -> None:
        """How far it is, for those who wait; no word of a worker that has lost its lease."""
        held = *_is(export), col(ExportRow.lease_token) == export.lease_token
        with self.database.write() as session:
            changes = {"step": step, "step_done": done, "step_of": of}
            session.execute(update(ExportRow).where(*held).values(**changes))

    def finish(self, export: Export, file: str, size: int) -> bool:
        """The file is there. False where it is no longer wanted: its page has changed or gone meanwhile, or
        another worker has taken over.
        """
        with self.database.write() as session:
            thread = session.get(ThreadRow, export.thread_id, with_for_update=True)
            if thread is None or thread.gone_at is not None or not export.etag.startswith(_tag(thread)):
                return False
            done = update(ExportRow).where(*_is(export), col(ExportRow.lease_token) == export.lease_token)
            changes = {"state": "ready", "file": file, "size": size, "lease_token": None, "lease_until": None}
            made = session.execute(done.values(**changes, reason=None).returning(col(ExportRow.form)))
            return made.first() is not None

    def fail(self, export: Export, reason: str, *, now: datetime, for_good: bool = False) -> bool:
        """Later, a few times; then it is given up. Whether it was."""
        over = for_good or export.attempts >= MAX_ATTEMPTS
        changes = {
            "state": "failed" if over else "wanted",
            "reason": reason,
            "not_before": now + FIRST_RETRY * 2**export.attempts,
            "enqueued_at": None,
            "lease_token": None,
            "lease_until": None,
        }
        held = *_is(export), col(ExportRow.lease_token) == export.lease_token
        with self.database.write() as session:
            session.execute(update(ExportRow).where(*held).values(**changes))
        return over

    def put_back(self, export: Export) -> None:
        """Nothing came of the claim, and nobody is to blame."""
        held = *_is(export), col(ExportRow.lease_token) == export.lease_token
        changes = {"lease_token": None, "lease_until": None, "enqueued_at": None}
        with self.database.write() as session:
            attempts = col(ExportRow.attempts) - 1
            session.execute(update(ExportRow).where(*held).values(**changes, attempts=attempts))

    def drop(self, export: Export) -> None:
        with self.database.write() as session:
            session.execute(delete(ExportRow).where(*_is(export)))

    def are_due(self, *, now: datetime) -> bool:
        with self.database.read() as session:
            return session.exec(select(ExportRow.form).where(_due(now)).limit(1)).first() is not None

    def wake_up(self, *, now: datetime) -> bool:
        """Whether a wake-up is to be sent now, for all that is due; marked as sent."""
        with self.database.read() as session:
            unsent = select(ExportRow.form).where(_due(now), _unsent(now)).limit(1)
            if session.exec(unsent).first() is None:
                return False
        with self.database.write() as session:
            session.execute(update(ExportRow).where(_due(now)).values(enqueued_at=now))
        return True

    def unsend(self) -> None:
        """A wake-up that could not be sent: the next tick tries again."""
        with self.database.write() as session:
            wanted = update(ExportRow).where(col(ExportRow.state) == "wanted")
            session.execute(wanted.values(enqueued_at=None))

    def drop_outdated(self) -> list[str]:
        """Drops what was made of pages that are gone or another by now; the files that may be removed."""
        tag = col(ThreadRow.etag) + "-" + cast(col(ThreadRow.revision), String) + "."
        current = exists().where(
            col(ThreadRow.id) == col(ExportRow.thread_id),
            col(ThreadRow.gone_at).is_(None),
            col(ExportRow.etag).startswith(tag),
        )
        return self._drop(~current)

    def drop_idle(self, *, before: datetime, room: int) -> list[str]:
        """Drops what nobody has asked for since then, and what was asked for longest ago where all files
        together are over `room` bytes; the files that may be removed.
        """
        newest_first = col(ExportRow.asked_at).desc(), col(ExportRow.thread_id), col(ExportRow.form)
        total = func.sum(col(ExportRow.size)).over(order_by=(*newest_first, col(ExportRow.etag)))
        sums = select(ExportRow.thread_id, ExportRow.form, ExportRow.etag, total.label("total")).subquery()
        over = exists().where(
            sums.c.thread_id == col(ExportRow.thread_id),
            sums.c.form == col(ExportRow.form),
            sums.c.etag == col(ExportRow.etag),
            sums.c.total > room,
        )
        return self._drop(or_(col(ExportRow.asked_at) < before, and_(_ready(), over)))

    def _drop(self, which: ColumnElement[bool]) -> list[str]:
        with self.database.write() as session:
            dropped = session.execute(delete(ExportRow).where(which).returning(col(ExportRow.file)))
            return sorted(row[0] for row in dropped if row[0] is not None)

    def files(self) -> set[str]:
        """Every file that is still to be kept."""
        with self.database.read() as session:
            return {file for file in session.exec(select(ExportRow.file)) if file is not None}


def _is(export: Export) -> tuple[ColumnElement[bool], ...]:
    return (
        col(ExportRow.thread_id) == export.thread_id,
        col(ExportRow.form) == export.form,
        col(ExportRow.etag) == export.etag,
    )


def _ready() -> ColumnElement[bool]:
    return col(ExportRow.state) == "ready"


def _due(now: datetime) -> ColumnElement[bool]:
    """Wanted, its time has come, and nobody is at it who may still be alive."""
    until = col(ExportRow.lease_until)
    return and_(
        col(ExportRow.state) == "wanted",
        col(ExportRow.attempts) < MAX_ATTEMPTS,
        or_(col(ExportRow.not_before).is_(None), col(ExportRow.not_before) <= now),
        or_(until.is_(None), until < now, until > now + EXPORT_LEASE + CLOCKS_APART),
    )


def _unsent(now: datetime) -> ColumnElement[bool]:
    sent = col(ExportRow.enqueued_at)
    return or_(sent.is_(None), sent < now - WAKE_UP_LOST, sent > now + CLOCKS_APART)


def _give_up_lost(session: Session, now: datetime) -> None:
    """What has taken its worker along each time is not tried again."""
    lost = (
        col(ExportRow.state) == "wanted",
        col(ExportRow.attempts) >= MAX_ATTEMPTS,
        col(ExportRow.lease_until) < now,
    )
    session.execute(update(ExportRow).where(*lost).values(state="failed", reason="worker-lost"))


def _count_wanted(session: Session) -> int:
    wanted = select(func.count()).where(col(ExportRow.state) == "wanted")
    return session.exec(wanted.select_from(ExportRow)).one()


def _tag(thread: ThreadRow) -> str:
    """How the etags begin of what is made of a page as it is now; see `Stamp.etag`."""
    return f"{thread.etag}-{thread.revision}."


def _export(row: ExportRow) -> Export:
    return Export(
        row.thread_id,
        row.form,
        row.etag,
        row.state,
        row.reason,
        row.file,
        row.size,
        row.attempts,
        row.lease_token,
        row.lease_until,
        row.step,
        row.step_done or 0,
        row.step_of or 0,
    )
