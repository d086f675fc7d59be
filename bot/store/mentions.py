"""Mentions: recorded once, each with the decision taken; the cursor moves in the same commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from bot.domain import Decision, Goal, Mention, Refusal
from bot.store.database import Database
from bot.store.models import JobRow, MentionRow, NoteRow

CURSOR = "mentions.cursor"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A mention that was new: `job_id` is None where the decision was no."""

    mention_id: int
    job_id: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Mentions:
    database: Database

    def find(self, mention_id: int) -> MentionRow | None:
        with self.database.read() as session:
            return session.get(MentionRow, mention_id)

    def cursor(self) -> int | None:
        """The id of the newest mention ever recorded."""
        with self.database.read() as session:
            note = session.get(NoteRow, CURSOR)
            return int(note.value["id"]) if note else None

    def known(self, ids: Iterable[int]) -> set[int]:
        with self.database.read() as session:
            return set(session.exec(select(MentionRow.id).where(col(MentionRow.id).in_(list(ids)))))

    def asking(self, conversation_id: int) -> frozenset[int]:
        """The posts of a conversation that only ask the bot for something."""
        with self.database.read() as session:
            query = select(MentionRow.id).where(
                MentionRow.conversation_id == conversation_id, MentionRow.decision == "request"
            )
            return frozenset(session.exec(query))

    def record(self, decided: Iterable[tuple[Mention, Decision]], *, now: datetime) -> list[Recorded]:
        """Writes down what is new, with a job for each request, in one commit with the cursor.

        Doing it twice, or in two pollers at once, changes nothing: the mention's id is the key.
        """
        with self.database.write() as session:
            recorded: list[Recorded] = []
            newest = 0
            for mention, decision in decided:
                newest = max(newest, mention.id)
                row = _mention_row(mention, decision, now)
                added = session.execute(
                    self.database.insert(MentionRow)
                    .values(**row.model_dump())
                    .on_conflict_do_nothing(index_elements=["id"])
                    .returning(col(MentionRow.id))
                ).first()
                if added is None:
                    continue
                job = None
                if not isinstance(decision, Refusal):
                    job = _job_row(mention, decision.goal, now)
                    session.add(job)
                    session.flush()
                recorded.append(Recorded(mention.id, job.id if job else None, row.reason))
            _advance(session, newest, now)
            return recorded


def _advance(session: Session, newest: int, now: datetime) -> None:
    note = session.get(NoteRow, CURSOR)
    if newest and (note is None or int(note.value["id"]) < newest):
        session.merge(NoteRow(name=CURSOR, value={"id": str(newest)}, updated_at=now))


def _mention_row(mention: Mention, decision: Decision, now: datetime) -> MentionRow:
    refused = isinstance(decision, Refusal)
    return MentionRow(
        id=mention.id,
        author_id=mention.post.author_id,
        conversation_id=mention.post.conversation_id,
        decision="refusal" if refused else "request",
        reason=decision.reason if isinstance(decision, Refusal) else None,
        payload=mention.payload,
        created_at=mention.post.created_at,
        seen_at=now,
    )


def _job_row(mention: Mention, goal: Goal, now: datetime) -> JobRow:
    return JobRow(
        kind="unroll",
        state="queued",
        mention_id=mention.id,
        requester_id=mention.post.author_id,
        post_id=goal.post_id,
        conversation_id=goal.conversation_id,
        author_id=goal.author_id,
        author_username=goal.author_username,
        reply_wanted=True,
        created_at=now,
        updated_at=now,
    )
