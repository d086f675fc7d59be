"""What is gone on X is gone here: saved posts are read again, and their pages made anew.

    who was cut off before -> the day's pages -> one batch -> X's word -> keep it -> make the pages anew
                                                                      -> take what is gone off the disk

Called by the poller's tick after everything else, one batch at a time, and not as jobs: what is due stands
in the rows themselves (when X last gave us each post), so nothing can be lost or doubled; the poller is the
only clock; and `unroll jobs list` stays a list of what people asked for. A batch is one call of X, ten
seconds at worst, and made only where no request waits.

What is back on X is not looked for: it would be paid for like any post, whether or not anybody wants it. The
next request for it brings it back, see `gather`.

Each step may be the last one before a crash. A post that is gone leaves the database first; its page still
names it, and by that the next round knows that the page is to be made anew.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.blobs import by_hash
from bot.domain import Conversation, GapReason, Thread
from bot.errors import Misconfigured, Permanent, Transient, UnrollError
from bot.flows.export import drop_idle, drop_strays
from bot.flows.meter import RecheckMeter
from bot.flows.pages import clear_away
from bot.flows.parts import Parts, alone
from bot.flows.paused import holds, pause
from bot.rules.recheck import Batch, Word, due_before, next_batch, revised, shown_ids, without_withheld
from bot.store.threads import GONE
from bot.x import X, decode
from bot.x.client import merged

log = structlog.get_logger()

# Pages looked at for one batch, the most recently changed first: those confirmed make room for the others.
PAGES_IN_SIGHT = 300

# Pages made anew in one round where an earlier one was cut off; the next round takes the rest.
MENDED_AT_ONCE = 20

# What no page shows is nobody's to confirm, and goes after this time.
UNSHOWN_KEPT = timedelta(hours=20)

# How often the disk and the rows are gone through for what was left behind.
TIDY_EVERY = timedelta(hours=1)
TIDIED = "tidied"


@dataclass(frozen=True, slots=True)
class Rechecked:
    """What one round did: posts that X was asked for, and pages that are not what they were."""

    posts: int = 0
    changed: int = 0


def recheck(parts: Parts) -> Rechecked:
    """One round. X's moods are logged and outlived, never raised."""
    try:
        mended = sum(
            _make_anew(i, Conversation(), parts)
            for i in parts.store.threads.behind(limit=MENDED_AT_ONCE, now=parts.clock())
        )
        posts, changed = _one_batch(parts)
        if mended or changed:
            clear_away(parts.store, parts.files)
        tidy(parts)
    except Misconfigured as error:
        pause(error, store=parts.store, now=parts.clock())
    except UnrollError as error:
        log.warning("recheck.failed", reason=error.reason, detail=error.detail)
    else:
        return Rechecked(posts, mended + changed)
    return Rechecked()


def check_now(post_ids: Collection[int], parts: Parts) -> bool:
    """Has X's word on posts out of turn, because it told that they are gone; False where it gives none now.

    X is asked, and not believed at once: what it tells by itself is new, and an edit may look like a
    deletion. That costs nothing for what is gone. What X still shows is read again within the hour as ever,
    and the files of pictures that no page shows any more go with the next round that tidies.
    """
    ids = parts.store.threads.held(post_ids)
    if not ids:
        return True
    if _paused(parts):
        return False
    meter = RecheckMeter(parts.store, parts.settings, parts.clock)
    try:
        _carry_out(Batch(tuple(sorted(ids))), meter, parts)
    except UnrollError as error:
        log.warning("recheck.failed", reason=error.reason, detail=error.detail)
        return False
    return True


def _paused(parts: Parts) -> bool:
    paused = parts.store.notes.pause()
    return paused is not None and holds(paused, now=parts.clock())


def _one_batch(parts: Parts) -> tuple[int, int]:
    now = parts.clock()
    if _paused(parts):
        return 0, 0
    meter = RecheckMeter(parts.store, parts.settings, parts.clock)
    pages = parts.store.threads.pages(confirmed_before=due_before(now), limit=PAGES_IN_SIGHT)
    batch = next_batch(pages, now=now, affordable=meter.left())
    return _carry_out(batch, meter, parts) if batch.ids else (0, 0)


