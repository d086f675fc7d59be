"""Carries a plan out: calls X until the plan asks for nothing more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain import Conversation, Goal
from bot.errors import Permanent
from bot.rules.plan import NOTHING, Call, Lookup, next_calls
from bot.rules.thread import subject
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
    forbidden: Callable[[int], bool] = lambda _: False,
    drift: timedelta = timedelta(0),
) -> Conversation:
    """The conversation, as far as the goal needs it, on top of what is known.

    Never holds more than `cap` posts of it, those known included; `cut` says that there was more.
    Nothing more is bought once it is known that the thread's author is `forbidden`: that is the end,
    Permanent `author-opted-out`. Raises Transient, Permanent or Misconfigured; what was bought until then
    is booked all the same.
    """
    done: set[Call] = set()
    while calls := next_calls(goal, known, done, now=now, newest=newest, exclude=exclude, drift=drift):
        author_id = subject(known, goal, exclude=exclude)
        if author_id is not None and forbidden(author_id):
            raise Permanent("author-opted-out")
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
