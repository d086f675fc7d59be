"""The database's moods: restarted, locked, full. One line says so, nothing is lost, and it goes on."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from bot.domain import Goal
from bot.errors import DatabaseAway
from bot.store.lock import held
from tests.needs import unavailable
from tests.store import postgres
from tests.store.conftest import NOW, opened
from tests.store.databases import Server

pytestmark = pytest.mark.postgres


@pytest.fixture
def sqlite_url(sqlite_databases):
    with sqlite_databases.fresh() as url:
        yield url


@contextmanager
def writing_elsewhere(url: str):
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def test_a_locked_database_says_so_in_our_words_and_readers_go_on(sqlite_url, monkeypatch):
    monkeypatch.setattr("bot.store.engines.BUSY_TIMEOUT_MS", 100)
    with opened(sqlite_url) as store:
        job_id = store.jobs.add(Goal(20), now=NOW)
        with writing_elsewhere(sqlite_url):
            with pytest.raises(DatabaseAway, match="another process has been writing") as refused:
                store.jobs.add(Goal(21), now=NOW)
            assert "database is locked" not in str(refused.value)
            assert store.jobs.find(job_id).state == "queued"
        assert store.jobs.add(Goal(21), now=NOW) > job_id


def test_a_full_disk_takes_nothing_loses_nothing_and_goes_on_when_there_is_room(sqlite_url):
    with opened(sqlite_url) as store:
        job_id = store.jobs.add(Goal(20), now=NOW)
        job = store.jobs.claim(job_id, now=NOW, worker="w")
        with store.database.write() as session:
            pages = session.execute(text("PRAGMA page_count")).scalar()
        limit_pages(store, pages)
        with pytest.raises(DatabaseAway, match="disk is full"):
            store.notes.put("long", {"words": "x" * 1_000_000}, now=NOW)
        assert store.jobs.find(job_id).lease_token == job.lease_token
        limit_pages(store, 1_000_000)
        store.jobs.finish(job, None, now=NOW)
        assert store.jobs.find(job_id).state == "done"


def limit_pages(store, pages: int) -> None:
    """As a disk of that size would: the limit belongs to a connection."""
    store.database.dispose()

    def limit(connection, _record) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(store.database.engine, "connect", limit)


def test_a_wrong_statement_is_no_mood_of_the_database(store):
    with pytest.raises(DBAPIError), store.database.read() as session:
        session.execute(text("SELECT nonsense FROM nowhere"))


@pytest.fixture
def restartable():
    try:
        with postgres.running() as server:
            yield server
    except postgres.Unavailable as why:
        unavailable(str(why))


def test_a_restarted_server_is_found_again_and_the_lock_is_known_to_be_lost(restartable):
    with Server(restartable.url, "restart").fresh() as url, opened(url) as store:
        job_id = store.jobs.add(Goal(20), now=NOW)
        with held(store.database, "poller") as mine:
            assert mine
            assert mine.lasts()
            restartable.stop()
            assert not mine.lasts()
            for ask in (lambda: store.jobs.find(job_id), lambda: held(store.database, "poller").__enter__()):
                with pytest.raises(DatabaseAway, match="the database does not answer"):
                    ask()
            restartable.start()
            with held(store.database, "poller") as again:
                assert again, "the server has forgotten who held it"
            assert not mine.lasts(), "who lost it does not get it back in silence"
        assert store.jobs.find(job_id).state == "queued"
        assert store.jobs.claim(job_id, now=NOW, worker="w") is not None


def test_a_slow_database_is_given_up_in_time(postgres_databases, monkeypatch):
    monkeypatch.setattr("bot.store.engines.STATEMENT_TIMEOUT_MS", 200)
    with postgres_databases.fresh() as url, opened(url) as store:
        with pytest.raises(DatabaseAway, match="statement timeout"), store.database.read() as session:
            session.execute(text("SELECT pg_sleep(20)"))
        store.ready()