def _carry_out(batch: Batch, meter: RecheckMeter, parts: Parts) -> tuple[int, int]:
    """How many posts were asked for, and how many pages are not what they were."""
    found = _ask(batch, X(parts.connection, meter, parts.clock, stopping=parts.stop.is_set), meter, parts)
    gone = [i for i, reason in found.missing.items() if reason in GONE]
    affected = parts.store.threads.showing([*batch.ids, *found.posts, *gone])
    parts.store.threads.confirm(found, now=parts.clock())
    changed = sum(_make_anew(thread_id, found, parts) for thread_id in affected)
    log.info("recheck.done", posts=len(batch.ids), paid=batch.cost, gone=len(gone), pages=len(affected))
    return len(batch.ids), changed


def _ask(batch: Batch, x: X, meter: RecheckMeter, parts: Parts) -> Conversation:
    """X's word on the batch. A post that was edited is asked for by its newest version; as long as there is
    no money for that, it counts as not confirmed.
    """
    meter.posts = batch.cost
    found = x.lookup(batch.ids, authors=batch.with_authors)
    outdated = {post.id: post.versions[-1] for post in found.posts.values() if post.versions[-1] != post.id}
    newer = sorted(set(outdated.values()) - found.posts.keys())
    if newer:
        found = replace(found, posts={i: post for i, post in found.posts.items() if i not in outdated})
        meter.posts = len(newer)
        try:
            found = merged(found, x.lookup(tuple(newer), authors=False))
        except Transient as error:
            log.warning("recheck.edits_wait", posts=len(newer), reason=error.reason)
    return without_withheld(found, parts.settings.served_countries)


def _make_anew(thread_id: int, found: Conversation, parts: Parts) -> bool:
    """The page from what is left of its posts; whether it changed. One that another worker is at is left to
    the next round. One that our code stumbles over stops no other: it counts as not confirmed, and is hidden
    when its time is over.
    """
    try:
        saved = parts.store.threads.find(thread_id)
        if saved is None or saved.gone:
            return False
        with alone(f"conversation:{saved.thread.conversation_id}", parts, reason="being-fetched"):
            return _revise(saved.thread, found, parts)
    except Transient:
        return False
    except Exception:
        log.exception("recheck.page_failed", thread=thread_id)
        return False


def _revise(thread: Thread, found: Conversation, parts: Parts) -> bool:
    store, now = parts.store, parts.clock()
    word = _word(thread, found, parts)
    made = revised(thread, word)
    if made is None:
        store.threads.bury(thread.id, now)
        log.info("thread.buried", thread=thread.id)
        return True
    try:
        store.threads.save(made, now=now)
    except Permanent as error:  # taken down in the meantime
        log.info("recheck.left", thread=thread.id, reason=error.reason)
    if made != thread:
        log.info("thread.revised", thread=thread.id, posts=len(made.posts), gaps=len(made.gaps))
    return made != thread


def _word(thread: Thread, found: Conversation, parts: Parts) -> Word:
    """All that is known of a page's posts now: kept payloads, what X has just said, and what is not here."""
    ids = shown_ids(thread)
    kept = decode.payloads(parts.store.threads.payloads(ids), {}, {})
    posts = {**kept.posts, **found.posts}
    told: dict[int, GapReason] = parts.store.threads.missing(ids)
    lost: dict[int, GapReason] = {i: told.get(i, "not-found") for i in ids if i not in posts}
    return Word(posts, lost, found.authors)


def tidy(parts: Parts) -> None:
    """Once in a while: whatever a crash left behind, and what no page shows."""
    now = parts.clock()
    last = parts.store.notes.get(TIDIED)
    if last is not None and now - datetime.fromisoformat(last["at"]) < TIDY_EVERY:
        return
    parts.store.removals.drop_stale(before=now - UNSHOWN_KEPT)
    parts.store.reads.drop_old(today=now.date())
    drop_idle(parts.store, parts.files, now=now)
    parts.store.threads.suspect(now=now)
    clear_away(parts.store, parts.files)
    _drop_stray_files(parts, now)
    parts.store.notes.put(TIDIED, {"at": now.isoformat()}, now=now)


def _drop_stray_files(parts: Parts, now: datetime) -> None:
    """Files that no row knows of; one that is still being written down is younger."""
    kept = {by_hash(sha256) for sha256 in parts.store.media.hashes()}
    for file in parts.files.list():
        if file.named_by_hash and file.key not in kept and file.changed_at < now - TIDY_EVERY:
            parts.files.delete(file.key)
    drop_strays(parts.store, parts.files, before=now - TIDY_EVERY)
    parts.files.drop_unfinished(before=now - TIDY_EVERY)
