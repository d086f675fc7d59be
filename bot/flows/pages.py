"""Pages that go by their author's or the operator's word: the words first, then the files."""

from __future__ import annotations

import structlog

from bot.flows.gather import forget_traces
from bot.flows.parts import Parts
from bot.store.pages import RemovedBy

log = structlog.get_logger()


def take_down(thread_id: int, by: RemovedBy, parts: Parts) -> None:
    """One page: from now on a tombstone, which the next request does not lift."""
    parts.store.pages.mark_removed(thread_id, by)
    parts.store.threads.bury(thread_id, parts.clock(), reason="page-removed")
    forget_traces(thread_id, parts)
    parts.store.database.settle()
    log.info("page.removed", thread=thread_id, by=by)


def forget_author(author_id: int, parts: Parts) -> None:
    """All of an author's pages, and their words wherever else they stand: other people's quotes, what was
    bought, what they wrote to us. Ids, times and reasons stay. Mark them as opted out before.
    """
    store, now = parts.store, parts.clock()
    pages = store.pages.by(author_id)
    for page in pages:
        store.threads.bury(page.thread_id, now, reason="author-opted-out")
    for thread_id in store.pages.quoting(author_id):
        _without_quotes(thread_id, parts)
    store.people.forget_words(author_id, now=now)
    for page in pages:
        forget_traces(page.thread_id, parts)
    store.database.settle()
    log.info("author.forgotten", author=author_id, pages=len(pages))


def _without_quotes(thread_id: int, parts: Parts) -> None:
    """Saved again, a page is without what it may not show, and so is how it looked before."""
    saved = parts.store.threads.find(thread_id)
    if saved is not None and not saved.gone:
        parts.store.threads.save(saved.thread, now=saved.checked_at)
    parts.store.threads.scrub_versions(thread_id)
