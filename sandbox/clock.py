"""Time in a world, and ids made from it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

EPOCH_MS = 1_288_834_974_657
"""Where X's snowflakes begin to count: 4 November 2010."""


def snowflake(at: datetime, sequence: int = 0) -> int:
    return (round(at.timestamp() * 1000) - EPOCH_MS << 22) | sequence


def time_of(post_id: int) -> datetime:
    return datetime.fromtimestamp(((post_id >> 22) + EPOCH_MS) / 1000, UTC)


def stamp(at: datetime) -> str:
    """A time as X writes it: whole seconds, milliseconds always zero."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Snowflakes:
    """Ids that grow with time, and strictly within one millisecond."""

    def __init__(self) -> None:
        self._taken: defaultdict[int, int] = defaultdict(int)

    def take(self, at: datetime) -> int:
        first = snowflake(at)
        sequence = self._taken[first]
        self._taken[first] += 1
        return first + sequence

    def reserve(self, post_id: int) -> None:
        first = post_id >> 22 << 22
        self._taken[first] = max(self._taken[first], post_id - first + 1)


def utc_now() -> datetime:
    return datetime.now(UTC)


def ago_or_at(now: datetime, at: datetime | None, ago: timedelta | None) -> datetime:
    if at is not None:
        return at.astimezone(UTC)
    return now - ago if ago is not None else now
