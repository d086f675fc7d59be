"""What X told without being asked, taken out of its rows: the same path as a look at the mentions.

    event -> whole? -> mention -> decide -> record each once, with a job -> commit -> book its price -> taken
             half?  -> taken, and the mentions are looked at more often for a while
    deletion of a post that is kept here -> X is asked whether it is gone -> its page is made anew -> taken

Each step may be the last before a crash: an event that was not marked as taken is taken again, and by then
its mention is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot import metrics
from bot.domain import Author, Mention
from bot.flows.meter import JobMeter
from bot.flows.parts import Parts
from bot.flows.recheck import check_now
from bot.flows.record import record
from bot.rules.events import KEPT, Event, suffices
from bot.rules.pace import TOLD_WITHIN
from bot.rules.plan import LOOKUP_BATCH, posted_at
from bot.store.mentions import Recorded
from bot.x import decode
from bot.x.price import Item

log = structlog.get_logger()

SWEEP_EVERY = timedelta(hours=1)
SWEPT = "events.swept"


@dataclass(frozen=True, slots=True)
class Taken:
    """The mentions that were new, and how many events have to wait."""

    recorded: list[Recorded] = field(default_factory=list)
    left: int = 0


def take_in(parts: Parts) -> Taken:
    """What came before the bot knew its own name has to wait."""
    events = parts.store.events.waiting()
    bot = parts.store.notes.bot() if events else None
    if bot is None:
        return Taken(left=len(events))
    mentions = [event for event in events if event.kind == "mention"]
    recorded = _mentions(mentions, bot, parts)
    parts.store.events.take(mentions, now=parts.clock())
    left = _deletions([event for event in events if event.kind == "deletion"], parts)
    _sweep(parts)
    return Taken(recorded, left)


def _deletions(events: list[Event], parts: Parts) -> int:
    """How many have to wait: X did not say yet whether they are true."""
    some, rest = events[:LOOKUP_BATCH], events[LOOKUP_BATCH:]
    if not check_now([event.post_id for event in some], parts):
        return len(events)
    parts.store.events.take(some, now=parts.clock())
    return len(rest)


def _mentions(events: list[Event], bot: Author, parts: Parts) -> list[Recorded]:
    """X bills an event for what it tells, whether we make anything of it or not."""
    ours = [event for event in events if event.user_id == bot.id]
    whole = [mention for event in ours if (mention := _mention(event)) is not None]
    if len(whole) < len(ours):
        log.warning("event.not_whole", events=len(ours) - len(whole))
        parts.store.notes.doubt(now=parts.clock())
    recorded = record(whole, bot, parts)
    JobMeter(parts.store, parts.settings, parts.clock).book([Item("event", each.post_id) for each in ours])
    return recorded


def _mention(event: Event) -> Mention | None:
    """As a look would have shown it; None where the event says too little of it."""
    if not suffices(event.told["payload"]):
        return None
    told = decode.conversation({"data": event.told["payload"]})
    post = told.posts.get(event.post_id)
    return None if post is None else Mention(post, told.payloads[event.post_id])


def find_missed(recorded: Iterable[Recorded], parts: Parts) -> None:
    """Requests that only a look has found, and that X should have told of by now."""
    now = parts.clock()
    missed = [
        each.mention_id
        for each in recorded
        if each.job_id is not None and now - posted_at(each.mention_id) > TOLD_WITHIN
    ]
    if missed:
        metrics.MISSED.inc(len(missed))
        log.warning("event.missed", mentions=len(missed), first=missed[0])
        parts.store.notes.doubt(now=now)


def _sweep(parts: Parts) -> None:
    now, last = parts.clock(), parts.store.notes.get(SWEPT)
    if last is None or now - datetime.fromisoformat(last["at"]) >= SWEEP_EVERY:
        parts.store.events.drop_old(before=now - KEPT)
        parts.store.notes.put(SWEPT, {"at": now.isoformat()}, now=now)
