"""Where an unroll's time goes: `python -m benchmarks.steps` does every due job, one after the other.

It reads the settings as a worker does and prints JSON: milliseconds of an unroll by step, without those of
another step inside it, on the clock and of CPU.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog

from bot.blobs import open_blobs
from bot.flows.meter import JobMeter
from bot.flows.parts import Parts
from bot.flows.unroll import unroll
from bot.settings import load
from bot.store import open_store
from bot.store.jobs import Jobs
from bot.store.media import MediaStore
from bot.store.mentions import Mentions
from bot.store.notes import Notes
from bot.store.pages import Pages
from bot.store.people import People
from bot.store.threads import Threads
from bot.x import connect
from bot.x.circuits import Circuits
from bot.x.client import utc_now
from bot.x.connection import Session
from bot.x.limits import Limits

WARM_UP = 20
REST = "the rest: decoding, assembling, wording, the log"
STEPS: dict[str, list[tuple[type, str]]] = {
    "X: signing, sending, waiting": [(Session, "request")],
    "X's windows and circuits, in Redis": [(Limits, "acquire"), (Limits, "observe"), (Circuits, "change")],
    "the day's money": [(JobMeter, "affordable"), (JobMeter, "book")],
    "claim, mark, end of the job": [
        *((Jobs, name) for name in ("claim", "set_thread", "start_reply", "finish", "find")),
    ],
    "names that one worker holds": [(Notes, "acquire"), (Notes, "release")],
    "what X gave, kept": [(Threads, "save_conversation")],
    "the thread, its card and its words, saved": [(Threads, "save")],
    "looks into the database": [
        *((Threads, name) for name in ("known", "find", "payloads", "authors", "conversation_of")),
        *((People, name) for name in ("find", "opted_out")),
        *((Jobs, name) for name in ("answered", "said_before", "asked_of")),
        *((Pages, name) for name in ("about",)),
        *((Mentions, name) for name in ("find", "asking")),
        *((Notes, "get"), (Notes, "moods"), (MediaStore, "wanted")),
    ],
}


class Clock:
    """Two clocks for each step, of which only the innermost goes."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self._stack = [REST]
        self._at = self._now()

    def enter(self, step: str) -> None:
        self._turn()
        self._stack.append(step)

    def leave(self) -> None:
        self._turn()
        self._stack.pop()

    def _turn(self) -> None:
        now = self._now()
        for place in (0, 1):
            self.spent[self._stack[-1]][place] += now[place] - self._at[place]
        self._at = now

    @staticmethod
    def _now() -> tuple[float, float]:
        return time.perf_counter(), time.process_time()


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    settings = load()
    store = open_store(settings.database_url)
    parts = Parts(
        store=store,
        connection=connect(settings),
        settings=settings,
        clock=utc_now,
        worker="steps",
        files=open_blobs(settings.media_dir, endpoint=settings.media_endpoint_url),
    )
    due = [job.id for job in reversed(store.jobs.newest(limit=10_000))]
    for job_id in due[:WARM_UP]:
        unroll(job_id, parts)
    clock = Clock()
    for step, methods in STEPS.items():
        for owner, name in methods:
            setattr(owner, name, _timed(getattr(owner, name), step, clock))
    measured = due[WARM_UP:]
    clock.enter(REST)
    for job_id in measured:
        done = unroll(job_id, parts)
        if done is None or done.state != "done":
            raise AssertionError(f"job {job_id}: {done}")
    clock.leave()
    many = len(measured)
    sys.stdout.write(
        json.dumps({step: [each * 1000 / many for each in clock.spent[step]] for step in (*STEPS, REST)})
    )


def _timed(method: Callable[..., Any], step: str, clock: Clock) -> Callable[..., Any]:
    @wraps(method)
    def timed(*args: Any, **kwargs: Any) -> Any:
        clock.enter(step)
        try:
            return method(*args, **kwargs)
        finally:
            clock.leave()

    return timed


if __name__ == "__main__":
    main()
