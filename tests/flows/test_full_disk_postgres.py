"""A PostgreSQL whose disk is full, as its own errors tell it: a table's file is /dev/full for a while, which
reads as nothing and takes no byte. One line says so, and when there is room all goes on, once.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.errors import DatabaseAway
from bot.settings import LEASE
from tests.needs import unavailable
from tests.store import postgres
from tests.store.databases import Server

TABLES = ["mention", "job", "attempt", "reservation", "lease", "purchase", "post", "thread", "spend"]

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def server():
    try:
        with postgres.running(postgres.FAST) as running:
            yield Server(running.url, "full")
    except postgres.Unavailable as why:
        unavailable(str(why))


@contextmanager
def full(house, table: str) -> Iterator[None]:
    """The table's file, which is still empty, has no room. Nobody may have it open."""
    database = house.store.database
    with database.read() as session:
        where = "current_setting('data_directory') || '/' || pg_relation_filepath"
        file = Path(session.execute(text(f"SELECT {where}('{table}')")).scalar_one())
    assert file.stat().st_size == 0, "nothing is in it that a checkpoint could want to write"
    database.dispose()
    kept = file.with_name(f"{file.name}.kept")
    file.rename(kept)
    file.symlink_to("/dev/full")
    try:
        yield
    finally:
        database.dispose()
        file.unlink()
        shutil.move(kept, file)


@pytest.mark.parametrize("table", TABLES)
def test_no_room_for_a_row_of_this_table(build, world, server, table):
    posts = world.thread(world.author("ada"), ["One.", "Two.", "Three."], ago=timedelta(hours=2))
    said = []
    with server.fresh() as url:
        house = build(database_url=url)
        mentions = [world.mention(f"asker{n}", posts[n]) for n in range(2)]
        with full(house, table):
            for _ in range(3):
                try:
                    house.poll()
                    house.work()
                except DatabaseAway as error:
                    said.append(str(error))
                world.advance(LEASE + timedelta(seconds=2))
            told = [] if table == "attempt" else _told(house)
        lines = [line for line in [*said, *told] if line]
        assert lines, "there was room after all"
        assert all("the disk is full" in line and "\n" not in line for line in lines)
        assert [len(world.replies_to(mention)) for mention in mentions] == [0] * 2
        house.woken.clear()
        house.run()
        assert [len(world.replies_to(mention)) for mention in mentions] == [1] * 2
        assert {house.job(mention).state for mention in mentions} == {"done"}
        house.store.database.dispose()


def _told(house) -> list[str | None]:
    """What the rows say of it."""
    attempts = (house.store.jobs.attempts(job.id) for job in house.store.jobs.newest())
    return [attempt.detail for each in attempts for attempt in each]
