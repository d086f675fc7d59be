"""Files made of a page for somebody to take along: PDF, EPUB, ZIP, and the picture that stands for it.

    wanted (a row) -> wake-up -> claim -> make it of the page as it is now -> the file -> the row says ready
                                             |    (the row says how far)
                                             +-> try again, a few times -> given up, with its reason

The row is committed before the wake-up, and the poller's tick sends another where one was lost. Whatever is
cut off in the middle is begun anew when its lease runs out; the file is written before the row names it, and
a file that no row names is swept away.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

import structlog

from bot import metrics
from bot.blobs import Blobs
from bot.errors import DatabaseAway, Permanent
from bot.flows.parts import Parts
from bot.store import Store
from bot.store.exports import Export
from bot.store.threads import SavedThread

log = structlog.get_logger()

# Takes the name of a step, and how much of it is done of how much; 0 of 0 where nobody can count it.
Tell = Callable[[str, int, int], None]

# Makes a form of a saved thread, and tells how far it is.
Make = Callable[[str, SavedThread, Tell], bytes]

# Those who wait look about as often.
TOLD_EVERY = timedelta(seconds=2)

# A file nobody has taken for this long goes, and the longest unused ones where all take more room than that.
KEPT = timedelta(days=7)
ROOM = 2 * 1024**3

# The largest file that is kept.
LARGEST = 300 * 1024**2

FOLDER = "exports"

# One at a time in each process: a worker's other threads have people to answer.
MAKING = Lock()


def make_exports(parts: Parts, make: Make) -> int:
    """Makes all that is due, one after the other; how many were made. Another thread at it is enough."""
    made = 0
    while not parts.stop.is_set() and MAKING.acquire(blocking=False):
        try:
            made += _make_all(parts, make)
        finally:
            MAKING.release()
        # Somebody may have asked between our last look and the release, and been turned away.
        if not parts.store.exports.are_due(now=parts.clock()):
            break
    return made


def _make_all(parts: Parts, make: Make) -> int:
    made = 0
    while not parts.stop.is_set():
        export = parts.store.exports.claim(now=parts.clock())
        if export is None:
            break
        made += _make_one(export, parts, make)
    return made


def _make_one(export: Export, parts: Parts, make: Make) -> bool:
    """Whether the file is there. One that cannot be made stops no other."""
    store = parts.store
    told = {"thread": export.thread_id, "form": export.form}
    try:
        saved = store.threads.find(export.thread_id)
        if saved is None or saved.gone or not export.etag.startswith(f"{saved.etag}."):
            store.exports.drop(export)
            _count(export, "dropped")
            return False
        content = make(export.form, saved, _Teller(export, parts))
        if len(content) > LARGEST:
            raise ValueError(f"{len(content)} bytes")  # noqa: TRY301 - one way out for whatever fails
        kept = _keep(export, content, parts)
    except DatabaseAway:
        raise
    except Exception as error:  # noqa: BLE001 - made of strangers' words and pictures; it must stop nothing
        _fail(export, error, parts)
        return False
    _count(export, "made" if kept else "dropped")
    if kept:
        log.info("export.made", **told, size=len(content))
    return kept


@dataclass
class _Teller:
    """Writes down each step as it begins, and how far it is no oftener than TOLD_EVERY."""

    export: Export
    parts: Parts
    _told: tuple[str, datetime] | None = None

    def __call__(self, step: str, done: int, of: int) -> None:
        now = self.parts.clock()
        if self._told is not None and self._told[0] == step and now - self._told[1] < TOLD_EVERY:
            return
        self._told = step, now
        with suppress(DatabaseAway):  # no file fails for want of a word to those who wait for it
            self.parts.store.exports.tell(self.export, step, done, of)


def _fail(export: Export, error: Exception, parts: Parts) -> None:
    if parts.stop.is_set():
        parts.store.exports.put_back(export)
        return
    never = isinstance(error, Permanent)
    reason = error.reason if isinstance(error, Permanent) else type(error).__name__
    over = parts.store.exports.fail(export, reason, now=parts.clock(), for_good=never)
    _count(export, "given-up" if over else "failed")
    tell = log.error if over and not never else log.warning
    told = {"thread": export.thread_id, "form": export.form, "attempts": export.attempts}
    tell("export.given_up" if over else "export.failed", **told, detail=str(error)[:300], reason=reason)


def _count(export: Export, outcome: str) -> None:
    metrics.EXPORTS.labels(export.form, outcome).inc()


def _keep(export: Export, content: bytes, parts: Parts) -> bool:
    key = _key(export)
    parts.files.save(key, content)
    if parts.store.exports.finish(export, key, len(content)):
        return True
    parts.files.delete(key)
    return False


def _key(export: Export) -> str:
    """A name of its own for each claim: what is no longer wanted is deleted without a look at others."""
    return f"{FOLDER}/{export.thread_id}/{export.lease_token}.{export.form}"


def announce(parts: Parts, wake_up: Callable[[], None]) -> None:
    """Wakes a worker up where files are wanted, or a wake-up was lost."""
    if not parts.store.exports.wake_up(now=parts.clock()):
        return
    try:
        wake_up()
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the rows are safe
        log.warning("queue.away", error=type(error).__name__)
        parts.store.exports.unsend()


def drop_outdated(store: Store, files: Blobs) -> None:
    """What was made of a page that is gone or another by now."""
    for key in store.exports.drop_outdated():
        files.delete(key)


def drop_idle(store: Store, files: Blobs, *, now: datetime) -> None:
    """What nobody has taken for long."""
    for key in store.exports.drop_idle(before=now - KEPT, room=ROOM):
        files.delete(key)


def drop_strays(store: Store, files: Blobs, *, before: datetime) -> None:
    """Files that no row names, older than that: one that is just being made is younger."""
    kept = store.exports.files()
    for file in files.list(FOLDER):
        if file.key not in kept and file.changed_at < before:
            files.delete(file.key)
