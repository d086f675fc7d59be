"""How long the bot keeps quiet after X's catch-all refusal of a reply. Pure.

X does not say what it minds, nor until when; an account that goes on talking is locked. So each complaint
doubles the silence, up to a day, and one reply alone tries whether it is over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

FIRST_SILENCE = timedelta(minutes=15)
LONGEST_SILENCE = timedelta(days=1)

# Who was complained about lets the others try first when the silence is over: it may have been their post.
AFTER_THE_OTHERS = timedelta(minutes=1)

# Complaints that are further apart than this have nothing to do with each other.
REMEMBERED_FOR = timedelta(days=1)

# So often may one mention bring silence over all others, although they were answered in between.
COMPLAINTS_OF_ONE = 2


@dataclass(frozen=True, slots=True)
class CoolDown:
    """No reply before `until`. `since` is the first complaint, `complaints` how many there were, `detail`
    what X said; `over_at` is when a reply went out again.
    """

    complaints: int
    since: datetime
    until: datetime
    detail: str
    over_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.over_at is None and now < self.until


def after_complaint(earlier: CoolDown | None, *, now: datetime, detail: str) -> CoolDown:
    """What holds from now on. Complaints about replies that were on their way together count once."""
    if earlier is None or (earlier.over_at is not None and now - earlier.over_at > REMEMBERED_FOR):
        return CoolDown(1, now, now + FIRST_SILENCE, detail)
    if earlier.holds(now):
        return earlier
    silence = FIRST_SILENCE
    for _ in range(earlier.complaints):
        silence = min(LONGEST_SILENCE, silence * 2)
    return replace(
        earlier, complaints=earlier.complaints + 1, until=now + silence, detail=detail, over_at=None
    )


def after_reply(earlier: CoolDown, *, now: datetime) -> CoolDown:
    """A reply went out: it is over, and remembered in case X complains again."""
    return replace(earlier, over_at=now)
