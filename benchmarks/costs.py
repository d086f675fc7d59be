"""The bill for a thread: the whole bot against the sandbox, whose ledger says what X would charge.

The floor is computed from the scene: the mention, every post of the thread, its author and the reply.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import fakeredis
from pydantic import SecretStr

from benchmarks.tables import table
from bot.blobs import open_blobs
from bot.flows.parts import Parts
from bot.flows.poll import tick
from bot.flows.unroll import unroll
from bot.settings import Settings
from bot.store import Store, open_store
from bot.x.circuits import Circuits
from bot.x.connection import Connection
from bot.x.limits import Limits
from sandbox.nouns import Post
from sandbox.run import serve
from sandbox.world import World

SIZES = (1, 10, 25, 100, 101, 500, 1000)
AGES = {"fresh": timedelta(hours=6), "old": timedelta(days=30)}
CROWD = 20_000
GUESTS = 500
# A hole in X's search at every so many posts.
HOLES_EVERY = 20
MENTION, POST, USER, REPLY = Decimal("0.001"), Decimal("0.005"), Decimal("0.010"), Decimal("0.010")
START = datetime(2026, 11, 3, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    posts: int
    age: str
    crowd: int = 0
    holes: bool = False

    @property
    def name(self) -> str:
        words = [f"{self.posts:,}", self.age]
        if self.crowd:
            words.append(f"among {self.crowd:,} replies")
        if self.holes:
            words.append("with holes in search")
        return ", ".join(words)


@dataclass(frozen=True)
class Bill:
    calls: int
    posts: int
    usd: Decimal
    floor: Decimal

    @property
    def ratio(self) -> Decimal:
        return self.usd / self.floor


def cases() -> Iterator[Case]:
    for age in AGES:
        for crowd in (0, CROWD):
            for posts in SIZES:
                yield Case(posts, age, crowd)
    for posts in SIZES[1:]:
        yield Case(posts, "fresh", holes=True)


def report(chosen: Iterator[Case] | None = None) -> str:
    rows = []
    for case in chosen or cases():
        first, second = measure(case)
        for mention, bill in (("first", first), ("second", second)):
            usd, floor = f"{bill.usd:.3f}", f"{bill.floor:.3f}"
            rows.append([case.name, mention, bill.calls, f"{bill.posts:,}", usd, floor, f"{bill.ratio:.2f}"])
    head = ["posts in the thread", "mention", "calls", "posts bought", "dollars", "floor", "ratio"]
    return table(head, rows)


def measure(case: Case) -> tuple[Bill, Bill]:
    """What the first mention of a thread costs, and another one an hour later."""
    began = time.monotonic()
    world = World(now=lambda: START + timedelta(seconds=time.monotonic() - began))
    with _bot(world) as parts:
        posts = _scene(world, case)
        tick(parts, _nobody, _nobody_at_all)  # who the bot is, is asked once and for all
        first = _ask(world, parts, posts[len(posts) // 2], "ida")
        first_floor = MENTION + POST * len(posts) + USER + REPLY
        world.advance(timedelta(hours=1))
        second = _ask(world, parts, posts[-1], "jon")
    return Bill(*first, first_floor), Bill(*second, MENTION + REPLY)


def _scene(world: World, case: Case) -> list[Post]:
    ada = world.author("ada", name="Ada Quill")
    texts = [f"Part {n} of what I know about lighthouses." for n in range(1, case.posts + 1)]
    told = [{"text": texts[0], "media": "A lighthouse at dusk"}, *({"text": text} for text in texts[1:])]
    posts = world.thread(ada, told, ago=AGES[case.age], every=timedelta(seconds=15))
    for n in range(case.crowd):
        parent = posts[n * 7 % len(posts)]
        world.post(f"guest{n % GUESTS}", "A word of mine.", reply_to=parent, ago=timedelta(hours=1))
    if case.holes:
        for post in posts[2::HOLES_EVERY]:
            world.index_hole(post)
    return posts


def _ask(world: World, parts: Parts, post: Post, asker: str) -> tuple[int, int, Decimal]:
    """Calls made, posts bought and dollars; polling is counted, an empty look is free."""
    made, total = len(world.ledger.calls), world.ledger.total
    mention = world.mention(world.author(asker), under=post)
    woken: list[int] = []
    for _ in range(20):
        tick(parts, lambda job, _mention: woken.append(job), _nobody_at_all)
        while woken:
            unroll(woken.pop(), parts)
        if world.replies_to(mention):
            break
        world.advance(timedelta(seconds=5))
    else:
        raise AssertionError(f"nobody answered {mention.url}")
    calls = world.ledger.calls[made:]
    bought = sum(call.billed.get("post_read", 0) for call in calls)
    return len(calls), bought, world.ledger.total - total


@contextmanager
def _bot(world: World) -> Iterator[Parts]:
    """The whole bot without its queue, on a database of its own."""
    with serve(world) as served:
        folder = Path(tempfile.mkdtemp(prefix="unroll-bench-"))
        store: Store | None = None
        try:
            settings = _settings(world, served.url, folder)
            store = open_store(settings.database_url)
            redis = fakeredis.FakeRedis()
            connection = Connection(settings, Limits(redis, "app"), Limits(redis, "user"), Circuits(redis))
            yield Parts(
                store, connection, settings, world.now, worker="bench", files=open_blobs(settings.media_dir)
            )
        finally:
            if store is not None:
                store.close()
            shutil.rmtree(folder)


def _settings(world: World, url: str, folder: Path) -> Settings:
    keys = world.credentials
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings takes it, its plugin for mypy knows
        x_api_url=url,
        x_consumer_key=SecretStr(keys.consumer_key),
        x_consumer_secret=SecretStr(keys.consumer_secret),
        x_access_token=SecretStr(keys.access_token),
        x_access_token_secret=SecretStr(keys.access_token_secret),
        x_bearer_token=SecretStr(keys.bearer_token),
        database_url=f"sqlite:///{folder}/unroll.db",
        media_dir=folder / "media",
        public_url="https://reader.example",
        daily_budget_usd=Decimal(50),
        max_posts_per_thread=2000,
    )


def _nobody(_job: int, _mention: int | None) -> None:
    return


def _nobody_at_all(_thread: int) -> None:
    return
