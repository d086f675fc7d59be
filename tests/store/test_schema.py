"""The tables: made once, the same as the models say, and checked at the door."""

import subprocess
import sys
from datetime import UTC, date, datetime

import pytest
from alembic import command
from sqlalchemy import text

from bot.settings import BadSettings
from bot.store import open_store, schema
from bot.store.database import Database
from bot.store.gauges import Gauges
from bot.store.spend import Spend
from tests.store.conftest import opened

UPGRADE = "import sys; from bot.store import open_store; s = open_store(sys.argv[1]); s.ready(); s.close()"


@pytest.fixture
def database(empty_url):
    database = Database(empty_url)
    yield database
    database.dispose()


def test_an_empty_database_gets_its_tables(empty_url, database):
    assert schema.current(database) is None
    with opened(empty_url) as store:
        store.ready()
        assert store.jobs.count_by_state() == {}
    assert schema.current(database) == schema.newest()


def test_models_and_migrations_agree(database):
    schema.upgrade(database)
    config = schema._config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.check(config)


def test_the_way_back_leaves_nothing(database):
    schema.upgrade(database)
    config = schema._config()
    with database.writing.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    schema.upgrade(database)
    assert schema.current(database) == schema.newest()


def test_what_was_spent_before_there_were_sums_is_summed_up(database):
    schema.upgrade(database)
    config = schema._config()
    spent = "INSERT INTO spend (day, resource, count, micro_usd, recheck, booked_at) VALUES "
    row = "('2026-11-20', 'post', 1, 5000, false, '2026-11-20 12:00:00')"
    with database.writing.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0011")
        connection.execute(text(spent + ", ".join([row, row, row.replace("false", "true")])))
    schema.upgrade(database)
    spend = Spend(database)
    day = date(2026, 11, 20)
    assert (spend.spent(day), spend.spent_on_rechecks(day)) == (15_000, 5_000)


def test_what_ended_before_it_was_counted_is_counted(database):
    schema.upgrade(database)
    config = schema._config()
    jobs = (
        "INSERT INTO job (kind, state, reason, post_id, reply_wanted, attempts, failures, priority,"
        " from_site, created_at, updated_at) VALUES "
    )
    row = "('unroll', {}, 1, true, 1, 0, 0, false, '2026-11-20 12:00:00', '2026-11-20 12:00:00')"
    ended = ["'done', NULL", "'failed', 'x-down'", "'failed', 'x-down'", "'queued', NULL"]
    with database.writing.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0017")
        connection.execute(text(jobs + ", ".join(map(row.format, ended))))
    schema.upgrade(database)
    seen = Gauges(database).read(datetime(2026, 11, 20, 12, tzinfo=UTC))
    assert {key: n for key, n in seen.jobs.items() if n} == {
        ("done", ""): 1,
        ("failed", "x-down"): 2,
        ("queued", ""): 1,
    }


def test_an_old_schema_says_what_to_do(url):
    database = Database(url)
    with database.writing.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    database.dispose()
    with pytest.raises(BadSettings, match=r"^DATABASE_URL: the schema is at 0000; run `unroll db upgrade`$"):
        open_store(url)


def test_processes_that_start_at_once_take_turns(empty_url, database):
    words = [sys.executable, "-W", "error", "-c", UPGRADE, empty_url]
    processes = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    said = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0], said
    assert schema.current(database) == schema.newest()


@pytest.mark.parametrize(
    "wrong",
    [
        "sqlite:////dev/null/unroll.db",
        "postgresql+psycopg://bot:hunter2222@127.0.0.1:1/unroll",
        "postgresql+psycopg://bot:hunter2222@127.0.0.1:notaport/unroll",
        "no address",
    ],
)
def test_a_database_that_cannot_be_opened_is_named_at_the_door(wrong):
    with pytest.raises(BadSettings, match=r"^DATABASE_URL: ") as told:
        open_store(wrong)
    assert "\n" not in str(told.value)
    assert "hunter2222" not in str(told.value)
