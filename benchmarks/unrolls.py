"""Unrolls a second of one worker process, beside a bare loop that does the same with nothing around it.

The worker is the real one, woken up through a real broker; the poller looks at all mentions first and goes on
topping the queue up. What the worker did is then done again by the loop: the same calls by requests, and the
same rows into an empty database by sqlite3 or psycopg, in two commits an unroll, before and after the reply.
X is the same process for both. Rounds go in turn.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import sqlalchemy

from benchmarks.bare import Told, Unroll
from benchmarks.house import BIN, furnished, housed
from benchmarks.processes import running
from benchmarks.tables import table
from bot.queue import APP
from bot.store import open_store
from sandbox.ledger import Call
from sandbox.nouns import Post
from sandbox.world import World

UNROLLS, POSTS, ROUNDS = 300, 10, 3
# While processes start and caches fill nobody is measured.
WARM_UP = UNROLLS // 5
STALLED_AFTER = 60
POSTED = 201
DATABASES = ("sqlite", "postgres")
READS = ("GET /2/tweets", "GET /2/tweets/search/recent", "GET /2/users/:id/tweets")
ENDPOINTS = (*READS, "POST /2/tweets", "GET /2/users/:id/mentions")
WIDE = {"limit": 1_000_000, "seconds": 900, "per_day": 1_000_000}
SQLITE_WORDS = """
    SELECT card.thread_id AS rowid, card.username || ' ' || card.title AS head, card_text.text AS body
    FROM card JOIN card_text ON card_text.thread_id = card.thread_id
