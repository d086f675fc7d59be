"""A master of Redis that dies is followed to its successor: by the queue, the shared windows and the site."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from bot.queue import broker_address, celery_app, enqueue
from bot.redis import client, watched
from bot.settings import BadSettings, load
from reader.visitors import Visitors
from sandbox import broker
from tests.needs import require_broker, unavailable
from tests.workers.conftest import planted

CONFIGURATION = """
port {port}
bind 127.0.0.1
dir {folder}
sentinel monitor unroll 127.0.0.1 {master} 1
sentinel down-after-milliseconds unroll 1500
sentinel failover-timeout unroll 4000
"""


@dataclass
class Watch:
    """A master, its replica, and one that watches both."""

    address: str
    master: subprocess.Popen[bytes]


@contextmanager
def server(words: list[str], port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as said:
        process = subprocess.Popen(words, stdout=said, stderr=said)
    try:
        broker.wait_for(port)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def watch(tmp_path) -> Iterator[Watch]:
    require_broker()
    ports = [broker.free_port() for _ in range(3)]
    first, second, sentinel = ports
    follow = ["--replicaof", f"127.0.0.1 {first}"]
    words = [broker.command(port, tmp_path / str(port)) for port in (first, second)]
    configuration = tmp_path / "sentinel.conf"
    configuration.write_text(CONFIGURATION.format(port=sentinel, folder=tmp_path, master=first))
    if words[0][0].endswith("python"):
        unavailable("no Redis or Valkey that can watch others")
    with (
        server(words[0], first, tmp_path / "first.log") as master,
        server([*words[1], *follow], second, tmp_path / "second.log"),
        server([words[0][0], str(configuration), "--sentinel"], sentinel, tmp_path / "sentinel.log"),
    ):
        until(lambda: knows_replica(sentinel), tmp_path / "sentinel.log")
        yield Watch(f"sentinel://127.0.0.1:{sentinel}/2?master=unroll", master)


def knows_replica(port: int) -> bool:
    with client(f"redis://127.0.0.1:{port}") as redis:
        return bool(redis.execute_command("SENTINEL", "REPLICAS", "unroll"))


def until(done, log: Path, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)


def answers(address: str) -> bool:
    try:
        with client(address, socket_timeout=1) as redis:
            return bool(redis.set("alive", 1))
    except RedisError:
        return False


@pytest.mark.parametrize(
    ("address", "celerys"),
    [
        ("sentinel://one/0?master=unroll", "sentinel://one:26379/0"),
        ("sentinel://one:1;two:2/3?master=unroll", "sentinel://one:1/3;sentinel://two:2/3"),
        (
            "sentinel://me:se%40cret@one:1;two/?master=u",
            "sentinel://me:se%40cret@one:1/0;sentinel://me:se%40cret@two:26379/0",
        ),
        ("amqp://me:secret@rabbit:5672//", "amqp://me:secret@rabbit:5672//"),
    ],
)
def test_addresses_are_written_as_celery_wants_them(address, celerys):
    assert broker_address(address) == celerys


@pytest.mark.parametrize(
    "address",
    [
        "sentinel://one:1/0",
        "sentinel:///0?master=u",
        "sentinel://one/x?master=u",
        "sentinel://one:x/0?master=u",
    ],
)
def test_an_address_without_its_parts_is_named_at_the_door(address):
    with pytest.raises(BadSettings, match="REDIS_URL: "):
        load(REDIS_URL=address)
    with pytest.raises(BadSettings, match="BROKER_URL: "):
        load(BROKER_URL=address)


@pytest.mark.broker
def test_queue_and_windows_lie_in_the_same_database(watch):
    with celery_app(watch.address) as app:
        enqueue(app, 7, 8)
    with client(watch.address) as redis:
        assert redis.llen("unroll") == 1
        assert redis.connection_pool.connection_kwargs["db"] == watched(watch.address).db == 2


@pytest.mark.broker
def test_work_goes_on_at_the_successor_and_nothing_is_lost(watch, world, tmp_path):
    with planted(world, watch.address, tmp_path) as plant:
        visitors = Visitors(watch.address, lambda: datetime.now(UTC))
        assert visitors.take("pages", "somebody", limit=3)
        plant.start_worker()
        before = plant.mention(1)
        plant.tick()
        plant.wait(lambda: plant.done(before), "the first is answered")
        watch.master.kill()
        meanwhile = [plant.mention(number) for number in (2, 3)]
        plant.until_done(*meanwhile)
        assert [len(world.replies_to(each)) for each in (before, *meanwhile)] == [1, 1, 1]
        assert answers(watch.address)
        assert plant.parts.connection.user.left(now=world.now()), "the windows are shared at the successor"
