"""Migrations: forwards to the newest, and whether a database is there yet."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import LockNotAvailable
from sqlalchemy import text
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from bot.store.database import Database
from bot.store.lock import held

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "head"

# Whoever waits for a table lets everybody else wait behind them: so not for long, and again a little later. A
# backup of a large database reads for minutes.
LOCK_TIMEOUT_MS = 1_000
_patiently = Retrying(
    retry=retry_if_exception(lambda error: isinstance(getattr(error, "orig", None), LockNotAvailable)),
    wait=wait_random(1, 3),
    stop=stop_after_delay(timedelta(hours=1)),
    reraise=True,
)


def upgrade(database: Database) -> None:
    """Brings the schema to the newest version, while others read and write; two processes at once take
    turns. A schema that is newer than we know is left as it is.
    """
    if is_newer(current(database)):
        return
    with held(database, "migrate", wait=True):
        _patiently(_upgrade, database)


def _upgrade(database: Database) -> None:
    with database.writing.begin() as connection:
        if not database.is_sqlite:
            connection.execute(text("SET LOCAL statement_timeout = 0"))  # a large table takes its time
            connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}"))
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


def is_newer(version: str | None) -> bool:
    """Whether a later version of the bot has made such a schema. Revisions are numbered."""
    return version is not None and not is_known(version) and version > (newest() or "")


def newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config
