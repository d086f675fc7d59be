"""Memory of each process at rest, after a thousand jobs and after ten thousand, done as fast as they go.

A worker, the poller and the site, each a process of its own; somebody reads pages meanwhile. People ask for
a few hundred threads, so that most jobs lack only their reply: looked for is what grows with their number.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psutil
import requests

from benchmarks.house import BIN, furnished
from benchmarks.processes import megabytes, running
from benchmarks.tables import table
from sandbox import broker
from sandbox.nouns import Post
from sandbox.world import World

MARKS = (1_000, 10_000)
THREADS = 300
UNDER_WAY = 200
STALLED_AFTER = 120
POSTED = 201
COMMANDS = {
    "worker": [BIN / "celery", "-A", "workers.app", "worker"],
    "poller": [BIN / "unroll", "poll"],
    "site": [BIN / "unroll", "web", "--port"],
}
WIDE = {"limit": 1_000_000, "seconds": 900, "per_day": 1_000_000}


def report() -> str:
    return "\n\n".join(f"{database}:\n\n{_measured(database)}" for database in ("sqlite", "postgres"))


def _measured(database: str) -> str:
    world = World(search_lag=timedelta(0))
    for endpoint in ("POST /2/tweets", "GET /2/users/:id/mentions", "GET /2/tweets/search/recent"):
        world.limits.set(endpoint, **WIDE)
    threads = [_thread(world, number) for number in range(THREADS)]
    with _at_work(world, database) as (processes, site):
        _ask(world, threads, 1, site)
        readings, took = [_weigh(processes)], []
        for few, many in zip((1, *MARKS), MARKS, strict=False):
            began = time.monotonic()
            _ask(world, threads, many, site)
            took.append((many - few) / (time.monotonic() - began))
            readings.append(_weigh(processes))
    rows = [
        [name, *(f"{each[name]:.0f}" for each in readings), f"{readings[-1][name] / readings[-2][name]:.2f}"]
        for name in COMMANDS
    ]
    head = ["MB", "at rest", *(f"after {mark:,} jobs" for mark in MARKS), "ratio of the last two"]
    return f"{table(head, rows)}\n\n{took[-1]:.0f} jobs a second."


@contextmanager
def _at_work(world: World, database: str) -> Iterator[tuple[dict[str, psutil.Popen], str]]:
    port = str(broker.free_port())
    commands = {**COMMANDS, "site": [*COMMANDS["site"], port]}
    with (
        furnished(world, database, "memory", POLL_INTERVAL_SECONDS="1") as (env, folder),
        running(commands, env, folder) as processes,
    ):
        yield processes, f"http://127.0.0.1:{port}"


def _thread(world: World, number: int) -> list[Post]:
    texts = [f"Post {k} of thread {number}: words that a reader may like to read." for k in range(5)]
    return world.thread(f"author{number}", texts, ago=timedelta(hours=2))


def _ask(world: World, threads: list[list[Post]], jobs: int, site: str) -> None:
    """Until so many were answered, never many at once; a page is read at every look."""
    answered = asked = _answered(world)
    moved = time.monotonic()
    with requests.Session() as reader:
        while answered < jobs:
            while asked < min(jobs, answered + UNDER_WAY):
                world.mention(f"asker{asked}", threads[asked % THREADS][2])
                asked += 1
            time.sleep(0.2)
            before, answered = answered, _answered(world)
            if answered > before:
                moved = time.monotonic()
                reader.get(f"{site}/thread/{threads[answered % THREADS][0].id}", timeout=30)
            elif time.monotonic() > moved + STALLED_AFTER:
                raise AssertionError(f"stalled at {answered} of {jobs} replies")


def _answered(world: World) -> int:
    return sum(call.status == POSTED for call in world.ledger.calls_to("POST /2/tweets"))


def _weigh(processes: dict[str, psutil.Popen]) -> dict[str, float]:
    return {name: megabytes(process) for name, process in processes.items()}
