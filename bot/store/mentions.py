"""Mentions: recorded once, each with the decision taken; the cursor moves in the same commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, cast
from sqlmodel import Session, col, func, select

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

    def requests_since(self, author_ids: Iterable[int], since: datetime) -> dict[int, int]:
        """How many requests each of these people has made."""
        query = (
            select(MentionRow.author_id, func.count())
            .where(col(MentionRow.author_id).in_(set(author_ids)), MentionRow.decision == "request")
            .where(MentionRow.seen_at >= since)
            .group_by(col(MentionRow.author_id))
        )
        with self.database.read() as session:
            return dict(session.exec(query).all())

    def record(self, decided: Iterable[tuple[Mention, Decision]], *, now: datetime) -> list[Recorded]:
        """Writes down what is new, with a job for each request, in one commit with the cursor.

        Doing it twice, or in two pollers at once, changes nothing: the mention's id is the key.
        """
        by_id = {mention.id: (mention, decision) for mention, decision in decided}
        if not by_id:
            return []
        with self.database.write() as session:
            rows = [_mention_row(mention, decision, now) for mention, decision in by_id.values()]
            new = sorted(key[0] for key in self.database.insert_new(session, rows))
            jobs = {
                mention.id: _job_row(mention, decision.goal, now)
                for mention, decision in map(by_id.__getitem__, new)
                if not isinstance(decision, Refusal)
            }
            session.add_all(jobs.values())
            _advance(self.database, session, max(by_id), now)
            session.flush()
            return [
                Recorded(i, jobs[i].id if i in jobs else None, _reason(decision))
                for i, (_, decision) in ((i, by_id[i]) for i in new)
            ]


def _advance(database: Database, session: Session, newest: int, now: datetime) -> None:
    """Never backwards, also where two pollers write at once: the comparison is part of the write."""
    value = {"id": str(newest)}
    statement = database.insert(NoteRow).values(name=CURSOR, value=value, updated_at=now)
    held = cast(col(NoteRow.value)["id"].as_string(), BigInteger)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"value": value, "updated_at": now}, where=held < newest
        )
    )


def _reason(decision: Decision) -> str | None:
    return decision.reason if isinstance(decision, Refusal) else None


def _mention_row(mention: Mention, decision: Decision, now: datetime) -> MentionRow:
    return MentionRow(
        id=mention.id,
        author_id=mention.post.author_id,
        conversation_id=mention.post.conversation_id,
        decision="refusal" if isinstance(decision, Refusal) else "request",
        reason=_reason(decision),
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
