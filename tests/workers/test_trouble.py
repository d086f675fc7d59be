"""The database goes away under a poller and a worker at work: they say so in a line each, and go on."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing

import pytest

from tests.needs import unavailable
from tests.store import postgres
from tests.store.databases import Server
from tests.workers.conftest import command, planted

pytestmark = pytest.mark.broker

QUICK = {"POLL_INTERVAL_SECONDS": "0.5"}
# A job that was claimed when its database went waits for its lease to end.
A_LEASE = 100


def events(plant) -> list[dict]:
    return [json.loads(line) for line in plant.said().splitlines() if line.startswith("{")]


def lines_of(plant, event: str) -> list[dict]:
    return [each for each in events(plant) if each["event"] == event]


@pytest.mark.postgres
@pytest.mark.timeout(240)
def test_a_server_that_is_restarted_interrupts_nobody_for_long(world, broker_url, tmp_path):
    try:
        with postgres.running() as server, Server(server.url, "plant").fresh() as url:
            restart_under_work(server, url, world, broker_url, tmp_path)
    except postgres.Unavailable as why:
        unavailable(str(why))


def restart_under_work(server, url, world, broker_url, tmp_path):
    with planted(world, broker_url, tmp_path, database_url=url) as plant, command(plant, "poll", **QUICK):
        plant.start_worker()
        before = plant.mention(1)
        plant.wait(lambda: plant.done(before), "all is well")
        server.stop()
        between = plant.mention(2)
        plant.wait(lambda: lines_of(plant, "database.away"), "the poller says that it cannot work")
        server.start()
        after = plant.mention(3)
        plant.wait(lambda: plant.done(between, after), "all goes on", seconds=A_LEASE)
        assert [len(world.replies_to(mention)) for mention in (before, between, after)] == [1, 1, 1]
        assert not any("exception" in each for each in lines_of(plant, "database.away"))


def test_a_file_that_somebody_else_is_writing_to_is_waited_for(plant):
    """No "database is locked" reaches a log; what is asked meanwhile is answered afterwards."""
    with command(plant, "poll", **QUICK):
        plant.start_worker()
        first = plant.mention(1)
        plant.wait(lambda: plant.done(first), "all is well")
        path = plant.settings.database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            second = plant.mention(2)
            time.sleep(2)  # by now everybody wants to write
            assert not plant.done(second)
            other.execute("ROLLBACK")
        plant.wait(lambda: plant.done(second), "all goes on")
        assert "database is locked" not in plant.said()
        assert "Traceback" not in plant.said()
