"""What commands open, and close again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from bot import log
from bot.blobs import Blobs, open_blobs
from bot.flows.parts import Parts
from bot.settings import Settings, load
from bot.store import Store, open_store
from bot.x import connect
from bot.x.client import utc_now


@contextmanager
def opened() -> Iterator[tuple[Settings, Store]]:
    settings = load()
    log.configure(settings)
    with closing(open_store(settings.database_url)) as store:
        yield settings, store


@contextmanager
def parts_for(settings: Settings) -> Iterator[Parts]:
    with closing(open_store(settings.database_url)) as store:
        yield Parts(store, connect(settings), settings, utc_now, files=files_of(settings))


def files_of(settings: Settings) -> Blobs:
    return open_blobs(settings.media_dir, endpoint=settings.media_endpoint_url)
