"""From a mention to our reply under a light load: poller, broker and worker are processes, X is in this one.

X's own record says when a mention was made, when it was looked for, when the reply came, and how long each
answer in between took. Mentions come a bit closer than a whole fraction of the poller's interval, so that
they meet it at every phase.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from statistics import median, quantiles

import psutil

from benchmarks.house import BIN, furnished
from benchmarks.processes import running
from benchmarks.tables import table
from sandbox.ledger import Call
from sandbox.nouns import Post
from sandbox.world import World

MENTIONS = 80
APART = 0.79
INTERVAL = 2.0
ALLOWED = INTERVAL / 2 + 0.1
PATIENCE = 120
POSTED = 201
COMMANDS = {
    "worker": [BIN / "celery", "-A", "workers.app", "worker"],
    "poller": [BIN / "unroll", "poll"],
}
HEAD = ["s", "to the reply", "X's answers", "until the look", "the rest", "without X's answers", "allowed"]


@dataclass(frozen=True)
class Way:
    """One mention's seconds: from it to the look that found it, and to the reply; and X's part of them."""

    looked: float
    replied: float
    x: float

    @property
    def above(self) -> float:
        return self.replied - self.x

    @property
    def rest(self) -> float:
        """What was ours to be quick about, X's answers aside."""
        return self.above - self.looked


def report() -> str:
    rows, said = [], []
    for database in ("sqlite", "postgres"):
        ways, cpu = measure(database)
        said.append(f"{database}: " + ", ".join(f"{name} {ms:.0f}" for name, ms in cpu.items()))
        for name, of in (("median", median), ("99th percentile", last)):
            looks = [way.looked for way in ways]
            figures = [[way.replied for way in ways], [way.x for way in ways], looks]
            figures += [[way.rest for way in ways], [way.above for way in ways]]
            allowed = f"{ALLOWED:.2f}" if of is median else f"{ALLOWED + INTERVAL / 2:.2f}"
            rows.append([f"{database}, {name}", *(f"{of(each):.3f}" for each in figures), allowed])
    return f"{table(HEAD, rows)}\n\nCPU for a mention, in ms: {'; '.join(said)}."


def last(values: list[float]) -> float:
    return quantiles(values, n=100)[98]


def measure(database: str) -> tuple[list[Way], dict[str, float]]:
    """And the milliseconds of CPU that each process took for a mention."""
    world = World(search_lag=timedelta(0))
    for endpoint in ("POST /2/tweets", "GET /2/users/:id/mentions"):
        world.limits.set(endpoint, limit=5_000, seconds=900, per_day=1_000_000)
    with _at_work(world, database) as processes:
        _wait([_ask(world, -1)], world)
        before = _cpu(processes)
        asked = []
        due = time.monotonic()
        for number in range(MENTIONS):
            asked.append(_ask(world, number))
            due += APART
            time.sleep(max(0.0, due - time.monotonic()))
        _wait(asked, world)
        cpu = {name: (ms - before[name]) / MENTIONS for name, ms in _cpu(processes).items()}
    return list(_ways(asked, world)), cpu


def _cpu(processes: dict[str, psutil.Popen]) -> dict[str, float]:
    return {name: sum(process.cpu_times()[:2]) * 1000 for name, process in processes.items()}


@contextmanager
def _at_work(world: World, database: str) -> Iterator[dict[str, psutil.Popen]]:
    interval = f"{INTERVAL:g}"
    with (
        furnished(world, database, "reply", POLL_INTERVAL_SECONDS=interval) as (env, folder),
        running(COMMANDS, env, folder) as processes,
    ):
        yield processes


def _ask(world: World, number: int) -> Post:
    author = world.author(f"author{number % 20}")
    texts = [f"Post {k} of thread {number}: words that a reader may like to read." for k in range(5)]
    thread = world.thread(author, texts, ago=timedelta(hours=2))
    return world.mention(f"asker{number}", thread[2])


def _wait(asked: list[Post], world: World) -> None:
    end = time.monotonic() + PATIENCE
    while not all(world.replies_to(mention) for mention in asked):
        if time.monotonic() > end:
            raise AssertionError("mentions without a reply: see the logs")
        time.sleep(0.1)


def _ways(asked: list[Post], world: World) -> Iterator[Way]:
    looks = world.ledger.calls_to("GET /2/users/:id/mentions")
    replies = sorted(
        (reply.created_at, mention.id) for mention in asked for reply in world.replies_to(mention)
    )
    posts = [call for call in world.ledger.calls_to("POST /2/tweets") if call.status == POSTED][
        -len(replies) :
    ]
    posted = {mention: call for (_, mention), call in zip(replies, posts, strict=True)}
    for mention in asked:
        look = next(call for call in looks if call.at >= mention.created_at)
        [reply] = world.replies_to(mention)
        calls = [look, *_fetches(mention, world), posted[mention.id]]
        looked = (look.at - mention.created_at).total_seconds()
        replied = (reply.created_at - mention.created_at).total_seconds()
        yield Way(looked, replied, sum(call.seconds for call in calls))


def _fetches(mention: Post, world: World) -> list[Call]:
    """The calls that name the conversation, or posts of it."""
    names = {post.id for post in world.posts if post.conversation_id == mention.conversation_id}
    reads = ("GET /2/tweets", "GET /2/tweets/search/recent", "GET /2/users/:id/tweets")
    calls = [call for endpoint in reads for call in world.ledger.calls_to(endpoint)]
    return [call for call in calls if any(name in call.query for name in names)]
