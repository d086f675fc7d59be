"""The only place that writes SQL. `open_store` gives the one way in; each noun has its own module."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy import text
from sqlalchemy.exc import ArgumentError, DatabaseError

from bot.settings import BadSettings
from bot.store import schema
from bot.store.cards import Cards
from bot.store.closing import is_closed
from bot.store.database import Database
from bot.store.events import Events
from bot.store.exports import Exports
from bot.store.gauges import Gauges
from bot.store.jobs import Jobs
from bot.store.letters import Letters
from bot.store.media import MediaStore
from bot.store.mending import Mending
from bot.store.mentions import Mentions
from bot.store.notes import Notes
from bot.store.pages import Pages
from bot.store.people import People
from bot.store.printed import Prints
from bot.store.reads import Reads
from bot.store.removals import Removals
from bot.store.restored import Restores
from bot.store.spend import Spend
from bot.store.subscriptions import Subscriptions
from bot.store.threads import Threads
from bot.store.trouble import MOVED

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Store:
    database: Database
    mentions: Mentions
    events: Events
    jobs: Jobs
    mending: Mending
    threads: Threads
    people: People
    prints: Prints
    pages: Pages
    media: MediaStore
    spend: Spend
    notes: Notes
    removals: Removals
    reads: Reads
    restores: Restores
    gauges: Gauges
    cards: Cards
    subscriptions: Subscriptions
    letters: Letters
    exports: Exports

    def ready(self) -> None:
        """Raises if the database does not answer."""
        with self.database.read() as session:
            session.execute(text("SELECT 1"))

    def close(self) -> None:
        self.database.dispose()


def open_store(database_url: str, *, upgrade: bool = False) -> Store:
    """The store at an address, with its tables: an empty database gets them, and so does an old one where
    `upgrade` is wanted; else it says what to do. One that a later version has made is used as it is, for
    migrations only add: during an upgrade both work.

    Raises BadSettings where the database cannot be opened, or its schema is too old.
    """
    try:
        database = Database(database_url)
    except OSError as error:
        raise BadSettings(f"DATABASE_URL: {error}") from None
    except (ArgumentError, ValueError):  # their words can quote the address, with its password
        raise BadSettings("DATABASE_URL: not the address of a database") from None
    try:
        _require_newest(database, upgrade=upgrade)
    except (BadSettings, DatabaseError) as error:
        database.dispose()
        if isinstance(error, BadSettings):
            raise
        raise BadSettings(f"DATABASE_URL: {str(error.orig).strip().splitlines()[0]}") from None
    return Store(
        database=database,
        mentions=Mentions(database),
        events=Events(database),
        jobs=Jobs(database),
        mending=Mending(database),
        threads=Threads(database),
        people=People(database),
        prints=Prints(database),
        pages=Pages(database),
        media=MediaStore(database),
        spend=Spend(database),
        notes=Notes(database),
        removals=Removals(database),
        reads=Reads(database),
        restores=Restores(database),
        gauges=Gauges(database),
        cards=Cards(database),
        subscriptions=Subscriptions(database),
        letters=Letters(database),
        exports=Exports(database),
    )


def _require_newest(database: Database, *, upgrade: bool) -> None:
    version = schema.current(database)
    if version is None or (upgrade and schema.is_known(version)):
        schema.upgrade(database)
    elif schema.is_newer(version):
        log.warning("schema.newer", schema=version, known=schema.newest())
    elif version != schema.newest():
        raise BadSettings(f"DATABASE_URL: the schema is at {version}; run `unroll db upgrade`")
    if is_closed(database):
        raise BadSettings(f"DATABASE_URL: {MOVED}")
