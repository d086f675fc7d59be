"""The house against the sandbox: real HTTP, real tweepy, SQLite; the queue is called by hand."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import fakeredis
import pytest
import structlog
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr
from sqlalchemy import Engine, event

from bot.blobs import open_blobs
from bot.domain import Job
from bot.flows.illustrate import illustrate
from bot.flows.parts import Parts
from bot.flows.poll import Tick, tick
from bot.flows.unroll import unroll
from bot.rules.plan import SEARCH_LAG
from bot.settings import Settings
from bot.store import Store, open_store
from bot.x.circuits import Circuits
from bot.x.connection import Connection
from bot.x.limits import Limits
from sandbox.nouns import Author, Post
from sandbox.run import serve
from sandbox.world import World
from tests.bucket import Bucket, bucket_at, s3_server
from tests.compiled import Compiled
from tests.order import long_first

hypothesis_settings.register_profile("here", deadline=None)
hypothesis_settings.load_profile("here")

# With every variable of every frame, as by default, an exception takes longer to draw than its story to tell.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

compiled = Compiled()


@event.listens_for(Engine, "engine_connect")
def compile_once(connection) -> None:
    """Each test opens databases of its own: by itself, each of them would compile every statement anew."""
    connection.execution_options(compiled_cache=compiled)


ROOT = Path(__file__).parents[1]
SETTINGS_NAMES = [name.upper() for name in Settings.model_fields]


@pytest.hookimpl(trylast=True)  # after pytest-randomly
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    files = [item.path.relative_to(ROOT).as_posix() for item in items]
    items[:] = long_first(items, files, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def pytest_collection_finish() -> None:
    """What the modules made stays: nobody has to look through it for garbage again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch, tmp_path):
    """A developer's .env and environment are nobody's business here."""
    for name in SETTINGS_NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    structlog.contextvars.clear_contextvars()


@pytest.fixture(autouse=True)
def no_patience(monkeypatch, request):
    """Reads are not tried again in place: those seconds are real ones, and the row's waits do the same."""
    if "patient" not in request.keywords:
        monkeypatch.setattr("bot.x.client.PATIENCE", timedelta(0))


@pytest.fixture(scope="session")
def s3():
    with s3_server() as address:
        yield address


@pytest.fixture
def bucket(s3, monkeypatch) -> Iterator[Bucket]:
    with bucket_at(s3, f"unroll-{uuid4().hex}", monkeypatch) as bucket:
        yield bucket


@dataclass
class House:
    """The bot beside the world it lives in. What a story does and what it looks at."""

    world: World
    url: str
    parts: Parts
    woken: list[int] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return self.parts.store

    def poll(self) -> Tick:
        return tick(self.parts, lambda job, _mention: self.woken.append(job), lambda _thread: None)

    def work(self) -> list[Job]:
        """Carries out every wake-up that is there."""
        ended = []
        while self.woken:
            job = unroll(self.woken.pop(0), self.parts)
            if job is not None:
                ended.append(job)
        return ended

    def run(self, *, rounds: int = 12) -> None:
        """Polls and works, and lets the time pass that waiting jobs ask for, until nothing is open."""
        for _ in range(rounds):
            self.poll()
            self.work()
            states = self.store.jobs.count_by_state()
            if not states.get("waiting") and not states.get("queued") and not states.get("running"):
                return
            self.world.advance(timedelta(seconds=61))

    def ask(self, post: Post, *, by: str = "asker", text: str = "@unrollbot unroll") -> Post:
        """Somebody mentions the bot under a post, and everything is done about it."""
        mention = self.world.mention(self.world.author(by), under=post, text=text)
        self.run()
        return mention

    def job(self, mention: Post) -> Job:
        job = self.store.jobs.find_by_mention(mention.number)
        assert job is not None, "the mention made no job"
        return job

    def illustrate(self, thread_id: int) -> int:
        return illustrate(thread_id, self.parts)

    def settle_index(self) -> None:
        self.world.advance(SEARCH_LAG * 2)

    def author(self, username: str = "ada") -> Author:
        return self.world.author(username)


def make_settings(world: World, url: str, tmp_path: Path, **more) -> Settings:
    keys = world.credentials
    values = {
        "x_api_url": url,
        "x_consumer_key": SecretStr(keys.consumer_key),
        "x_consumer_secret": SecretStr(keys.consumer_secret),
        "x_access_token": SecretStr(keys.access_token),
        "x_access_token_secret": SecretStr(keys.access_token_secret),
        "x_bearer_token": SecretStr(keys.bearer_token),
        "database_url": f"sqlite:///{tmp_path}/unroll.db",
        "redis_url": "redis://127.0.0.1:1/0",
        "media_dir": tmp_path / "media",
        "media_hosts": (url.split("//")[1],),
        "public_url": "https://reader.example",
        **more,
    }
    return Settings(**values)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(scope="session")
def blank_database(tmp_path_factory) -> Path:
    """A migrated, empty database: copying it is faster than migrating one for each test."""
    path = tmp_path_factory.mktemp("blank") / "unroll.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def build(world, tmp_path, blank_database) -> Iterator[Callable[..., House]]:
    """Builds the house with other settings, as often as a story needs it; all share one world."""
    opened: list[Store] = []
    redis = fakeredis.FakeRedis()
    with serve(world) as served:

        def make(*, folder: Path = tmp_path, database_url: str | None = None, **settings) -> House:
            chosen = make_settings(world, served.url, folder, **settings)
            if not (folder / "unroll.db").exists():
                shutil.copy(blank_database, folder / "unroll.db")
            if database_url is not None:
                chosen = chosen.model_copy(update={"database_url": database_url})
            store = open_store(chosen.database_url)
            opened.append(store)
            connection = Connection(chosen, Limits(redis, "app"), Limits(redis, "user"), Circuits(redis))
            files = open_blobs(chosen.media_dir, endpoint=chosen.media_endpoint_url)
            parts = Parts(store, connection, chosen, world.now, worker=f"test:{os.getpid()}", files=files)
            return House(world, served.url, parts)

        yield make
        for store in opened:
            store.close()


@pytest.fixture
def house(build) -> House:
    return build()
