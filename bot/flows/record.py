"""From a mention to its row, whichever way it came.

known? -> our rules -> who asks, and how often -> one commit: mention, job, and how far was looked
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import structlog

from bot import metrics
from bot.domain import Author, Command, Decision, Mention, Refusal
from bot.flows.parts import Parts
from bot.rules.admission import ASKING, Door, Quota
from bot.rules.request import decide
from bot.store.mentions import Recorded

log = structlog.get_logger()


def record(
    mentions: Iterable[Mention], bot: Author, parts: Parts, *, looked_to: int | None = None
) -> list[Recorded]:
    """Those that were new, each once; `looked_to` is where a look at all of them ended."""
    store = parts.store
    by_id = {mention.id: mention for mention in mentions}
    known = store.mentions.known(by_id)
    decided = _decisions([mention for i, mention in by_id.items() if i not in known], bot, parts)
    recorded = store.mentions.record(decided, now=parts.clock(), looked_to=looked_to)
    goals = {mention.id: getattr(decision, "goal", None) for mention, decision in decided}
    for each in recorded:
        metrics.MENTIONS.labels(each.decision, each.reason or "").inc()
        goal = goals[each.mention_id]
        told = {"job": each.job_id, "post": goal.post_id if goal else None, "reason": each.reason}
        known_of_it = {name: value for name, value in told.items() if value is not None}
        log.info("mention.recorded", mention=each.mention_id, decision=each.decision, **known_of_it)
    return recorded


def _decisions(mentions: list[Mention], bot: Author, parts: Parts) -> list[tuple[Mention, Decision]]:
    """What is made of each mention: our rules first, then who asks and how often; oldest first."""
    read: list[tuple[Mention, Decision]] = []
    asked: dict[int, str] = {}
    for mention in sorted(mentions, key=lambda m: m.id):
        decision = _once(mention, _decide(mention, bot, parts), asked, parts)
        if not isinstance(decision, Refusal):
            asked[mention.id] = decision.kind if isinstance(decision, Command) else "request"
        read.append((mention, decision))
    door = _door(read, parts)
    return [(mention, door.admit(mention, decision)) for mention, decision in read]


def _once(mention: Mention, decision: Decision, asked: Mapping[int, str], parts: Parts) -> Decision:
    """X gives an edited post a new id and shows it as a new mention; it gets no second answer. What it says
    that it did not say before is heard where it is about the asker's own.
    """
    earlier = [version for version in mention.post.versions if version < mention.id]
    if not earlier or isinstance(decision, Refusal):
        return decision
    rows = filter(None, map(parts.store.mentions.find, earlier))
    before = {row.decision for row in rows} - {"refusal"} | {asked[i] for i in earlier if i in asked}
    if not before:
        return decision
    if isinstance(decision, Command) and decision.kind not in ASKING | before:
        return replace(decision, confirmed=False)
    return Refusal("edited")


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
