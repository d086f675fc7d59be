"""A backup made while others write, and back: on SQLite and PostgreSQL, whole or not at all."""

from __future__ import annotations

import shutil
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from bot.domain import Goal
from bot.store import backup as module
from bot.store import moving, schema
from bot.store.backup import BackupFailed, backup, restore
from bot.store.database import Database
from bot.store.models import NoteRow
from tests.store.conftest import NOW, opened
from tests.store.oddities import everything, fill

LATER = NOW + timedelta(days=1)


pytestmark = pytest.mark.usefixtures("own_programs")


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "backup"


def add(store, number: int) -> int:
    return store.jobs.add(Goal(number), now=NOW)


def numbers(store) -> list[int]:
    return sorted(job.goal.post_id for job in store.jobs.newest())


def test_what_was_there_is_there_again_and_marked(store, file):
    job = store.jobs.claim(add(store, 1), now=NOW, worker="w")
    store.jobs.finish(job, 77, now=NOW)
    assert backup(store.database, file) == file.stat().st_size > 0
    add(store, 2)
    assert store.restores.last() is None
    restore(store.database, file, now=LATER)
    assert numbers(store) == [1]
    assert store.gauges.read(LATER).jobs["done", ""] == 1
    mark = store.restores.last()
    assert (mark.at, mark.newest_reply, mark.looked, mark.seen) == (LATER, 77, False, 0)
    assert add(store, 3) == 2, "the count of jobs goes on from the backup"
    restore(store.database, file, now=LATER)
    assert numbers(store) == [1]
    assert store.jobs.replay([job.id], now=LATER) == [job.id]
    assert store.gauges.read(LATER).jobs["done", ""] == 0


def test_every_table_comes_back_as_it_was(store, file):
    """Of each one row with odd values: pages that were printed, files, letters, events and all the others."""
    fill(store.database, rows=1)
    before = everything(store.database)
    assert {len(rows) for rows in before.values()} == {1}
    backup(store.database, file)
    with store.database.write() as session:
        for table in moving.tables():
            session.execute(delete(table))
    restore(store.database, file, now=LATER)
    mark = NoteRow.__tablename__
    assert {**everything(store.database), mark: []} == {**before, mark: []}


def test_a_backup_is_for_its_owner_only_and_never_half(store, file):
    backup(store.database, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(BackupFailed, match="is there already"):
        backup(store.database, file)
    with pytest.raises(BackupFailed, match="No such file or directory"):
        backup(store.database, file.parent / "nowhere" / "backup")
    assert [path.name for path in file.parent.iterdir() if path.name.startswith("backup")] == ["backup"]


@pytest.mark.parametrize("content", [b"", b"no backup at all\n" * 1000])
def test_what_is_no_backup_changes_nothing(store, file, content):
    add(store, 1)
    file.write_bytes(content)
    with pytest.raises(BackupFailed) as refused:
        restore(store.database, file, now=LATER)
    assert len(str(refused.value).splitlines()) == 1
    assert numbers(store) == [1]
    assert store.restores.last() is None
    with pytest.raises(BackupFailed, match="is not there"):
        restore(store.database, file.with_name("nowhere"), now=LATER)


def test_a_backup_of_a_newer_bot_is_refused(store, file, monkeypatch):
    add(store, 1)
    backup(store.database, file)
    add(store, 2)
    monkeypatch.setattr(schema, "is_known", lambda _version: False)
    with pytest.raises(BackupFailed, match="newer than this version of the bot"):
        restore(store.database, file, now=LATER)
    assert numbers(store) == [1, 2]


def test_a_backup_of_an_older_bot_is_brought_up_to_date(databases, file, monkeypatch):
    """And what came with newer versions leaves nothing in its way."""
    with databases.empty() as old, databases.fresh() as new:
        ancient = Database(old)
        with monkeypatch.context() as then:
            then.setattr(schema, "HEAD", "0003")
            schema.upgrade(ancient)
        backup(ancient, file)
        ancient.dispose()
        with opened(new) as store:
            restore(store.database, file, now=LATER)
            assert schema.current(store.database) == schema.newest()
            add(store, 1)


def test_writers_go_on_while_backups_are_made(store, file):
    """What is committed meanwhile is whole in it or not there: a job never comes without its attempt."""
    stop = threading.Event()

    def write() -> int:
        count = 0
        while not stop.is_set():
            assert store.jobs.claim(add(store, 1), now=NOW, worker="w")
            count += 1
        return count

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write) for _ in range(2)]
        backup(store.database, file)
        stop.set()
        assert all(writer.result() for writer in writers)
    restore(store.database, file, now=LATER)
    jobs = store.jobs.newest(limit=100_000)
    assert all(len(store.jobs.attempts(job.id)) == (job.state == "running") for job in jobs)
    assert add(store, 2) > len(jobs)


@pytest.mark.postgres
def test_without_postgresqls_programs_one_line_says_what_is_missing(postgres_databases, file, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with postgres_databases.fresh() as url, opened(url) as store:
        with pytest.raises(BackupFailed, match="pg_dump is not on the PATH"):
            backup(store.database, file)
        assert not file.exists()


def test_a_password_is_in_no_command_line():
    told = module._address("postgresql+psycopg://me:hunter2@db.example:5433/unroll?sslmode=require")
    assert told == {
        "PGHOST": "db.example",
        "PGPORT": "5433",
        "PGUSER": "me",
        "PGPASSWORD": "hunter2",
        "PGDATABASE": "unroll",
        "PGSSLMODE": "require",
    }


def test_a_database_in_memory_cannot_be_kept(tmp_path):
    with pytest.raises(BackupFailed, match="in memory"):
        backup(Database("sqlite://"), tmp_path / "backup")
