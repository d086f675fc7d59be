"""The poller, the only clock of the house.

    look at the mentions -> decide -> record each once, with a job, and the cursor -> commit
    -> top the queue up with the due jobs that are most urgent
    -> letters about what is new to those who follow its author
    -> where no request waits: read saved posts again, one batch

Restarting it, running two of it, or X repeating itself changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import structlog

from bot import metrics
from bot.domain import Author, Decision, Mention, Refusal
from bot.errors import Misconfigured, Transient, UnrollError
from bot.flows import letters
from bot.flows.fates import pause
from bot.flows.meter import JobMeter
from bot.flows.parts import Parts
from bot.flows.recheck import recheck
from bot.rules.admission import Door, Quota
from bot.rules.plan import id_before
from bot.rules.request import decide
from bot.store.notes import PAUSED, POLLED
from bot.x import X

log = structlog.get_logger()

# X's mentions can skip posts behind `since_id`: each look overlaps the last one by this much. Re-reads
# are free on the same day.
OVERLAP = timedelta(minutes=5)

# Wake-ups on their way at most: enough to keep workers busy between two ticks, short enough to refill soon.
QUEUE_DEPTH = 64

# While requests wait, saved posts are read again this often at least: 28,800 of them a day.
RECHECK_WAITS = timedelta(minutes=5)
RECHECKED = "rechecked"

WakeUp = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class Tick:
    """What one tick did. `trouble` says in a word why no mentions were looked at."""

    mentions: int = 0
    jobs: int = 0
    woken: int = 0
    trouble: str | None = None
    rechecked: int = 0


def tick(
    parts: Parts,
    wake_up: WakeUp,
    wake_pictures: Callable[[int], None],
    wake_letters: Callable[[], None] = lambda: None,
) -> Tick:
    """One look at the mentions, then the queue. X's moods are logged and outlived, never raised."""
    seen, jobs, trouble = 0, 0, None
    try:
        seen, jobs = _look(parts)
    except Misconfigured as error:
        pause(error, store=parts.store, now=parts.clock())
        trouble = error.reason
    except UnrollError as error:
        log.warning("poll.failed", reason=error.reason, detail=error.detail)
        trouble = error.reason
    woken = _top_up(parts, wake_up, wake_pictures)
    letters.announce(parts, wake_letters)
    _note_tick(parts, trouble)
    return Tick(seen, jobs, woken, trouble, _look_back(parts))


def _note_tick(parts: Parts, trouble: str | None) -> None:
    """`looked_at` stays where it was while there is trouble."""
    store, now = parts.store, parts.clock()
    looked_at = now.isoformat() if trouble is None else (store.notes.get(POLLED) or {}).get("looked_at")
    value = {"at": now.isoformat(), "looked_at": looked_at, "trouble": trouble}
    store.notes.put(POLLED, value, now=now)


def _look_back(parts: Parts) -> int:
    """Requests go first, but a bot that is never idle still has to keep its pages true."""
    store, now = parts.store, parts.clock()
    last = store.notes.get(RECHECKED)
    recently = last is not None and now - datetime.fromisoformat(last["at"]) < RECHECK_WAITS
    if recently and store.jobs.count_by_state().get("queued"):
        return 0
    store.notes.put(RECHECKED, {"at": now.isoformat()}, now=now)
    return recheck(parts).posts


