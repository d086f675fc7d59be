"""Mentions: recorded once, each with the decision taken; the cursor moves in the same commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, bindparam, cast, or_
from sqlalchemy import select as rows_of
from sqlmodel import Session, col, func, select

from bot.domain import Command, Decision, Goal, Mention, Refusal, Request
from bot.rules.urgency import COMMAND, urgency
from bot.store.database import Database, execute
from bot.store.inserts import insert, table_of
from bot.store.models import JobRow, MentionRow, NoteRow, ThreadPostRow
from bot.store.people import obey, opted_out, overtaken, wordless
from bot.store.prepared import Among, Prepared

CURSOR = "mentions.cursor"

# Refused, but asked all the same: such a post is no part of the thread it stands in.
ASKED_TOO_MUCH = ("too-many-requests", "conversation-limit", "author-limit", "requester-opted-out", "blocked")


MENTION, NOTE = table_of(MentionRow), table_of(NoteRow)
KNOWN = Prepared(rows_of(MENTION.c.id).where(Among(MENTION.c.id)))
_SINCE = MENTION.c.seen_at >= bindparam("since", type_=MENTION.c.seen_at.type)
REQUESTS_SINCE = Prepared(
    rows_of(MENTION.c.author_id.label("of"), func.count().label("requests"))
    .where(Among(MENTION.c.author_id), MENTION.c.decision != "refusal", _SINCE)
    .group_by(MENTION.c.author_id)
)
CONVERSATIONS_SINCE = Prepared(
    rows_of(MENTION.c.conversation_id.label("of"), func.count().label("requests"))
    .where(Among(MENTION.c.conversation_id), MENTION.c.decision == "request", _SINCE)
    .group_by(MENTION.c.conversation_id)
)
BY_ID = Prepared(rows_of(MENTION).where(MENTION.c.id == bindparam("mention_id")))
ASKING = Prepared(
    rows_of(MENTION.c.id).where(
        MENTION.c.conversation_id == bindparam("conversation_id"),
        or_(MENTION.c.decision != "refusal", *(MENTION.c.reason == why for why in ASKED_TOO_MUCH)),
    )
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A mention that was new: `decision` as it is kept, `job_id` None where it was no."""

    mention_id: int
    decision: str
    job_id: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Mentions:
    database: Database

    def find(self, mention_id: int) -> Any:
        """By the names of MentionRow; None if it is not known."""
        return self.database.glance(BY_ID, {"mention_id": mention_id})

    def cursor(self) -> int | None:
        """Up to which mention X has been asked."""
        with self.database.read() as session:
            note = session.get(NoteRow, CURSOR)
            return int(note.value["id"]) if note else None

    def known(self, ids: Iterable[int]) -> set[int]:
        return {row.id for row in self.database.glance_all(KNOWN, {"ids": list(ids)})}

    def asking(self, conversation_id: int) -> frozenset[int]:
        """The posts of a conversation that only ask the bot for something."""
        rows = self.database.glance_all(ASKING, {"conversation_id": conversation_id})
        return frozenset(row.id for row in rows)

    def requests_since(self, author_ids: Iterable[int], since: datetime) -> dict[int, int]:
        """How many requests each of these people has made, and commands given."""
        rows = self.database.glance_all(REQUESTS_SINCE, {"ids": list(set(author_ids)), "since": since})
        return {row.of: row.requests for row in rows}

    def conversations_since(self, conversation_ids: Iterable[int], since: datetime) -> dict[int, int]:
        """How many requests were made in each of these conversations."""
        ids = list(set(conversation_ids))
        rows = self.database.glance_all(CONVERSATIONS_SINCE, {"ids": ids, "since": since})
        return {row.of: row.requests for row in rows}

    def lang(self, mention_id: int) -> str | None:
        """The language of a mention, as X guessed it."""
        row = self.find(mention_id)
        lang = ((row.payload or {}).get("post") or {}).get("lang") if row else None
        return lang if isinstance(lang, str) else None

    def record(
        self,
        decided: Iterable[tuple[Mention, Decision]],
        *,
        now: datetime,
        looked_to: int | None = None,
    ) -> list[Recorded]:
        """Writes down what is new, with a job for each request and command, in one commit with the cursor
        and with what people have said about themselves. The cursor moves to `looked_to`, the newest mention
        that a look at all of them has shown; None where X told of some, for it may not have told of others.

        Doing it twice, or in two pollers at once, changes nothing: the mention's id is the key.
        """
        by_id = {mention.id: (mention, decision) for mention, decision in decided}
        if not by_id and looked_to is None:
            return []
        with self.database.write() as session:
            rows = [_mention_row(mention, decision, now) for mention, decision in by_id.values()]
            new = sorted(key[0] for key in self.database.insert_new(session, rows))
            _obey(self.database, session, [by_id[i] for i in new], now)
            asked = [by_id[i] for i in new]
            saved = _saved(session, asked)
            jobs = {
                mention.id: _job_row(mention, decision, now, saved=mention.id in saved)
                for mention, decision in asked
                if not isinstance(decision, Refusal)
            }
            session.add_all(jobs.values())
            if looked_to is not None:
                _advance(self.database, session, looked_to, now)
            session.flush()
            return [
                Recorded(i, _said(decision), jobs[i].id if i in jobs else None, _reason(decision))
                for i, (_, decision) in ((i, by_id[i]) for i in new)
            ]


