"""Pages that go by their author's or the operator's word: the words first, then the files."""

from __future__ import annotations

from datetime import datetime

import structlog

from bot.blobs import Blobs, by_hash
from bot.flows.export import drop_outdated
from bot.store import Store
from bot.store.pages import RemovedBy

log = structlog.get_logger()


def take_down(thread_id: int, by: RemovedBy, *, store: Store, files: Blobs, now: datetime) -> None:
    """One page: from now on a tombstone, which the next request does not lift."""
    store.pages.mark_removed(thread_id, by)
    store.threads.bury(thread_id, now, reason="page-removed")
    clear_away(store, files)
    log.info("page.removed", thread=thread_id, by=by)


def forget_author(author_id: int, *, store: Store, files: Blobs, now: datetime) -> None:
    """All of an author's pages, and their words wherever else they stand: other people's quotes, what was
    bought, what they wrote to us. Ids, times and reasons stay. Mark them as opted out before.
    """
    pages = store.pages.by(author_id)
    for page in pages:
        store.threads.bury(page.thread_id, now, reason="author-opted-out")
    for thread_id in store.pages.quoting(author_id):
        _without_quotes(thread_id, store)
    store.people.forget_words(author_id, now=now)
    store.subscriptions.end_author(author_id)
    clear_away(store, files)
    log.info("author.forgotten", author=author_id, pages=len(pages))


def _without_quotes(thread_id: int, store: Store) -> None:
    """Saved again, a page is without what it may not show, and so is how it looked before."""
    saved = store.threads.find(thread_id)
    if saved is not None and not saved.gone:
        store.threads.save(saved.thread, now=saved.checked_at, scrub=True)


def clear_away(store: Store, files: Blobs) -> None:
    """What no page shows any more goes from the disk, with files made of pages that are another by now, and
    what was deleted goes from the database's log.
    """
    drop_pictures(store, files)
    drop_outdated(store, files)
    store.cards.purge()
    store.database.settle()


def drop_pictures(store: Store, files: Blobs) -> None:
    """Those that no page shows any more."""
    for sha256 in store.media.drop_unused():
        files.delete(by_hash(sha256))
