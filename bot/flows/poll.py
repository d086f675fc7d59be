"""The poller, the only clock of the house.

    what X told by itself -> decide -> record each once, with a job -> commit
    look at the mentions  -> decide -> record each once, with a job, and the cursor -> commit
    -> top the queue up with the due jobs that are most urgent
    -> letters about what is new to those who follow its author
    -> where no request waits: read saved posts again, one batch

Restarting it, running two of it, or X repeating itself changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.domain import Author
from bot.errors import Misconfigured, UnrollError
from bot.flows import export, letters
from bot.flows.meter import JobMeter
from bot.flows.parts import Parts
from bot.flows.paused import pause, probing
from bot.flows.push import keep_up
from bot.flows.recheck import recheck
from bot.flows.record import record
from bot.flows.told import find_missed, take_in
from bot.rules.pace import look_is_due
from bot.rules.plan import id_before
from bot.store.mentions import Recorded
from bot.store.notes import POLLED
from bot.x import X

log = structlog.get_logger()

# X's mentions can skip posts behind `since_id`: each look overlaps the last one by this much. Re-reads
# are free on the same day.
OVERLAP = timedelta(minutes=5)

# Most looks overlap by less, and end where what is known begins. One a minute goes on to the end of the long
# overlap, for what X has shown late: that takes several calls where more than a hundred mentions are in it.
SHORT_OVERLAP = timedelta(seconds=30)
TO_THE_END_EVERY = timedelta(minutes=1)
TO_THE_END = "looked_to_the_end"

# Wake-ups on their way at most: enough to keep workers busy between two ticks, short enough to refill soon.
QUEUE_DEPTH = 64

# While requests wait, saved posts are read again this often at least: 28,800 of them a day.
RECHECK_WAITS = timedelta(minutes=5)
RECHECKED = "rechecked"

# Threads whose pictures get smaller copies after an upgrade, at each tick: a second or two of a worker each.
UNCOPIED_AT_ONCE = 2

WakeUp = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class Tick:
    """What one tick did. `trouble` says in a word why no mentions were looked at, `left` how many events of
    X's it could not take yet.
    """

    mentions: int = 0
    jobs: int = 0
    woken: int = 0
    trouble: str | None = None
    rechecked: int = 0
    left: int = 0


def tick(
    parts: Parts,
    wake_up: WakeUp,
    wake_pictures: Callable[[int], None],
    wake_letters: Callable[[], None] = lambda: None,
    wake_exports: Callable[[], None] = lambda: None,
    *,
    look: bool = False,
) -> Tick:
    """What X told, one look at the mentions if one is due or wanted (`look`), then the queue. X's moods are
    logged and outlived, never raised.
    """
    told = take_in(parts)
    looked = look or _look_is_due(parts)
    found, trouble = _looked(parts) if looked else ([], None)
    seen = [*told.recorded, *found]
    woken = _top_up(parts, wake_up, wake_pictures)
    letters.announce(parts, wake_letters)
    export.announce(parts, wake_exports)
    _note_tick(parts, trouble, looked=looked)
    parts.store.gauges.add_up()
    keep_up(parts)
    jobs = sum(each.job_id is not None for each in seen)
    return Tick(len(seen), jobs, woken, trouble, _look_back(parts), told.left)


def _looked(parts: Parts) -> tuple[list[Recorded], str | None]:
    """What a look brought, or why it brought nothing."""
    try:
        return _look(parts), None
    except Misconfigured as error:
        pause(error, store=parts.store, now=parts.clock())
        return [], error.reason
    except UnrollError as error:
        log.warning("poll.failed", reason=error.reason, detail=error.detail)
        return [], error.reason


def _look_is_due(parts: Parts) -> bool:
    """Where X tells at once, a look only finds what it did not tell; one that failed is made up for, and one
    ends a pause.
    """
    store, settings = parts.store, parts.settings
    last = store.notes.get(POLLED) or {}
    looked_at = datetime.fromisoformat(last["looked_at"]) if last.get("looked_at") else None
    underneath = timedelta(seconds=settings.poll_underneath_seconds)
    heard = store.notes.heard()
    wanted = bool(last.get("trouble")) or store.notes.pause() is not None
    return wanted or look_is_due(
        settings.mentions, heard, looked_at=looked_at, underneath=underneath, now=parts.clock()
    )


def _note_tick(parts: Parts, trouble: str | None, *, looked: bool) -> None:
    """`looked_at` stays where it was while there is trouble."""
    store, now = parts.store, parts.clock()
    last = store.notes.get(POLLED) or {}
    looked_at = now.isoformat() if looked and trouble is None else last.get("looked_at")
    value = {"at": now.isoformat(), "looked_at": looked_at, "trouble": trouble}
    store.notes.put(POLLED, value, now=now)


def _look_back(parts: Parts) -> int:
    """Requests go first, but a bot that is never idle still has to keep its pages true."""
    store, now = parts.store, parts.clock()
    last = store.notes.get(RECHECKED)
    recently = last is not None and now - datetime.fromisoformat(last["at"]) < RECHECK_WAITS
    if recently and store.jobs.any_queued():
        return 0
    store.notes.put(RECHECKED, {"at": now.isoformat()}, now=now)
    return recheck(parts).posts


def _look(parts: Parts) -> list[Recorded]:
    store = parts.store
    x = X(
        parts.connection,
        JobMeter(store, parts.settings, parts.clock),
        parts.clock,
        stopping=parts.stop.is_set,
    )
    with probing(x, parts):
        bot = who_we_are(parts, x)
        cursor = store.mentions.cursor()
        if at_the_end := _goes_to_the_end(parts):
            mentions = x.mentions(bot.id, since_id=id_before(cursor, OVERLAP) if cursor else None)
        else:
            since = id_before(cursor, SHORT_OVERLAP) if cursor else None
            mentions = x.mentions(bot.id, since_id=since, known=store.mentions.known)
    newest = max((mention.id for mention in mentions), default=0)
    recorded = record(mentions, bot, parts, looked_to=newest if newest > (cursor or 0) else None)
    if parts.settings.mentions != "poll":
        find_missed(recorded, parts)
    if at_the_end:
        store.notes.put(TO_THE_END, {"at": parts.clock().isoformat()}, now=parts.clock())
    return recorded


def _goes_to_the_end(parts: Parts) -> bool:
    note, now = parts.store.notes.get(TO_THE_END), parts.clock()
    return note is None or not timedelta(0) <= now - datetime.fromisoformat(note["at"]) < TO_THE_END_EVERY


def who_we_are(parts: Parts, x: X) -> Author:
    """The bot's account, asked once and kept."""
    bot = parts.store.notes.bot()
    if bot is None:
        bot = x.me()
        parts.store.notes.set_bot(bot, now=parts.clock())
        log.info("bot.known", id=bot.id, username=bot.username)
    return bot


def _top_up(parts: Parts, wake_up: WakeUp, wake_pictures: Callable[[int], None]) -> int:
    now = parts.clock()
    replies = parts.connection.user.room("POST /2/tweets", now=now)
    due = parts.store.jobs.wake_up(now=now, depth=QUEUE_DEPTH, replies=replies)
    sent = 0
    try:
        for job_id, mention_id in due:
            wake_up(job_id, mention_id)
            sent += 1
            log.info("job.woken", job=job_id, mention=mention_id)
        for thread_id in _wanting_pictures(parts, now):
            wake_pictures(thread_id)
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the rows are safe
        log.warning("queue.away", error=type(error).__name__, unsent=len(due) - sent)
        parts.store.jobs.unsend(job_id for job_id, _ in due[sent:])
    return sent


def _wanting_pictures(parts: Parts, now: datetime) -> list[int]:
    """Threads whose pictures are to be fetched; where there are none, a few that want smaller copies."""
    wanting = parts.store.media.threads_wanting(now=now)
    return wanting or parts.store.media.threads_uncopied(now=now, limit=UNCOPIED_AT_ONCE)