def _saved(session: Session, asked: list[tuple[Mention, Decision]]) -> set[int]:
    """Those of the mentions that ask for a thread of which there is a page."""
    wanted = {
        mention.id: decision.goal.post_id
        for mention, decision in asked
        if not isinstance(decision, Refusal) and decision.goal is not None
    }
    query = select(ThreadPostRow.post_id).where(col(ThreadPostRow.post_id).in_(set(wanted.values())))
    known = set(session.exec(query))
    return {mention_id for mention_id, post_id in wanted.items() if post_id in known}


def _advance(database: Database, session: Session, newest: int, now: datetime) -> None:
    """Never backwards, also where two pollers write at once: the comparison is part of the write."""
    values = {"name": CURSOR, "value": {"id": str(newest)}, "updated_at": now, "newest": newest}
    execute(session, _forwards(sqlite=database.is_sqlite), values)


@cache
def _forwards(*, sqlite: bool) -> Prepared:
    values: dict[str, Any] = {name: bindparam(name) for name in ("name", "value", "updated_at")}
    statement = insert(NOTE, sqlite=sqlite).values(**values)
    held = cast(NOTE.c.value["id"].as_string(), BigInteger)
    new = {"value": statement.excluded.value, "updated_at": statement.excluded.updated_at}
    newer = held < bindparam("newest", type_=BigInteger)
    return Prepared(statement.on_conflict_do_update(index_elements=["name"], set_=new, where=newer))


def _reason(decision: Decision) -> str | None:
    return decision.reason if isinstance(decision, Refusal) else None


def _obey(
    database: Database, session: Session, decided: list[tuple[Mention, Decision]], now: datetime
) -> None:
    """Stop, start, opt-out and opt-in hold from this commit on; who opted out leaves no words here."""
    for mention, decision in decided:
        by = mention.post.author_id
        if isinstance(decision, Command) and not overtaken(session, by, decision.kind, mention.id):
            obey(database, session, by, decision.kind, now=now)
    silent = opted_out(session, (mention.post.author_id for mention, _ in decided))
    for mention, _ in decided:
        if mention.post.author_id in silent:
            session.get_one(MentionRow, mention.id).payload = wordless(mention.payload)


def _mention_row(mention: Mention, decision: Decision, now: datetime) -> MentionRow:
    return MentionRow(
        id=mention.id,
        author_id=mention.post.author_id,
        conversation_id=mention.post.conversation_id,
        decision=_said(decision),
        reason=_reason(decision),
        payload=mention.payload,
        created_at=mention.post.created_at,
        seen_at=now,
    )


def _said(decision: Decision) -> str:
    """`request`, `refusal`, or the command's own name."""
    match decision:
        case Command(kind=kind):
            return kind
        case Refusal():
            return "refusal"
        case _:
            return "request"


def _job_row(mention: Mention, decision: Request | Command, now: datetime, *, saved: bool) -> JobRow:
    """A command that is about no thread is about the mention itself."""
    command = decision if isinstance(decision, Command) else None
    goal = decision.goal or Goal(mention.id, mention.post.conversation_id)
    return JobRow(
        kind=command.kind if command else "unroll",
        state="queued",
        mention_id=mention.id,
        requester_id=mention.post.author_id,
        post_id=goal.post_id,
        conversation_id=goal.conversation_id,
        author_id=goal.author_id,
        author_username=goal.author_username,
        reply_wanted=command is None or command.confirmed,
        priority=COMMAND if command else urgency(goal, saved=saved, now=now),
        created_at=now,
        updated_at=now,
    )
