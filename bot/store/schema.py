"""Migrations: forwards to the newest, and whether a database is there yet."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from bot.store.database import Database
from bot.store.lock import held

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "head"


def upgrade(database: Database) -> None:
    """Brings the schema to the newest version; two processes at once take turns."""
    with held(database, "migrate", wait=True), database.writing.begin() as connection:
        if not database.is_sqlite:
            connection.execute(text("SET LOCAL statement_timeout = 0"))  # a large table takes its time
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)


def current(database: Database) -> str | None:
    """The version a database is at; None for an empty one."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_known(version: str) -> bool:
    """Whether this version of the bot can bring such a schema up to date."""
    return version in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config