"""
HEAD = [
    *("unrolls a second", "one worker process", "a bare loop", "ratio"),
    *("CPU for each, worker, ms", "loop, ms"),
]
# What is no row of an unroll: versions, locks, what the database counts by itself, and SQLite's own tables
# behind the words.
NOT_ROWS = {"alembic_version", "note", "lease", "reservation", "job_count"}


@dataclass(frozen=True)
class Pace:
    """From the first reply after the warm-up to the last."""

    a_second: float
    cpu_ms: float


def report() -> str:
    rows = []
    for database in DATABASES:
        rounds = [_measured(database) for _ in range(ROUNDS)]
        worker, bare = ([each[place] for each in rounds] for place in (0, 1))
        ratio = median(ours.a_second / theirs.a_second for ours, theirs in rounds)
        rows.append(
            [
                database,
                f"{median(each.a_second for each in worker):.1f}",
                f"{median(each.a_second for each in bare):.1f}",
                f"{ratio:.2f}",
                f"{median(each.cpu_ms for each in worker):.0f}",
                f"{median(each.cpu_ms for each in bare):.0f}",
            ]
        )
    return f"{table(HEAD, rows)}\n\n{_steps()}"


def _steps() -> str:
    """Where the time of an unroll goes, one after the other in one thread: on the clock, and of CPU."""
    found = {database: _by_step(database) for database in DATABASES}
    rows = [
        [step, *(f"{spent:.1f}" for database in DATABASES for spent in found[database][step])]
        for step in found["sqlite"]
    ]
    sums = [
        f"{sum(each[place] for each in found[database].values()):.1f}"
        for database in DATABASES
        for place in (0, 1)
    ]
    head = ["ms of an unroll", *(f"{database}, {of}" for database in DATABASES for of in ("clock", "CPU"))]
    return table(head, [*rows, ["together", *sums]])


def _by_step(database: str) -> dict[str, list[float]]:
    with ExitStack() as stack:
        world, env, _ = _prepared(database, stack)
        for number in range(UNROLLS):
            _ask(world, number)
        for words in (["unroll", "poll", "--once"], [sys.executable, "-m", "benchmarks.steps"]):
            program = BIN / words[0] if words[0] == "unroll" else words[0]
            told = subprocess.run([program, *words[1:]], env=env, check=True, stdout=subprocess.PIPE)  # noqa: S603
    found: dict[str, list[float]] = json.loads(told.stdout)
    return found


def _prepared(database: str, stack: ExitStack) -> tuple[World, dict[str, str], Path]:
    """A world, and the settings of a bot with an empty database in a folder of its own."""
    world = World(search_lag=timedelta(0))
    for endpoint in ENDPOINTS:
        world.limits.set(endpoint, **WIDE)
    told = {"POLL_INTERVAL_SECONDS": "1", "LOG_LEVEL": "WARNING"}
    env, folder = stack.enter_context(furnished(world, database, "unrolls", **told))
    open_store(env["DATABASE_URL"], upgrade=True).close()
    return world, env, folder


def _measured(database: str) -> tuple[Pace, Pace]:
    with ExitStack() as stack:
        world, env, folder = _prepared(database, stack)
        (folder / "bare").mkdir()
        other = stack.enter_context(housed(database, "bare", folder / "bare"))
        open_store(other.url, upgrade=True).close()
        asked = [_ask(world, number) for number in range(UNROLLS)]
        worker = _work(world, env, folder)
        told = Told(
            env["X_API_URL"], world.credentials, other.url, _unrolls(world, asked), _rows(env["DATABASE_URL"])
        )
        bare = _loop(world, told, folder)
    return worker, bare


def _ask(world: World, number: int) -> Post:
    texts = [
        f"Post {k} of thread {number}: words that a reader may like to read, and more." for k in range(POSTS)
    ]
    thread = world.thread(f"author{number}", texts, ago=timedelta(hours=2))
    return world.mention(f"asker{number}", thread[2])


def _work(world: World, env: dict[str, str], folder: Path) -> Pace:
    poller = {"poller": [BIN / "unroll", "poll"]}
    worker = {"worker": [BIN / "celery", "-A", "workers.app", "worker", "-Q", APP]}
    with running(poller, env, folder), running(worker, env, folder) as processes:
        return _pace(world, processes["worker"], 0)


def _loop(world: World, told: Told, folder: Path) -> Pace:
    file = folder / "told"
    file.write_bytes(pickle.dumps(told))
    already = _answered(world)
    words = {"loop": [sys.executable, "-m", "benchmarks.bare", file]}
    with running(words, dict(os.environ), folder) as processes:
        return _pace(world, processes["loop"], already)


def _unrolls(world: World, asked: list[Post]) -> list[Unroll]:
    """For each the reads that the worker made, and what it said."""
    made = [call for endpoint in READS for call in world.ledger.calls_to(endpoint)]
    return [
        Unroll(
            [f"{call.path}?{call.query}" for call in made if mention.conversation_id in call.query],
            mention.id,
            world.replies_to(mention)[0].raw,
        )
        for mention in asked
    ]


def _rows(url: str) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    """Every row that the unrolls have left, by table: its columns and the rows."""
    engine = sqlalchemy.create_engine(url)
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        names = sqlalchemy.inspect(connection).get_table_names()
        queries = {
            name: f"SELECT * FROM {name}"  # noqa: S608 - the schema's own name
            for name in names
            if name not in NOT_ROWS and not name.startswith("search")
        }
        # SQLite's index of words cannot be read back; what went into it can.
        queries["search"] = SQLITE_WORDS if sqlite else "SELECT * FROM search"
        found = {}
        for name, query in queries.items():
            result = connection.exec_driver_sql(query)
            found[name] = (list(result.keys()), [tuple(map(_written, row)) for row in result])
    engine.dispose()
    return {name: (columns, rows) for name, (columns, rows) in found.items() if rows}


def _written(value: Any) -> Any:
    """PostgreSQL's driver reads JSON, and does not write it."""
    return json.dumps(value) if isinstance(value, dict | list) else value


def _pace(world: World, process: psutil.Popen, already: int) -> Pace:
    cpu = _wait(world, process, already + WARM_UP)
    cpu = _wait(world, process, already + UNROLLS) - cpu
    replies = [call.at for call in _replies(world)][already:]
    seconds = (replies[UNROLLS - 1] - replies[WARM_UP - 1]).total_seconds()
    many = UNROLLS - WARM_UP
    return Pace(many / seconds, cpu * 1000 / many)


def _wait(world: World, process: psutil.Popen, replies: int) -> float:
    """Until there are so many; the seconds of CPU that the process has taken by then."""
    seen, moved = -1, time.monotonic()
    while (now := _answered(world)) < replies:
        if now > seen:
            seen, moved = now, time.monotonic()
        if time.monotonic() > moved + STALLED_AFTER or process.poll() is not None:
            raise AssertionError(f"stalled at {now} of {replies} replies")
        time.sleep(0.02)
    return float(sum(process.cpu_times()[:2]))


def _replies(world: World) -> list[Call]:
    return [call for call in world.ledger.calls_to("POST /2/tweets") if call.status == POSTED]


def _answered(world: World) -> int:
    return len(_replies(world))
