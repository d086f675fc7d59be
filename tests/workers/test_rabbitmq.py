"""RabbitMQ carries the wake-ups, Redis the windows. `TEST_RABBITMQ_URL` names a server, or one is started."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.cli.doctor import reach
from sandbox import broker
from tests.needs import unavailable
from tests.waiting import until
from tests.workers.conftest import planted

# Debian's own command on the PATH wants to be root and to become somebody else; what it calls does not.
PLACES = os.pathsep.join(["/usr/lib/rabbitmq/bin", os.environ["PATH"]])
STARTED_WITHIN_SECONDS = 60


@dataclass(frozen=True)
class Rabbit:
    """A server in a folder of its own, its ports on loopback."""

    server: str
    folder: Path
    port: int
    between_nodes: int
    names: int

    @property
    def address(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    @contextmanager
    def running(self) -> Iterator[None]:
        settings = self.folder / "rabbitmq.conf"
        settings.write_text(f"listeners.tcp.default = 127.0.0.1:{self.port}\n")
        mine = {
            "HOME": str(self.folder),  # Erlang's cookie lies there
            "RABBITMQ_NODENAME": "unroll@localhost",
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(settings),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_DIST_PORT": str(self.between_nodes),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.names),
        }
        with (self.folder / "said").open("wb") as said:
            server = subprocess.Popen(
                [self.server], env={**os.environ, **mine}, stdout=said, stderr=said, start_new_session=True
            )
        try:
            until(self._up, within=STARTED_WITHIN_SECONDS)
            yield
        finally:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()

    def _up(self) -> bool:
        return "Starting broker... completed" in (self.folder / "said").read_text()


@pytest.fixture
def rabbit(tmp_path) -> Iterator[Rabbit]:
    server, names = (shutil.which(name, path=PLACES) for name in ("rabbitmq-server", "epmd"))
    if server is None or names is None:
        unavailable("no RabbitMQ: install rabbitmq-server, or name one by TEST_RABBITMQ_URL")
    ports = [broker.free_port() for _ in range(3)]
    # Erlang would start this by itself and leave it behind.
    with subprocess.Popen([names, "-address", "127.0.0.1", "-port", str(ports[2])]) as process:
        yield Rabbit(server, tmp_path, *ports)
        process.kill()


@pytest.fixture
def address(request) -> Iterator[str]:
    named = os.environ.get("TEST_RABBITMQ_URL")
    if named:
        yield named
        return
    rabbit = request.getfixturevalue("rabbit")
    with rabbit.running():
        yield rabbit.address


@pytest.mark.broker
def test_mentions_are_answered_by_way_of_rabbitmq(address, world, broker_url, tmp_path):
    with planted(world, broker_url, tmp_path, broker_url=address) as plant:
        assert reach(plant.settings) == "answers"
        plant.start_worker()
        mentions = [plant.mention(number) for number in range(5)]
        plant.until_done(*mentions)
        assert [len(world.replies_to(each)) for each in mentions] == [1] * 5
        assert plant.redis.llen("unroll") == 0, "no wake-up went through Redis"
        assert plant.redis.keys("*"), "the windows are there"


@pytest.mark.broker
def test_rabbitmq_may_die_and_come_back(rabbit, world, broker_url, tmp_path):
    with planted(world, broker_url, tmp_path, broker_url=rabbit.address) as plant:
        with rabbit.running():
            plant.start_worker()
            first = plant.mention(0)
            plant.until_done(first)
        meanwhile = plant.mention(1)
        plant.tick()
        assert plant.job(meanwhile).attempts == 0, "nobody was told"
        with rabbit.running():
            plant.until_done(meanwhile)
        assert [len(world.replies_to(each)) for each in (first, meanwhile)] == [1, 1]
