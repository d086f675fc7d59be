"""What would poison a worker fails alone, with its reason: the worker lives, and its memory is bounded."""

from __future__ import annotations

import io
import threading
import time
from datetime import timedelta

import psutil
import pytest
from PIL import Image
from sqlalchemy import text

from bot.flows.fates import MAX_FAILURES
from bot.queue import UNROLL, celery_app
from sandbox import server
from sandbox.pictures import Picture

pytestmark = pytest.mark.broker

MEGABYTE = 1024 * 1024


def blank(width: int, height: int, mode: str) -> Picture:
    """All one colour: a small file, and a large picture once it is unpacked."""
    out = io.BytesIO()
    Image.new(mode, (width, height)).save(out, "PNG")
    return Picture(out.getvalue(), "image/png")


class Memory:
    """The most that a process has held from now on."""

    def __init__(self, pid: int) -> None:
        self.process, self.most = psutil.Process(pid), 0
        self.before = self.process.memory_info().rss
        self.over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self.over.wait(0.01):
            self.most = max(self.most, self.process.memory_info().rss)

    @property
    def grown(self) -> int:
        self.over.set()
        return (self.most - self.before) // MEGABYTE


def test_pictures_that_unpack_to_gigabytes(plant, monkeypatch):
    """One of 100 megapixels is never unpacked; those just below the limit are, one at a time."""
    bomb, heavy = blank(10_000, 10_000, "RGB"), blank(8_000, 6_000, "RGB")
    drawn = server.picture

    def served(name, size=None):
        if name.startswith("bomb"):
            return bomb
        return heavy if name.startswith("heavy") else drawn(name, size)

    monkeypatch.setattr(server, "picture", served)
    worker = plant.start_worker()
    memory = Memory(worker.pid)
    ada = plant.world.author("ada")
    roots = []
    for name in ("bomb", *(f"heavy{n}" for n in range(4))):
        root = plant.world.post(ada, f"Look at the {name}.", media=[f"{name}.png"], ago=timedelta(hours=2))
        plant.world.post(ada, "There was more.", reply_to=root, ago=timedelta(hours=1))
        roots.append(root)
    mentions = [plant.world.mention(f"asker{n}", root) for n, root in enumerate(roots)]
    plant.tick()
    plant.wait(lambda: plant.tick() or plant.done(*mentions), "all are answered", seconds=60)
    media = plant.parts.store.media
    plant.wait(lambda: not any(media.waiting(root.number) for root in roots), "all are settled", seconds=90)
    assert state_of(plant, "bomb") == "failed"
    assert state_of(plant, "heavy1") == "stored"
    assert worker.poll() is None
    assert memory.grown < 400, "a heavy picture takes 140 MB, and four at once 560"


def state_of(plant, name: str) -> str:
    with plant.parts.store.database.read() as session:
        query = text("SELECT state FROM media WHERE url LIKE :name")
        return session.execute(query, {"name": f"%{name}%"}).scalar_one()


def test_a_thread_of_ten_thousand_posts(plant):
    """It is answered with as many posts as the operator pays for, and says that there are more."""
    worker = plant.start_worker()
    memory = Memory(worker.pid)
    texts = [f"Part {n} of far too much." for n in range(10_000)]
    posts = plant.world.thread(plant.world.author("ada"), texts, ago=timedelta(hours=20))
    mention, other = plant.world.mention("asker", posts[0]), plant.mention(1)
    plant.tick()
    plant.wait(lambda: plant.tick() or plant.done(mention, other), "both are answered", seconds=60)
    saved = plant.parts.store.threads.find(posts[0].number)
    assert 400 < len(saved.thread.posts) <= plant.settings.max_posts_per_thread
    assert not saved.thread.complete
    assert worker.poll() is None
    assert memory.grown < 200


def test_a_saved_payload_that_nobody_can_read_and_messages_that_mean_nothing(plant):
    """One job fails over it, again and again until it is given up; the others never notice."""
    worker = plant.start_worker()
    poisoned = plant.mention(1)
    plant.tick()
    plant.wait(lambda: plant.done(poisoned), "its thread is saved")
    with plant.parts.store.database.write() as session:
        session.execute(text("UPDATE post SET payload = '[7]'"))
        session.execute(text("UPDATE thread SET checked_at = '2026-01-01 00:00:00.000000'"))
    again = plant.world.mention("another", poisoned.replied_to_id)
    with celery_app(plant.settings.redis_url) as app:
        for words in ([["no number"]], [], [1, 2, 3]):
            app.send_task(UNROLL, args=words)
        app.send_task("unroll.nothing", args=[1])
    healthy = [plant.mention(n) for n in (2, 3)]
    plant.tick()
    plant.wait(lambda: plant.tick() or plant.done(*healthy), "the others are answered")
    end = time.monotonic() + 60
    while plant.job(again).state != "failed":
        assert time.monotonic() < end, plant.said()[-4_000:]
        with plant.parts.store.database.write() as session:
            session.execute(
                text("UPDATE job SET enqueued_at = NULL, not_before = '2026-01-01 00:00:00.000000'")
            )
        plant.tick()
        time.sleep(0.2)
    assert plant.job(again).reason == "unexpected-error"
    assert plant.parts.store.jobs.attempts(plant.job(again).id)[-1].number == MAX_FAILURES
    assert worker.poll() is None
