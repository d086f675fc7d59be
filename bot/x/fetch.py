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

    Never holds more than `cap` posts of it, those known included; `cut` says that there was more.
    Raises Transient, Permanent or Misconfigured; what was bought until then is booked all the same.
    """
    done: set[Call] = set()
    while calls := next_calls(goal, known, done, now=now, newest=newest, exclude=exclude):
        for call in calls:
            done.add(call)
            known = merged(known, _carry_out(call, x, known, cap - len(known.posts)))
    return known


def _carry_out(call: Call, x: X, known: Conversation, room: int) -> Conversation:
    if isinstance(call, Lookup):
        ids = call.ids[: max(0, room)]
        found = x.lookup(ids) if ids else Conversation()
        return replace(found, cut=found.cut or len(ids) < len(call.ids))
    # Search leaves the root out, without which there is no page: one place is kept for it.
    root_is_settled = call.conversation_id in known.posts or call.conversation_id in known.missing
    return x.search(call, room=room if root_is_settled else room - 1)