def _look(parts: Parts) -> tuple[int, int]:
    store, now = parts.store, parts.clock()
    paused = store.notes.pause()
    if paused is not None and now < paused.probe_at:
        raise Transient(paused.reason, "paused", retry_at=paused.probe_at)
    x = X(
        parts.connection,
        JobMeter(store, parts.settings, parts.clock),
        parts.clock,
        stopping=parts.stop.is_set,
    )
    bot = who_we_are(parts, x)
    cursor = store.mentions.cursor()
    mentions = x.mentions(bot.id, since_id=id_before(cursor, OVERLAP) if cursor else None)
    if paused is not None and store.notes.drop(PAUSED):
        log.info("x.mended", paused_for=str(now - paused.since))
    known = store.mentions.known(mention.id for mention in mentions)
    fresh = [mention for mention in mentions if mention.id not in known]
    decided = _decisions(fresh, bot, parts)
    recorded = store.mentions.record(decided, now=now)
    goals = {mention.id: getattr(decision, "goal", None) for mention, decision in decided}
    for each in recorded:
        metrics.MENTIONS.labels(each.decision, each.reason or "").inc()
        goal = goals[each.mention_id]
        told = {"job": each.job_id, "post": goal.post_id if goal else None, "reason": each.reason}
        known_of_it = {name: value for name, value in told.items() if value is not None}
        log.info("mention.recorded", mention=each.mention_id, decision=each.decision, **known_of_it)
    return len(recorded), sum(each.job_id is not None for each in recorded)


def who_we_are(parts: Parts, x: X) -> Author:
    """The bot's account, asked once and kept."""
    bot = parts.store.notes.bot()
    if bot is None:
        bot = x.me()
        parts.store.notes.set_bot(bot, now=parts.clock())
        log.info("bot.known", id=bot.id, username=bot.username)
    return bot


def _decisions(mentions: list[Mention], bot: Author, parts: Parts) -> list[tuple[Mention, Decision]]:
    """What is made of each mention: our rules first, then who asks and how often; oldest first."""
    read = [(mention, _decide(mention, bot, parts)) for mention in sorted(mentions, key=lambda m: m.id)]
    door = _door(read, parts)
    return [(mention, door.admit(mention, decision)) for mention, decision in read]


def _door(read: list[tuple[Mention, Decision]], parts: Parts) -> Door:
    """What is known of the people who ask, and how much was asked until now."""
    store, settings, now = parts.store, parts.settings, parts.clock()
    today = datetime.combine(now.date(), time.min, UTC)
    asked = [(mention, decision) for mention, decision in read if not isinstance(decision, Refusal)]
    askers = {mention.post.author_id for mention, _ in asked}
    goals = [decision.goal for _, decision in asked if decision.goal is not None]
    thread_by = store.pages.authors_of(goal.post_id for goal in goals)
    authors = {thread_by.get(goal.post_id, goal.author_id) for goal in goals} - {None}
    conversations = {mention.post.conversation_id for mention, _ in asked}
    people = store.people.find_all(askers).values()
    return Door(
        Quota(
            user=settings.requests_per_user_per_day,
            conversation=settings.requests_per_conversation_per_hour,
            author=settings.requests_per_author_per_day,
        ),
        by_user=Counter(store.mentions.requests_since(askers, today)),
        by_conversation=Counter(store.mentions.conversations_since(conversations, now - timedelta(hours=1))),
        by_author=Counter(store.jobs.asked_of((a for a in authors if a is not None), today)),
        blocked={person.id for person in people if person.blocked_at is not None},
        stopped={person.id for person in people if person.stopped_at is not None},
        helped={person.id for person in people if person.helped_on == today.date()},
        thread_by=thread_by,
    )


def _decide(mention: Mention, bot: Author, parts: Parts) -> Decision:
    """A mention that our rules stumble over is refused with that reason; it must not stop the others."""
    keywords = parts.settings.keywords
    try:
        return decide(mention, bot_id=bot.id, bot_username=bot.username, keywords=keywords)
    except Exception:
        log.exception("mention.unreadable", mention=mention.id)
        return Refusal("unreadable")


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
        for thread_id in parts.store.media.threads_wanting(now=now):
            wake_pictures(thread_id)
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the rows are safe
        log.warning("queue.away", error=type(error).__name__, unsent=len(due) - sent)
        parts.store.jobs.unsend(job_id for job_id, _ in due[sent:])
    return sent
