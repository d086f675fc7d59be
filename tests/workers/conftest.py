"""The real worker in its own process, on a real broker, against a local X; the poller is called by hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
import redis
from sqlalchemy import text

from bot.blobs import open_blobs
from bot.domain import Job
from bot.flows.poll import tick
from bot.queue import celery_app, enqueue, enqueue_letters, enqueue_pictures
from bot.redis import client as redis_client
from bot.settings import Settings
from bot.store import open_store
from bot.x import connect
from sandbox import broker
from sandbox.nouns import Post
from sandbox.run import serve
from sandbox.world import World
from tests.conftest import Parts, make_settings
from tests.needs import require_broker

ROOT = Path(__file__).parents[2]
WITHIN_SECONDS = 40
A_MINUTE = timedelta(seconds=61)
WORKER = [sys.executable, "-m", "celery", "-A", "workers.app", "worker", "--loglevel=INFO"]
WORKER += ["--without-gossip", "--without-mingle", "--without-heartbeat"]


@pytest.fixture(scope="session")
def broker_url(tmp_path_factory) -> Iterator[str]:
    require_broker()
    with broker.serve(tmp_path_factory.mktemp("broker")) as url:
        yield url


@dataclass
class Plant:
    """A world, a poller called by hand, and as many workers as a story starts."""

    world: World
    settings: Settings
    parts: Parts
    redis: redis.Redis
    log: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_worker(self, **more: str) -> subprocess.Popen[bytes]:
        """Runs already when this returns."""
        seen = self.said().count(" ready.")
        with self.log.open("ab") as log:
            worker = subprocess.Popen(WORKER, env=self.environment(**more), cwd=ROOT, stdout=log, stderr=log)
        self.workers.append(worker)
        self.wait(lambda: self.said().count(" ready.") > seen or worker.poll() is not None, "worker is up")
        return worker

    def environment(self, **more: str) -> dict[str, str]:
        names = Settings.model_fields
        told = {name.upper(): _plain(getattr(self.settings, name)) for name in names}
        kept = {name: value for name, value in os.environ.items() if name.upper() not in told}
        quiet = {"PYTHONWARNINGS": "ignore"}  # Celery's, where the tests run as root
        return {**kept, **quiet, **{name: value for name, value in told.items() if value}, **more}

    def tick(self, *, later: timedelta = timedelta()) -> None:
        """The poller looks, as it would that much later."""
        app = celery_app(self.settings.broker)
        parts = Parts(
            self.parts.store,
            self.parts.connection,
            self.settings,
            lambda: self.world.now() + later,
            "poller",
            files=self.parts.files,
        )
        with app:
            tick(
                parts,
                lambda job, mention: enqueue(app, job, mention),
                lambda thread: enqueue_pictures(app, thread),
                lambda: enqueue_letters(app),
            )

    def mention(self, number: int = 0) -> Post:
        author = self.world.author(f"ada{number}")
        posts = [f"Part {n} of what {number} learned about lighthouses." for n in range(1, 4)]
        thread = self.world.thread(author, posts, ago=timedelta(hours=2))
        return self.world.mention(f"asker{number}", under=thread[1])

    def job(self, mention: Post) -> Job | None:
        return self.parts.store.jobs.find_by_mention(mention.number)

    def done(self, *mentions: Post) -> bool:
        jobs = [self.job(mention) for mention in mentions]
        return all(job is not None and job.state == "done" for job in jobs)

    def end_lease(self, mention: Post) -> None:
        """A minute goes by for the worker that was killed."""
        earlier = self.world.now() - timedelta(minutes=1)
        with self.parts.store.database.write() as session:
            session.execute(
                text("UPDATE job SET lease_until = :then WHERE mention_id = :id"),
                {"then": _as_stored(earlier), "id": mention.number},
            )
            session.execute(text("UPDATE lease SET until = :then"), {"then": _as_stored(earlier)})

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def wait(self, until: Callable[[], object], what: str, *, seconds: float = WITHIN_SECONDS) -> None:
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, f"never: {what}\n{self.said()[-4_000:]}"
            time.sleep(0.02)

    def until_done(self, *mentions: Post) -> None:
        """The poller goes on ticking, each tick as if another minute had passed, until nothing is left: a
        wake-up that it sent with the clock of one tick is a lost one in the next. A call that was reserved by
        a worker that died is waited for: bot.x.limits.ASKING, 16 seconds.
        """
        minutes = count(1)

        def ticked() -> bool:
            if not (done := self.done(*mentions)):
                self.tick(later=next(minutes) * A_MINUTE)
                time.sleep(0.2)
            return done

        self.wait(ticked, "all are answered", seconds=60)

    def close(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGKILL)
            worker.wait()


def _plain(value: object) -> str:
    if value is None:
        return ""
    if hasattr(value, "get_secret_value"):
        return str(value.get_secret_value())
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _as_stored(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


@pytest.fixture
def plant(world, broker_url, tmp_path) -> Iterator[Plant]:
    with planted(world, broker_url, tmp_path) as plant:
        yield plant


@contextmanager
def planted(world: World, broker_url: str, tmp_path: Path, /, **settings) -> Iterator[Plant]:
    with ExitStack() as stack:
        served = stack.enter_context(serve(world))
        client = stack.enter_context(redis_client(broker_url))
        client.flushall()
        chosen = {
            "redis_url": broker_url,
            "reply_visible_after_seconds": 0.3,
            "log_format": "json",
            **settings,
        }
        made = make_settings(world, served.url, tmp_path, **chosen)
        world.timeline_lag = timedelta()
        store = open_store(made.database_url)
        stack.callback(store.close)
        files = open_blobs(made.media_dir)
        parts = Parts(store, connect(made), made, world.now, worker="poller", files=files)
        plant = Plant(world, made, parts, client, tmp_path / "worker.log")
        stack.callback(plant.close)
        yield plant


@contextmanager
def command(plant: Plant, *words: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of our commands in a process of its own, killed at the end unless it has ended."""
    with plant.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", "from bot.cli import main; main()", *words],
            env=plant.environment(**settings),
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
