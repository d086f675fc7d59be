"""Which jobs: the options by which `unroll jobs` chooses them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, get_args

import typer

from bot.cli import output
from bot.domain import JobState
from bot.rules.request import LARGEST_ID
from bot.store import Store
from bot.store.mending import Which

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
# Nothing was made outside of these, and a moment more or less is still a time.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
WORD = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def _state(value: str | None) -> str | None:
    if value is not None and value not in get_args(JobState):
        raise typer.BadParameter(f"one of {', '.join(get_args(JobState))}")
    return value


def time_of(value: str | None) -> datetime | None:
    """A time as ISO 8601 (UTC where it names no zone), or how long ago: 30m, 2h, 7d, 2w."""
    if value is None:
        return None
    try:
        if ago := re.fullmatch(r"(\d+)([mhdw])", value):
            time = datetime.now(UTC) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        else:
            time = datetime.fromisoformat(value)
            time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter("an ISO 8601 time such as 2026-11-22T08:00, or 30m, 2h, 7d") from None
    return min(max(time, EARLIEST), LATEST)


def _valid_time(value: str | None) -> str | None:
    time_of(value)
    return value


def reason_word(value: str | None) -> str | None:
    if value is not None and WORD.fullmatch(value) is None:
        raise typer.BadParameter("a word such as rate-limited: small letters, figures and hyphens")
    return value


def job_number(value: int | list[int] | None) -> int | list[int] | None:
    numbers = value if isinstance(value, list) else [] if value is None else [value]
    if not all(0 < number <= LARGEST_ID for number in numbers):
        raise typer.BadParameter("a job's number, from 1 on")
    return value


State = Annotated[str | None, typer.Option("--state", metavar="S", callback=_state, help="In this state.")]
Reason = Annotated[
    str | None, typer.Option("--reason", metavar="R", callback=reason_word, help="For this reason.")
]
Kind = Annotated[str | None, typer.Option("--kind", help="Of this kind: unroll, refresh, opt-out, ...")]
User = Annotated[
    str | None,
    typer.Option(
        "--user", metavar="NAME", help="Asked for by them, or about their posts; a name or X's number."
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="T", callback=_valid_time, help="Made at or after T: a time, or 30m, 2h, 7d ago."
    ),
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="T", callback=_valid_time, help="Made before T; 1h: older than that."),
]


def number_of(name: str) -> int | None:
    """X's number of an account, where that is what was given, and not a name."""
    number = int(name) if re.fullmatch(r"[0-9]{1,19}", name) else None
    return number if number is not None and number <= LARGEST_ID else None


def which(
    store: Store,
    *,
    state: str | None,
    reason: str | None,
    kind: str | None,
    user: str | None,
    since: str | None,
    until: str | None,
) -> Which:
    """Ends the command where nobody of that name is known here."""
    first, last = time_of(since), time_of(until)
    if first is not None and last is not None and first >= last:
        raise typer.BadParameter("--since must be earlier than --until")
    return Which(state, reason, kind, _person(store, user), first, last)


def _person(store: Store, user: str | None) -> int | None:
    if user is None:
        return None
    if (number := number_of(user)) is not None:
        return number
    found = store.people.named(user.removeprefix("@"))
    if found is None:
        output.fail(f"nobody named {user} was met here so far: give X's number of the account instead")
    return found.id
