"""Jobs: claimed by compare-and-swap with a lease; every write of a worker names the claim it holds."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Row, func, or_
from sqlmodel import Session, col, select, update

from bot.domain import Attempt, Goal, Job, JobState
from bot.rules.urgency import CHEAP, UPKEEP, Due, next_in_line
from bot.settings import HTTP_TIMEOUT, LEASE
from bot.store.database import Database, execute
from bot.store.jobrows import (
    ANSWERED,
    ANSWERED_TO,
    ASKED_OF,
    ATTEMPT_BEGUN,
    ATTEMPT_ENDED,
    BY_ID,
    CLAIM,
    DUE,
    ENDED,
    FINISH,
    JOB,
    LATEST,
    SAID,
    START_REPLY,
    UNSTART_REPLY,
    WOKEN,
    as_job,
    times_of,
)
from bot.store.leases import change, claim_of, name_thread, required
from bot.store.models import AttemptRow, JobRow
from bot.store.shelving import mark_asked


@dataclass(frozen=True, slots=True)
class Jobs:
    database: Database

    def add(
        self,
        goal: Goal,
        *,
        now: datetime,
        kind: str = "unroll",
        not_before: datetime | None = None,
        from_site: bool = False,
    ) -> int:
        """A job without a mention and so without a reply. Returns its id."""
        row = JobRow(
            kind=kind,
            state="queued" if not_before is None else "waiting",
            not_before=not_before,
            post_id=goal.post_id,
            conversation_id=goal.conversation_id,
            author_id=goal.author_id,
            author_username=goal.author_username,
            reply_wanted=False,
            from_site=from_site,
            priority=UPKEEP if kind == "refresh" and not from_site else CHEAP,
            created_at=now,
            updated_at=now,
        )
        with self.database.write() as session:
            session.add(row)
            session.flush()
            return cast("int", row.id)

    def find(self, job_id: int) -> Job | None:
        row = self.database.glance(BY_ID, {"job_id": job_id})
        return as_job(row) if row is not None else None

    def of_visitors(self, kind: str, post_id: int) -> Job | None:
        """The newest job of a kind that a visitor of the site asked for, for that very post."""
        query = select(JobRow).where(JobRow.post_id == post_id, JobRow.kind == kind, col(JobRow.from_site))
        with self.database.read() as session:
            row = session.exec(query.order_by(col(JobRow.id).desc()).limit(1)).first()
            return as_job(row) if row else None

    def find_by_mention(self, mention_id: int) -> Job | None:
        with self.database.read() as session:
            row = session.exec(select(JobRow).where(JobRow.mention_id == mention_id)).first()
            return as_job(row) if row else None

    def newest(
        self, *, state: str | None = None, since: datetime | None = None, limit: int = 50
    ) -> list[Job]:
        """Newest first."""
        query = select(JobRow).order_by(col(JobRow.id).desc()).limit(limit)
        if state is not None:
            query = query.where(JobRow.state == state)
        if since is not None:
            query = query.where(JobRow.created_at >= since)
        with self.database.read() as session:
            return [as_job(row) for row in session.exec(query)]

    def count_by_state(self) -> dict[str, int]:
        with self.database.read() as session:
            rows = session.exec(select(JobRow.state, func.count()).group_by(JobRow.state))
            return dict(rows.all())

    def any_queued(self) -> bool:
        query = select(JobRow.id).where(JobRow.state == "queued").limit(1)
        with self.database.read() as session:
            return session.exec(query).first() is not None

    def asked_of(
        self, author_ids: Iterable[int], since: datetime, *, before_job: int | None = None
    ) -> dict[int, int]:
        """How many requests were made for the threads of each of these people; as long as a thread is not
        known, for what was posted by them. `before_job` counts only those made earlier than that job.
        """
        ids = set(author_ids)
        if not ids:
            return {}
        values = {"ids": list(ids), "since": since, "before": LATEST if before_job is None else before_job}
        return {row.author_id: row.requests for row in self.database.glance_all(ASKED_OF, values)}

    def attempts(self, job_id: int) -> list[Attempt]:
        query = select(AttemptRow).where(AttemptRow.job_id == job_id).order_by(col(AttemptRow.id))
        with self.database.read() as session:
            return [
                Attempt(row.number, row.worker, row.started_at, row.ended_at, row.outcome, row.detail)
                for row in session.exec(query)
            ]

    def claim(self, job_id: int, *, now: datetime, worker: str) -> Job | None:
        """Takes the job for LEASE, if it is due and nobody else has it; None if it is not ours to do."""
        claim = {"token": secrets.token_hex(8), "until": now + LEASE, **times_of(now)}
        with self.database.write() as session:
            row = execute(session, CLAIM, {"job_id": job_id, **claim}).first()
            if row is None:
                return None
            job = as_job(row)
            attempt = {"job_id": job.id, "number": job.attempts, "worker": worker, "started_at": now}
            execute(session, ATTEMPT_BEGUN, attempt)
            return job

    def set_thread(self, job: Job, thread_id: int, *, now: datetime) -> None:
        """The thread is here already; one that is saved is named by `Threads.save`."""
        with self.database.write() as session:
            name_thread(session, job, thread_id, now=now)
            mark_asked(session, thread_id)

    def start_reply(self, job: Job, text: str, *, now: datetime) -> None:
        """The mark before we speak: from here on the reply may be out.

        Raises LeaseLost unless the lease holds for as long as a POST may take.
        """
        mark = {**claim_of(job, now), "text": text, "ends": now + HTTP_TIMEOUT}
        required(job, self.database.write_alone(START_REPLY, mark))

    def unstart_reply(self, job: Job, *, now: datetime) -> None:
        """The reply surely did not go out."""
        required(job, self.database.write_alone(UNSTART_REPLY, claim_of(job, now)))

    def finish(self, job: Job, reply_id: int | None, *, now: datetime, reason: str | None = None) -> None:
        """`reason` is why less was done than was asked for."""
        with self.database.write() as session:
            _note_asked(session, change(session, FINISH, job, now=now, reply=reply_id, why=reason))
            _end_attempt(session, job, f"done: {reason}" if reason else "done", now=now)

    def wait(
        self, job: Job, until: datetime, reason: str, *, now: datetime, counts: bool, detail: str
    ) -> None:
        """Not before `until`. `counts` says that a failure was used up."""
        failures = JOB.c.failures + 1 if counts else JOB.c.failures
        self._end(job, "waiting", now=now, detail=detail, reason=reason, not_before=until, failures=failures)

    def give_up(
        self,
        job: Job,
        reason: str,
        *,
        now: datetime,
        refused: bool = False,
        detail: str = "",
        reply_id: int | None = None,
    ) -> None:
        """`reply_id` is where we told why; one that is known already is kept."""
        values = {} if reply_id is None else {"reply_id": reply_id}
        self._end(job, "refused" if refused else "failed", now=now, detail=detail, reason=reason, **values)

    def failures(self, job_id: int) -> int:
        with self.database.read() as session:
            return session.exec(select(JobRow.failures).where(JobRow.id == job_id)).one()

    def replay(self, job_ids: Iterable[int], *, now: datetime) -> list[int]:
        """Puts jobs back in line, those under way left alone. A job that has replied keeps its reply."""
        with self.database.write() as session:
            rows = session.execute(
                update(JobRow)
                .where(
                    col(JobRow.id).in_(list(job_ids)),
                    or_(col(JobRow.state) != "running", col(JobRow.lease_until) < now),
                )
                .values(
                    state="queued",
                    reason=None,
                    not_before=None,
                    enqueued_at=None,
                    failures=0,
                    lease_token=None,
                    lease_until=None,
                    updated_at=now,
                )
                .returning(col(JobRow.id))
            )
            return sorted(row[0] for row in rows)

    def wake_up(
        self, *, now: datetime, depth: int, replies: int | None = None
    ) -> list[tuple[int, int | None]]:
        """The due jobs to send a wake-up for now, as (job id, mention id), marked as sent.

        In the order of `next_in_line`. Fewer the more wake-ups are still on their way: a short queue is soon
        filled again, a long one sent twice. A backlog is looked through in a transaction that only reads, so
        that no worker waits for it.
        """
        times = times_of(now)
        rows = self.database.glance_all(DUE, times)
        due = [Due(row.id, row.requester_id, row.priority, sent=not row.unsent) for row in rows]
        line = next_in_line(due, depth=depth, replies=replies)
        if not line:
            return []
        with self.database.write() as session:
            woken = session.execute(WOKEN, {"ids": line, **times})
            mentions = {row.id: row.mention_id for row in woken}
        return [(job_id, mentions[job_id]) for job_id in line if job_id in mentions]

    def unsend(self, job_ids: Iterable[int]) -> None:
        """Wake-ups that could not be sent: the next tick tries again."""
        with self.database.write() as session:
            session.execute(update(JobRow).where(col(JobRow.id).in_(list(job_ids))).values(enqueued_at=None))

    def answered(self, thread_id: int, *, requester_id: int | None, besides: int) -> bool:
        """Whether another job has replied, or may have, with this thread: to the requester, or to anybody.

        One that ended without knowing its reply does not count: whoever asks again is still without one.
        """
        values = {"thread_id": thread_id, "besides": besides}
        if requester_id is None:
            return self.database.glance(ANSWERED, values) is not None
        return self.database.glance(ANSWERED_TO, {**values, "requester_id": requester_id}) is not None

    def said_of(self, kind: str, reason: str | None) -> int:
        """How many jobs of a kind were told how they ended: each takes the next wording."""
        query = select(func.count()).where(JobRow.kind == kind, col(JobRow.reply_id).is_not(None))
        if reason is not None:
            query = query.where(JobRow.reason == reason)
        with self.database.read() as session:
            return session.exec(query).one()

    def said_before(self, thread_id: int, *, besides: int) -> tuple[int, set[str]]:
        """How many jobs asked for this thread before that one, for each takes the next wording; and what
        other jobs have answered, or may have, for X takes no text twice on a day.
        """
        rows = self.database.glance_all(SAID, {"thread_id": thread_id, "besides": besides})
        words = {row.reply_text for row in rows if row.reply_started_at is not None} - {None}
        return sum(row.id < besides for row in rows), words

    def has_said(self, text: str, *, besides: int) -> bool:
        """Whether another job may have posted these words: then X's refusal of them tells nothing of ours."""
        query = select(JobRow.id).where(
            JobRow.reply_text == text, JobRow.id != besides, col(JobRow.reply_started_at).is_not(None)
        )
        with self.database.read() as session:
            return session.exec(query.limit(1)).first() is not None

    def _end(self, job: Job, state: JobState, *, now: datetime, detail: str = "", **values: Any) -> None:
        statement = ENDED.values(state=state, **values)
        with self.database.write() as session:
            ended = session.execute(statement, claim_of(job, now)).first()
            _note_asked(session, required(job, ended))
            outcome = f"{state}: {values['reason']}" if values.get("reason") else state
            _end_attempt(session, job, outcome, now=now, detail=detail)


def _note_asked(session: Session, changed: Row[Any]) -> None:
    """Once more at the end: of two who were named at the same moment neither has seen the other."""
    if changed.thread_id is not None:
        mark_asked(session, changed.thread_id)


def _end_attempt(session: Session, job: Job, outcome: str, *, now: datetime, detail: str = "") -> None:
    attempt = {"of": job.id, "which": job.attempts}
    execute(session, ATTEMPT_ENDED, {**attempt, "at": now, "said": outcome, "why": detail or None})
