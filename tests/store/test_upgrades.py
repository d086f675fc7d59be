"""A new version comes while the old one works: migrations add, wait for nobody, and stop no reader."""

from __future__ import annotations

import shutil
import threading

import pytest
from alembic import command
from sqlalchemy import inspect, select
from sqlmodel import SQLModel
from structlog.testing import capture_logs
from typer.testing import CliRunner

from bot.cli import app
from bot.store import open_store, schema
from bot.store.database import Database
from reader.app import create_app
from sandbox.world import World
from tests.conftest import make_settings
from tests.reader.conftest import Visitor

# From here on a migration only adds: the version before it may still be at work.
FIRST_RELEASED = "0010"

PATHS = ("/recent", "/user/ada", "/thread/20", "/readyz")
TABLES = ["thread", "job", "card", "author"]

NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{newest}", None, None

def upgrade():
    for table in {tables}:
        op.add_column(table, sa.Column("colour", sa.String(), nullable=True))
    op.create_table("swatch", sa.Column("id", sa.Integer(), primary_key=True))
"""


@pytest.fixture
def next_version(tmp_path, monkeypatch):
    """From here on the next version of the bot is at work, which knows one migration more."""
    folder = shutil.copytree(schema.MIGRATIONS, tmp_path / "migrations")
    written = NEXT.format(newest=schema.newest(), tables=TABLES)
    (folder / "versions" / "9999_colours.py").write_text(written, "utf-8")

    def upgrade(database: Database) -> None:
        with monkeypatch.context() as later:
            later.setattr(schema, "MIGRATIONS", folder)
            schema.upgrade(database)

    return upgrade


@pytest.fixture
def database(url):
    database = Database(url)
    yield database
    database.dispose()


def columns(database: Database) -> dict[tuple[str, str], bool]:
    """Every column, and whether a row may be written without it."""
    found = inspect(database.engine)
    tables = [name for name in found.get_table_names() if not name.startswith("search")]
    return {
        (table, column["name"]): bool(column["nullable"] or column["default"] is not None)
        for table in tables
        for column in found.get_columns(table)
    }


def test_migrations_only_add_what_the_version_before_can_do_without(empty_url):
    database = Database(empty_url)
    with database.writing.begin() as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, FIRST_RELEASED)
    before = columns(database)
    schema.upgrade(database)
    after = columns(database)
    database.dispose()

    assert before.keys() - after.keys() == set()
    tables = {table for table, _ in before}
    added = {name: may_miss for name, may_miss in after.items() if name[0] in tables and name not in before}
    assert [name for name, may_miss in added.items() if not may_miss] == []


def test_the_version_before_goes_on_with_a_newer_schema_and_says_so(url, database, next_version):
    next_version(database)
    with capture_logs() as said:
        store = open_store(url)
    store.ready()
    assert store.jobs.count_by_state() == {}
    store.close()
    assert [(line["event"], line["schema"]) for line in said if line["log_level"] == "warning"] == [
        ("schema.newer", "9999")
    ]


def test_the_version_before_does_not_take_a_newer_schema_back(url, database, next_version, monkeypatch):
    next_version(database)
    monkeypatch.setenv("DATABASE_URL", url)
    done = CliRunner().invoke(app, ["db", "upgrade"])
    assert (done.exit_code, done.stderr) == (0, "schema 9999 is of a later version and stays\n")
    assert schema.current(database) == "9999"


def test_readers_are_served_all_the_while_even_where_the_upgrade_has_to_wait(
    url, database, next_version, tmp_path
):
    """Somebody reads for long, as a backup does: the upgrade waits for them, and nobody for the upgrade."""
    store = open_store(url)
    settings = make_settings(World(), "http://127.0.0.1:1", tmp_path)
    upgrade = threading.Thread(target=next_version, args=[database])
    served = []
    site = Visitor(create_app(store, settings))
    with database.engine.connect() as long_reader:
        for table in TABLES:
            long_reader.execute(select(SQLModel.metadata.tables[table]))
        upgrade.start()
        for _ in range(40):
            served += [site.get(path).status_code for path in PATHS]
            upgrade.join(0.05)
        long_reader.rollback()
        while upgrade.is_alive():
            served.append(site.get("/recent").status_code)
            upgrade.join(0.05)
        served.append(site.get("/recent").status_code)
    store.close()

    assert len(served) > 100
    assert set(served) <= {200, 404}
    assert schema.current(database) == "9999"
