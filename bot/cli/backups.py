"""`unroll db backup` and `unroll db restore`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from bot.cli import output
from bot.cli.polling import LOCK
from bot.settings import Settings
from bot.store import open_store
from bot.store.backup import BackupFailed, backup, restore
from bot.store.database import Database
from bot.store.lock import held
from bot.x.client import utc_now


def back_up(settings: Settings, file: Path) -> None:
    with closing(open_store(settings.database_url)) as store:
        try:
            size = backup(store.database, file)
        except BackupFailed as error:
            output.fail(str(error))
    output.err.print(f"{file}: {size:,} bytes; the pictures are in {settings.media_dir}", highlight=False)


def put_back(settings: Settings, file: Path, *, sure: bool) -> None:
    database = Database(settings.database_url)
    try:
        with held(database, LOCK) as mine:
            if not mine:
                output.fail("a poller is at work on this database: stop poller, workers and site first")
            if not sure:
                output.fail(f"this replaces the whole database with {file}: say it again with --yes")
            restore(database, file, now=utc_now())
    except BackupFailed as error:
        output.fail(str(error))
    finally:
        database.dispose()
    output.err.print("restored; before older mentions are answered, the bot looks for its replies on X")
