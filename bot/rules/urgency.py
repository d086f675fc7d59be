"""Which of the due jobs come next: the urgent first, and among equals everybody in turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.domain import Goal
from bot.rules.plan import RECENT_SEARCH_REACH, posted_at

# From the most urgent to the least. What somebody tells the bot to do comes before the threads they and
# others wait for; then what lacks only its reply, what is cheap to fetch, what X's archive has to be searched
# for, and last what nobody waits for.
COMMAND, ONLY_THE_REPLY, CHEAP, ARCHIVE, UPKEEP = range(-1, 4)

# Of one requester no more wake-ups than this are on their way: who comes next finds the queue short.
ON_THEIR_WAY = 16


@dataclass(frozen=True, slots=True)
class Due:
    """A job that could be done now. `sent` says that its wake-up is on its way; `requester` is None for what
    nobody on X has asked for.
    """

    id: int
    requester: int | None
    urgency: int
    sent: bool = False


def urgency(goal: Goal, *, saved: bool, now: datetime) -> int:
    """Of a thread that somebody asks for; `saved` says that we have a page of it."""
    begun = posted_at(goal.conversation_id or goal.post_id)
    return ARCHIVE if not saved and now - begun > RECENT_SEARCH_REACH else CHEAP


def next_in_line(due: Iterable[Due], *, depth: int, replies: int | None = None) -> list[int]:
    """The jobs to send a wake-up for, in their order, so that `depth` are on their way.

    One of each requester before anybody's second, those on their way counted. `replies` is how many more X
    takes for now: no more of those that lack only that are woken, for they could but wait.
    """
    jobs = sorted(due, key=lambda job: (not job.sent, job.urgency, job.id))
    turns: Counter[int | None] = Counter()
    line: list[tuple[int, int, int]] = []
    for job in jobs:
        turns[job.requester] += 1
        if not job.sent and turns[job.requester] <= ON_THEIR_WAY:
            line.append((job.urgency, turns[job.requester], job.id))
    line.sort()
    if replies is not None:
        ready = [place for place in line if place[0] == ONLY_THE_REPLY][:replies]
        line = sorted([*ready, *(place for place in line if place[0] != ONLY_THE_REPLY)])
    room = max(0, depth - sum(job.sent for job in jobs))
    return [job_id for _, _, job_id in line[:room]]
