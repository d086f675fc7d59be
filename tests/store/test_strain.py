"""How hard one file is worked, as its writers count it."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import make_url, text

from bot.domain import Goal
from bot.store.strain import strain
from tests.store.conftest import opened

LONG = timedelta(milliseconds=600)  # longer than any turn that a busy machine takes


@pytest.fixture
def file(sqlite_databases, monkeypatch):
    monkeypatch.setattr("bot.store.database.LONG_WAIT", LONG)
    with sqlite_databases.fresh() as url, opened(url) as store:
        yield store


def wait_for_the_lock(store) -> None:
    """Somebody else is writing for longer than a wait is long."""
    other = sqlite3.connect(make_url(store.database.url).database, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    let_go = threading.Timer(1.2 * LONG.total_seconds(), other.close)
    let_go.start()
    store.jobs.add(Goal(1), now=datetime.now(UTC))
    let_go.join()


def test_long_waits_are_counted_by_day(file):
    now = datetime.now(UTC)
    assert (strain(file.database, now).waits, strain(file.database, now).waited) == (0, timedelta(0))
    file.jobs.add(Goal(1), now=now)
    assert strain(file.database, now).waits == 0
    wait_for_the_lock(file)
    wait_for_the_lock(file)
    found = strain(file.database, datetime.now(UTC))
    assert found.waits == 2
    assert found.waited > 2 * LONG
    assert strain(file.database, now + timedelta(days=1)).waits == 0
    with file.database.write() as session:
        session.execute(
            text("UPDATE note SET value = json_set(value, '$.day', '2026-01-01', '$.waits', 900)")
        )
    wait_for_the_lock(file)
    assert strain(file.database, datetime.now(UTC)).waits == 1


def test_size_jobs_and_the_machines_that_work_on_it(file):
    now = datetime.now(UTC)
    for worker, at in (
        ("here:1", now),
        ("here:2", now),
        ("there:9", now),
        ("gone:1", now - timedelta(hours=2)),
    ):
        file.jobs.claim(file.jobs.add(Goal(1), now=at), now=at, worker=worker)
    file.jobs.claim(file.jobs.add(Goal(1), now=now - timedelta(days=2)), now=now, worker="cli")
    found = strain(file.database, now)
    assert found.hosts == {"here", "there"}
    assert found.jobs == 4
    assert found.size > 100_000
