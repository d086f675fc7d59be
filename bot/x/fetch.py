"""Carries a plan out: calls X until the plan asks for nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.domain import Conversation, Goal
from bot.rules.plan import NOTHING, Call, Lookup, next_calls
from bot.x.client import X, merged


def fetch(
    goal: Goal,
    *,
    x: X,
    known: Conversation,
    cap: int,
    now: datetime,
    newest: Mapping[int, int] = NOTHING,
    exclude: frozenset[int] = frozenset(),
) -> Conversation:
    """The conversation, as far as the goal needs it, on top of what is known.

    Never buys more than `cap` posts beyond the known ones; `cut` says that there was more.
    Raises Transient, Permanent or Misconfigured; what was bought until then is booked all the same.
    """
    done: set[Call] = set()
    start = len(known.posts)
    while calls := next_calls(goal, known, done, now=now, newest=newest, exclude=exclude):
        for call in calls:
            done.add(call)
            room = cap - (len(known.posts) - start)
            known = merged(known, _carry_out(call, x, room))
    return known


def _carry_out(call: Call, x: X, room: int) -> Conversation:
    if not isinstance(call, Lookup):
        return x.search(call, room=room)
    ids = call.ids[: max(0, room)]
    found = x.lookup(ids) if ids else Conversation()
    return replace(found, cut=found.cut or len(ids) < len(call.ids))
