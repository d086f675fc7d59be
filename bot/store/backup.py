"""A copy of the whole database in one file, and back.

A restored database does not know what was said since its backup was made. It is marked as restored in the
same moment in which it becomes the database, so that nothing can look at it and speak without having looked
on X first: see `bot.flows.restored`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from psycopg.pq import Conninfo
from sqlalchemy import make_url
from sqlalchemy.exc import DatabaseError
from sqlmodel import SQLModel, col, func, select

from bot.store import schema
from bot.store.database import Database
from bot.store.gauges import COUNTED
from bot.store.models import JobRow, NoteRow
from bot.store.restored import RESTORED

OURS = 0o600  # a backup holds what people wrote, and what they have deleted since


class BackupFailed(Exception):  # noqa: N818
    """One line that says what to do; the database is as it was."""


def backup(database: Database, file: Path) -> int:
    """Writes the database as it is at this moment into a new file, while others go on writing; its size.

    Raises BackupFailed; then there is no file.
    """
    if file.exists():
        raise BackupFailed(f"{file} is there already: name a new file")
    part = file.with_name(f"{file.name}.part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OURS))
        _copy_of_sqlite(database, part) if database.is_sqlite else _dump(database, part)
        part.replace(file)
    except OSError as error:
        raise BackupFailed(f"{error.filename or file}: {error.strerror}") from None
    finally:
        with suppress(OSError):
            part.unlink()
    return file.stat().st_size


def restore(database: Database, file: Path, *, now: datetime) -> None:
    """Puts a backup in the place of the database, marked as restored: all of it, or nothing is changed.

    Raises BackupFailed.
    """
    if not file.is_file():
        raise BackupFailed(f"{file} is not there")
    with _told():
        _restore_sqlite(database, file, now) if database.is_sqlite else _restore_dump(database, file, now)


# SQLite


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BackupFailed(str(error)) from None


def _path(database: Database) -> Path:
    name = make_url(database.url).database
    if not name or name == ":memory:":
        raise BackupFailed("a database in memory cannot be kept")
    return Path(name)


def _copy_of_sqlite(database: Database, part: Path) -> None:
    """In one step: it reads from one snapshot, and writers are not kept waiting."""
    with _told(), closing(sqlite3.connect(_path(database))) as source, closing(sqlite3.connect(part)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log of changes beside it
        [said] = copy.execute("PRAGMA quick_check(1)").fetchone()
        if said != "ok":
            raise BackupFailed(f"the database is damaged: {said}")


def _restore_sqlite(database: Database, file: Path, now: datetime) -> None:
    """Beside the database first: brought up to date and marked there, then copied in one transaction."""
    live = _path(database)
    live.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{live.name}-restoring-", dir=live.parent) as folder:
        made = Path(folder) / "unroll.db"
        shutil.copyfile(file, made)
        ready = Database(f"sqlite:///{made}")
        try:
            _require_ours(_version_of(ready))
            schema.upgrade(ready)
            _mark(ready, now)
        finally:
            ready.dispose()
        with closing(sqlite3.connect(made)) as source, closing(sqlite3.connect(live)) as target:
            source.backup(target)


def _version_of(database: Database) -> str | None:
    try:
        return schema.current(database)
    except DatabaseError:  # whatever that file is, it is none of SQLite's
        return None


def _mark(database: Database, now: datetime) -> None:
    with database.write() as session:
        newest = session.exec(select(func.max(col(JobRow.reply_id)))).one()
        value = {"at": now.isoformat(), "newest_reply": None if newest is None else str(newest)}
        database.upsert(session, [NoteRow(name=RESTORED, value=value, updated_at=now)])


def _require_ours(version: str | None) -> None:
    if version is None:
        raise BackupFailed("that is no backup of this bot")
    if not schema.is_known(version):
        raise BackupFailed(f"the backup's schema is {version}, newer than this version of the bot: update it")


# PostgreSQL

MARK = """
INSERT INTO note (name, value, updated_at)
SELECT :'name', json_build_object('at', :'at', 'newest_reply', max(reply_id)::text), :'at' FROM job
ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at;
"""


def _dump(database: Database, part: Path) -> None:
    _run(database, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={part}")


def _restore_dump(database: Database, file: Path, now: datetime) -> None:
    """As one transaction of psql: our tables go, those of the backup come, and the mark with them."""
    with TemporaryDirectory(prefix="unroll-restoring-") as folder:
        script, mark = Path(folder) / "backup.sql", Path(folder) / "mark.sql"
        _run(database, "pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(file))
        _require_ours(_version_in(script))
        mark.write_text(MARK, "utf-8")
        # The index of words and the count of jobs are made by hand: no model names them.
        tables = ", ".join([*SQLModel.metadata.tables, "search", COUNTED, "alembic_version"])
        _run(
            database,
            "psql",
            *("--no-psqlrc", "--quiet", "--single-transaction", "--output=/dev/null"),
            *("--set=ON_ERROR_STOP=1", f"--set=name={RESTORED}", f"--set=at={now.isoformat()}"),
            f"--command=SET client_min_messages = warning; DROP TABLE IF EXISTS {tables} CASCADE",
            "--command=DROP FUNCTION IF EXISTS unroll_count_job()",
            f"--file={script}",
            "--command=SET search_path = public",
            f"--file={mark}",
        )
    schema.upgrade(database)


def _version_in(script: Path) -> str | None:
    with script.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("COPY public.alembic_version "):
                return next(lines, "").strip()
    return None


def _run(database: Database, program: str, *words: str) -> None:
    if shutil.which(program) is None:
        raise BackupFailed(f"{program} is not on the PATH: install PostgreSQL's client programs")
    env = {**os.environ, **_address(database.url)}
    done = subprocess.run([program, *words], env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise BackupFailed(said[0])


def _address(url: str) -> Mapping[str, str]:
    """In the environment, for a command's words are everybody's to read."""
    known = {option.keyword.decode(): option.envvar for option in Conninfo.get_defaults()}
    _, told = make_url(url).get_dialect()().create_connect_args(make_url(url))
    names = {name: known.get(name) for name in told}
    return {envvar.decode(): str(told[name]) for name, envvar in names.items() if envvar}
