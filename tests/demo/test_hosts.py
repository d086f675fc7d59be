"""More than one machine: each a folder of its own, with nothing between them but the servers they share."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import requests

from benchmarks.house import BIN, housed, settings_for
from sandbox import broker
from sandbox.broker import free_port
from sandbox.run import serve
from sandbox.world import World
from tests.needs import require_broker, unavailable
from tests.store import postgres

LOOKUP = "GET /2/tweets"
PEOPLE = 12
PATIENCE_SECONDS = 110  # the lease of what the lost machine held is over after 60


class Host:
    """A worker, a poller and a site, which know no folder but their own."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder, self.port = folder, free_port()
        self.site = f"http://127.0.0.1:{self.port}"
        folder.mkdir()
        commands = [
            [BIN / "celery", "-A", "workers.app", "worker", "-n", f"{folder.name}@%h"],
            [BIN / "unroll", "poll"],
            [BIN / "unroll", "web", "--port", str(self.port)],
        ]
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.processes = [
                psutil.Popen(command, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True)
                for command in commands
            ]

    def dies(self) -> None:
        """At once and with everything on it, as if somebody had pulled the plug."""
        for process in self.processes:
            if process.is_running():
                os.killpg(process.pid, signal.SIGKILL)
        psutil.wait_procs(self.processes, 10)

    def is_up(self) -> bool:
        try:
            return requests.get(f"{self.site}/readyz", timeout=2).ok and b" ready." in self.log.read_bytes()
        except requests.ConnectionError:
            return False


@contextmanager
def shared(folder: Path, bucket) -> Iterator[tuple[World, dict[str, str]]]:
    require_broker()
    world = World(search_lag=timedelta(0))
    with ExitStack() as stack:
        x = stack.enter_context(serve(world))
        redis_url = stack.enter_context(broker.serve(folder / "broker"))
        try:
            house = stack.enter_context(housed("postgres", "hosts", folder))
        except postgres.Unavailable as why:
            unavailable(str(why))
        yield (
            world,
            settings_for(
                world.credentials,
                x_url=x.url,
                redis_url=redis_url,
                database_url=house.url,
                folder=folder,
                MEDIA_DIR=bucket.address,
                MEDIA_ENDPOINT_URL=bucket.endpoint,
                MEDIA_HOSTS=x.url.removeprefix("http://"),
                POLL_INTERVAL_SECONDS="0.5",
                REPLY_VISIBLE_AFTER_SECONDS="6",
            ),
        )


def until(done: Callable[[], object], seconds: float, hosts: list[Host]) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "\n".join(host.log.read_text()[-3000:] for host in hosts)
        time.sleep(0.1)


@pytest.mark.broker
@pytest.mark.postgres
@pytest.mark.timeout(240)
def test_a_machine_dies_in_the_middle_and_the_other_answers_everybody(tmp_path, bucket):
    with shared(tmp_path, bucket) as (world, env):
        threads = [
            world.thread(
                world.author(f"ada{n}"),
                [{"text": "A lamp.", "media": "A lamp at dusk"}, "And more of it."],
                ago=timedelta(hours=2),
            )
            for n in range(PEOPLE)
        ]
        hosts = [Host(tmp_path / name, env) for name in ("north", "south")]
        north, south = hosts
        try:
            until(lambda: all(host.is_up() for host in hosts), 60, hosts)
            world.faults.slow(LOOKUP, 1.5, times=PEOPLE)
            mentions = [world.mention(f"asker{n}", thread[1]) for n, thread in enumerate(threads)]
            until(lambda: len(world.ledger.calls_to(LOOKUP)) >= PEOPLE // 2, 30, hosts)
            north.dies()

            until(lambda: all(world.replies_to(each) for each in mentions), PATIENCE_SECONDS, hosts)
            assert [len(world.replies_to(each)) for each in mentions] == [1] * PEOPLE
            for thread in threads:
                page = f"{south.site}/thread/{thread[0].id}"
                until(lambda page=page: pictures_on(page), PATIENCE_SECONDS, hosts)
                [picture, *_] = pictures_on(page)
                assert (
                    requests.get(south.site + picture, timeout=5).headers["content-type"].startswith("image/")
                )
        finally:
            for host in hosts:
                host.dies()


def pictures_on(page: str) -> list[str]:
    answer = requests.get(page, timeout=5)
    assert answer.status_code == 200
    return re.findall(r'<img[^>]* src="(/media/[^"]+)"[^>]* alt="A lamp at dusk"', answer.text)
