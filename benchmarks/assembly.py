"""assemble() beside json.loads of the payload it works on: 1,000 posts out of a conversation of 20,000.

The payload is what X would send for the whole conversation, although the bot never asks for it all.
"""

from __future__ import annotations

import gc
import json
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from benchmarks.tables import table
from bot.domain import Goal
from bot.rules.thread import assemble
from bot.x import decode
from bot.x.client import POST_FIELDS, USER_FIELDS
from sandbox.payload import Answer, Asked
from sandbox.world import World

THREAD, CONVERSATION, CHAIN = 1_000, 20_000, 10_000
ROUNDS = 9
MEGA = 1_000_000


@dataclass(frozen=True)
class Measured:
    """Medians in milliseconds; peaks of memory in megabytes."""

    name: str
    assemble_ms: float
    loads_ms: float
    assemble_mb: float
    loads_mb: float

    @property
    def row(self) -> list[str]:
        return [
            self.name,
            f"{self.assemble_ms:.0f}",
            f"{self.loads_ms:.0f}",
            f"{self.assemble_ms / self.loads_ms:.2f}",
            f"{self.assemble_mb:.1f}",
            f"{self.loads_mb:.1f}",
            f"{self.assemble_mb / self.loads_mb:.2f}",
        ]


def report() -> str:
    head = ["", "assemble ms", "json.loads ms", "ratio", "assemble MB", "payload MB", "ratio"]
    return table(
        head,
        [
            measure(THREAD, CONVERSATION).row,
            measure(CHAIN, CHAIN).row,
        ],
    )


def measure(thread: int, conversation: int) -> Measured:
    document = payload(thread, conversation)
    known = decode.conversation(json.loads(document))
    first = min(known.posts)
    goal = Goal(sorted(known.posts)[thread // 2], first, known.posts[first].author_id)
    made = assemble(known, goal)
    if made is None or len(made.posts) != thread or not made.complete:
        raise AssertionError("the thread is not what the scene has")
    ours, theirs = _side_by_side(lambda: assemble(known, goal), lambda: json.loads(document))
    return Measured(
        f"{thread:,} posts out of {conversation:,}",
        ours,
        theirs,
        _peak(lambda: assemble(known, goal)),
        _peak(lambda: json.loads(document)),
    )


def payload(thread: int, conversation: int) -> str:
    """One document in X's form with a thread and all that others replied to it."""
    now = datetime(2026, 11, 3, 12, tzinfo=UTC)
    world = World(now=lambda: now)
    ada = world.author("ada", name="Ada Quill")
    texts = [f"Part {n} of what I know, and #more of it." for n in range(thread)]
    posts = world.thread(ada, texts, ago=timedelta(hours=9), every=timedelta(seconds=1))
    for n in range(conversation - thread):
        world.post(f"guest{n % 700}", "A word of mine.", reply_to=posts[n % thread], ago=timedelta(hours=1))
    asked = Asked(
        posts=frozenset(POST_FIELDS), users=frozenset(USER_FIELDS), expansions=frozenset({"author_id"})
    )
    answer = Answer(world, asked, "https://x.example")
    told: dict[str, Any] = answer.document([answer.show_post(post) for post in world.posts])
    return json.dumps(told)


def _side_by_side(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """Medians of rounds in turn, so that whatever else the machine does hits both."""
    rounds = [(_milliseconds(ours), _milliseconds(theirs)) for _ in range(ROUNDS)]
    return median(each[0] for each in rounds), median(each[1] for each in rounds)


def _milliseconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _peak(work: Callable[[], object]) -> float:
    """The most memory that the work held at once, its result among it."""
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / MEGA
    finally:
        tracemalloc.stop()
