"""Single facts the processes share, and names that one process holds for a while."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter
from sqlalchemy import bindparam, delete, or_, select

from bot.domain import Author
from bot.rules.cooldown import CoolDown
from bot.rules.pace import Heard
from bot.settings import CLOCKS_APART
from bot.store.database import Database
from bot.store.inserts import insert, table_of
from bot.store.models import LeaseRow, NoteRow
from bot.store.prepared import Prepared

BOT = "bot"
COOL_DOWN = "replies.cool_down"
DOUBT = "events.doubt"
STREAM = "events.stream"
PAUSED = "paused"
POLLED = "polled"

NOTE, HELD = table_of(NoteRow), table_of(LeaseRow)
MOODS = Prepared(
    select(NOTE.c.name, NOTE.c.value).where(or_(NOTE.c.name == COOL_DOWN, NOTE.c.name == PAUSED))
)
BY_NAME = Prepared(select(NOTE.c.value).where(NOTE.c.name == bindparam("name")))
DROP = Prepared(delete(NOTE).where(NOTE.c.name == bindparam("name")).returning(NOTE.c.name))
RELEASE = Prepared(delete(HELD).where(HELD.c.name == bindparam("name"), HELD.c.token == bindparam("token")))

COOL_DOWNS: TypeAdapter[CoolDown] = TypeAdapter(CoolDown)


@dataclass(frozen=True, slots=True)
class Pause:
    """Why no call is made to X, since when, when the next try is, and at which endpoint X said no."""

    reason: str
    detail: str
    since: datetime
    probe_at: datetime
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Notes:
    database: Database

    def get(self, name: str) -> dict[str, Any] | None:
        row = self.database.glance(BY_NAME, {"name": name})
        return cast("dict[str, Any]", row.value) if row is not None else None

    def put(self, name: str, value: dict[str, Any], *, now: datetime) -> None:
        with self.database.write() as session:
            self.database.upsert(session, [NoteRow(name=name, value=value, updated_at=now)])

    def drop(self, name: str) -> bool:
        return self.database.write_alone(DROP, {"name": name}) is not None

    def bot(self) -> Author | None:
        """The bot's own account, as X told it once."""
        value = self.get(BOT)
        return Author(int(value["id"]), value["username"], value["name"]) if value else None

    def set_bot(self, bot: Author, *, now: datetime) -> None:
        self.put(BOT, {"id": str(bot.id), "username": bot.username, "name": bot.name}, now=now)

    def polled_at(self) -> datetime | None:
        """When the poller last looked for work; None before its first look."""
        value = self.get(POLLED)
        return datetime.fromisoformat(value["at"]) if value else None

    def doubt(self, *, now: datetime) -> None:
        """X has not told something in time, or not whole."""
        self.put(DOUBT, {"at": now.isoformat()}, now=now)

    def heard(self) -> Heard:
        doubt, stream = self.get(DOUBT), self.get(STREAM)
        return Heard(
            doubted_at=_moment(doubt, "at"),
            stream_opened_at=_moment(stream, "opened_at"),
            stream_heard_at=_moment(stream, "heard_at"),
        )

    def pause(self) -> Pause | None:
        return _pause(self.get(PAUSED))

    def set_pause(self, pause: Pause, *, now: datetime) -> None:
        value = {"reason": pause.reason, "detail": pause.detail, "endpoint": pause.endpoint}
        times = {"since": pause.since.isoformat(), "probe_at": pause.probe_at.isoformat()}
        self.put(PAUSED, {**value, **times}, now=now)

    def cool_down(self) -> CoolDown | None:
        """The last silence that X's complaints brought, over or not."""
        return _cool_down(self.get(COOL_DOWN))

    def moods(self) -> tuple[Pause | None, CoolDown | None]:
        """What `pause` and `cool_down` tell, in one look."""
        told = {row.name: row.value for row in self.database.glance_all(MOODS, {})}
        return _pause(told.get(PAUSED)), _cool_down(told.get(COOL_DOWN))

    def set_cool_down(self, rest: CoolDown, *, now: datetime) -> None:
        self.put(COOL_DOWN, COOL_DOWNS.dump_python(rest, mode="json"), now=now)

    def acquire(self, name: str, *, now: datetime, hold: timedelta) -> str | None:
        """Holds a name that nobody else holds; its token, or None."""
        token = secrets.token_hex(8)
        lease = {"name": name, "token": token, "until": now + hold}
        when = {"now": now, "too_far": now + hold + CLOCKS_APART}
        taken = self.database.write_alone(_acquire(sqlite=self.database.is_sqlite), {**lease, **when})
        return token if taken is not None else None

    def release(self, name: str, token: str) -> None:
        self.database.write_alone(RELEASE, {"name": name, "token": token})


@cache
def _acquire(*, sqlite: bool) -> Prepared:
    """One that ends later than any can was taken before a clock was set back."""
    values: dict[str, Any] = {name: bindparam(name) for name in ("name", "token", "until")}
    statement = insert(HELD, sqlite=sqlite).values(**values)
    free = or_(HELD.c.until < bindparam("now"), HELD.c.until > bindparam("too_far"))
    new = {"token": statement.excluded.token, "until": statement.excluded.until}
    taken = statement.on_conflict_do_update(index_elements=["name"], set_=new, where=free)
    return Prepared(taken.returning(HELD.c.token))


def _pause(value: dict[str, Any] | None) -> Pause | None:
    if value is None:
        return None
    since, probe_at = (datetime.fromisoformat(value[name]) for name in ("since", "probe_at"))
    return Pause(value["reason"], value["detail"], since, probe_at, value.get("endpoint", ""))


def _cool_down(value: dict[str, Any] | None) -> CoolDown | None:
    return COOL_DOWNS.validate_python(value) if value else None


def _moment(value: dict[str, Any] | None, name: str) -> datetime | None:
    told = (value or {}).get(name)
    return datetime.fromisoformat(told) if told else None
