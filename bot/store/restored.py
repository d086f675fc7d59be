"""That the database is a restored one, and what was found of our own replies since."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.store.database import Database
from bot.store.models import FoundReplyRow, NoteRow
from bot.store.notes import Notes

RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Restore:
    """`newest_reply` is the newest one that the backup knows of. `down_to` is the oldest of our posts that
    was looked at since, `seen` how many were, and `looked` says that this is over.
    """

    at: datetime
    newest_reply: int | None
    down_to: int | None = None
    seen: int = 0
    looked: bool = False


@dataclass(frozen=True, slots=True)
class Restores:
    database: Database

    def last(self) -> Restore | None:
        told = Notes(self.database).get(RESTORED)
        if told is None:
            return None
        return Restore(
            at=datetime.fromisoformat(told["at"]),
            newest_reply=_number(told.get("newest_reply")),
            down_to=_number(told.get("down_to")),
            seen=int(told.get("seen", 0)),
            looked=bool(told.get("looked", False)),
        )

    def found(self, restore: Restore, posts: Iterable[tuple[int, int | None]], *, now: datetime) -> Restore:
        """Notes a page of our posts, as (id, id of the post replied to), and returns what is known now.

        None at all means that there are no more.
        """
        page = list(posts)
        oldest = min((post_id for post_id, _ in page), default=restore.down_to)
        further = replace(restore, down_to=oldest, seen=restore.seen + len(page), looked=not page)
        answers = {to: FoundReplyRow(mention_id=to, reply_id=i) for i, to in page if to is not None}
        value = {
            "at": further.at.isoformat(),
            "newest_reply": _text(further.newest_reply),
            "down_to": _text(further.down_to),
            "seen": further.seen,
            "looked": further.looked,
        }
        with self.database.write() as session:
            self.database.upsert(session, answers.values())
            self.database.upsert(session, [NoteRow(name=RESTORED, value=value, updated_at=now)])
        return further

    def reply_to(self, mention_id: int) -> int | None:
        with self.database.read() as session:
            row = session.get(FoundReplyRow, mention_id)
            return row.reply_id if row else None


def _number(told: str | None) -> int | None:
    return None if told is None else int(told)


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
