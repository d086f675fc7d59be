"""A bot that has worked for long: 1,000,000 jobs and 100,000 threads, beside 1,000 jobs and 100 threads.

Each step is taken on both in turn, in this process; X is local and has one mention to tell. What a step needs
is put there before, and what it left behind is taken away after, outside of what is measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, cast

from sqlalchemy import delete, update
from sqlmodel import col

from benchmarks import filled
from benchmarks.house import housed, keyed
from benchmarks.tables import table
from bot.blobs import open_blobs
from bot.domain import Job
from bot.flows.parts import Parts
from bot.flows.poll import tick
from bot.flows.unroll import unroll
from bot.store import Store, open_store
from bot.store.mending import Which
from bot.store.models import JobRow
from bot.x import connect
from sandbox import broker
from sandbox.run import serve
from sandbox.world import World

SMALL, LARGE = 1_000, 1_000_000
ROUNDS = 15
DUE = 100
# They asked for nothing but what failed.
SOMEBODY, NOBODY = 10, 10_000_000
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WIDE = {"limit": 1_000_000, "seconds": 900, "per_day": 1_000_000}
AN_HOUR = timedelta(hours=1)


@dataclass
class Bot:
    """One bot, and an X of its own."""

    parts: Parts
    world: World
    size: int
    jobs: list[int] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return self.parts.store


Step = Callable[[Bot], Any]


def nothing(_bot: Bot) -> None:
    return


def report() -> str:
    parts = []
    for database in ("sqlite", "postgres"):
        with ExitStack() as stack:
            small, large = (stack.enter_context(bot(database, size)) for size in (SMALL, LARGE))
            rows = [[name, *_compared(small, large, *steps)] for name, steps in STEPS.items()]
        parts.append(f"{database}:\n\n" + table(["ms", f"{SMALL:,} jobs", f"{LARGE:,} jobs", "ratio"], rows))
    return "\n\n".join(parts)


def _compared(small: Bot, large: Bot, before: Step, step: Step, after: Step) -> list[str]:
    """Medians of rounds in turn, so that whatever else the machine does hits both."""
    took: tuple[list[float], list[float]] = [], []
    for _ in range(ROUNDS):
        for times, one in zip(took, (small, large), strict=True):
            before(one)
            start = time.perf_counter()
            step(one)
            times.append((time.perf_counter() - start) * 1000)
            after(one)
    few, many = (median(times[2:]) for times in took)
    return [f"{few:.2f}", f"{many:.2f}", f"{many / few:.2f}"]


@contextmanager
def bot(database: str, size: int) -> Iterator[Bot]:
    began = time.monotonic()
    world = World(now=lambda: NOW + timedelta(seconds=time.monotonic() - began))
    for endpoint in (
        "POST /2/tweets",
        "GET /2/tweets",
        "GET /2/users/:id/mentions",
        "GET /2/tweets/search/recent",
    ):
        world.limits.set(endpoint, **WIDE)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="unroll-jobs-")))
        house = stack.enter_context(housed(database, f"jobs_{size}", folder))
        x = stack.enter_context(serve(world))
        redis_url = stack.enter_context(broker.serve(folder / "broker"))
        settings = keyed(
            world.credentials, x_url=x.url, redis_url=redis_url, database_url=house.url, folder=folder
        )
        store = open_store(house.url)
        stack.callback(store.close)
        filled.fill(store, size, now=NOW, confirmed=NOW)
        files = open_blobs(settings.media_dir)
        made = Bot(
            Parts(store, connect(settings), settings, world.now, worker="bench", files=files), world, size
        )
        _tick(made)  # who the bot is, is asked once and for all
        yield made


def _tick(bot: Bot) -> None:
    bot.jobs = []
    tick(bot.parts, lambda job, _mention: bot.jobs.append(job), lambda _thread: None)


def _mention(bot: Bot) -> None:
    """Somebody new asks for a thread of somebody new."""
    thread = bot.world.thread("ada", ["One.", "Two."], ago=AN_HOUR)
    bot.world.mention(f"asker{len(bot.world.ledger.calls)}", under=thread[1])


def _ask(bot: Bot) -> None:
    _mention(bot)
    _tick(bot)


def _queue(bot: Bot) -> None:
    """Each by somebody else."""
    post, now = filled.FIRST_POST, bot.parts.clock()
    rows = [
        JobRow(
            kind="unroll",
            state="queued",
            requester_id=n,
            post_id=post,
            created_at=now,
            updated_at=now,
            priority=1,
        )
        for n in range(DUE)
    ]
    with bot.store.database.write() as session:
        session.add_all(rows)
        session.flush()
        bot.jobs = [cast("int", row.id) for row in rows]


def _gone(bot: Bot) -> None:
    """X says of a post that it is gone: every page is looked through once."""
    bot.store.threads.suspect(now=bot.parts.clock())


def _clear(bot: Bot) -> None:
    """What a step left open is over."""
    with bot.store.database.write() as session:
        session.execute(delete(JobRow).where(col(JobRow.id).in_(bot.jobs)))
        session.execute(
            update(JobRow).where(col(JobRow.state).in_(["queued", "running", "waiting"])).values(state="done")
        )


def _sweep(bot: Bot) -> None:
    due = bot.store.jobs.wake_up(now=bot.parts.clock(), depth=64)
    if len(due) != 64:  # noqa: PLR2004 - as deep as the queue
        raise AssertionError(f"{len(due)} were woken")


def _claim(bot: Bot) -> None:
    if bot.store.jobs.claim(bot.jobs[0], now=bot.parts.clock(), worker="bench") is None:
        raise AssertionError("the job is held by another")


def _unroll(bot: Bot) -> None:
    job = unroll(bot.jobs[0], bot.parts)
    if job is None or job.state != "done":
        raise AssertionError(f"not answered: {job}")


def _list(which: Which, before: int | None = None) -> tuple[Step, Step, Step]:
    return nothing, lambda bot: _page(bot, which, before), nothing


def _page(bot: Bot, which: Which, before: int | None = None) -> list[Job]:
    return bot.store.mending.page(which, limit=50, before=before)


def _oldest(bot: Bot) -> datetime:
    """When a page of jobs had been made."""
    return NOW - timedelta(seconds=bot.size - 60)


STEPS: dict[str, tuple[Step, Step, Step]] = {
    "poll tick, nothing new": (nothing, _tick, nothing),
    "poll tick, a mention": (_mention, _tick, _clear),
    "poll tick, after words went": (_gone, _tick, nothing),
    "sweep, 100 due": (_queue, _sweep, _clear),
    "claim": (_queue, _claim, _clear),
    "unroll, and reply": (_ask, _unroll, nothing),
    "what Prometheus asks": (nothing, lambda bot: bot.store.gauges.read(bot.parts.clock()), nothing),
    "jobs list": _list(Which()),
    "its 10th page": _list(Which(), before=500),
    "--state failed": _list(Which(state="failed")),
    "--state waiting (none)": _list(Which(state="waiting")),
    "--reason post-gone": _list(Which(reason="post-gone")),
    "--kind refresh": _list(Which(kind="refresh")),
    "--kind refresh --state failed (none)": _list(Which(kind="refresh", state="failed")),
    "--state refused --reason post-gone": _list(Which(state="refused", reason="post-gone")),
    "--user": _list(Which(person_id=SOMEBODY)),
    "--user (nobody)": _list(Which(person_id=NOBODY)),
    "--since, less than a page": _list(Which(since=NOW - timedelta(seconds=20))),
    "--until, the oldest": (nothing, lambda bot: _page(bot, Which(until=_oldest(bot))), nothing),
    "--since --until": _list(Which(since=NOW - timedelta(minutes=15), until=NOW - timedelta(minutes=10))),
    "--state failed --since": _list(Which(state="failed", since=NOW - timedelta(minutes=1))),
    "--state done --user": _list(Which(state="done", person_id=SOMEBODY)),
    "--state failed --user": _list(Which(state="failed", person_id=SOMEBODY)),
}
