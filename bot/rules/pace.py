"""How often the mentions are looked at. Pure.

X tells nothing                  at every tick
X tells at once                  underneath, seldom: to catch what was not told
it told something late or half   at every tick again, for a while
the stream is silent or new      at every tick until it speaks, and once after it was opened
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

MentionsBy = Literal["poll", "webhook", "stream"]

# Where X has missed to tell a request once, it may do so again.
DOUBT = timedelta(minutes=15)

# X sends a line every 20 seconds at least; it is noted every few seconds.
SILENCE = timedelta(seconds=60)

# An event may be a moment later than a look.
TOLD_WITHIN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of being told: when X last missed to tell something, and how the stream does."""

    doubted_at: datetime | None = None
    stream_opened_at: datetime | None = None
    stream_heard_at: datetime | None = None


def look_is_due(
    by: MentionsBy, heard: Heard, *, looked_at: datetime | None, underneath: timedelta, now: datetime
) -> bool:
    if by == "poll" or looked_at is None or looked_at > now or now - looked_at >= underneath:
        return True
    if heard.doubted_at is not None and now - heard.doubted_at < DOUBT:
        return True
    return by == "stream" and not _streams(heard, looked_at, now)


def _streams(heard: Heard, looked_at: datetime, now: datetime) -> bool:
    """Whether the stream is alive, and was so when the last look was made."""
    opened_at, heard_at = heard.stream_opened_at, heard.stream_heard_at
    if opened_at is None or heard_at is None or now - heard_at > SILENCE:
        return False
    return opened_at < looked_at
