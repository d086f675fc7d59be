"""Carries a plan out: calls X until the plan asks for nothing more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain import Conversation, Goal
from bot.errors import Permanent
from bot.rules.plan import NOTHING, Call, Lookup, Search, next_calls
from bot.rules.thread import subject
from bot.x.client import SEARCH_PAGE, Keep, X, merged


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a fetch may buy.

    Never more than `cap` posts, those known included. With no room left to look for what is new, a thread is
    taken for cut off if it was so before (`cut_before`). `objection` says why the threads of an author are
    not to be bought. Each answer of X is handed to `keep` before the next call, so that what was bought
    before something went wrong is not bought again.
    """

    cap: int
    cut_before: bool = True
    objection: Callable[[int], str | None] = lambda _: None
    keep: Keep = lambda _: None


def fetch(
    goal: Goal,
    *,
    x: X,
    known: Conversation,
    terms: Terms,
    now: datetime,
    newest: Mapping[int, int] = NOTHING,
    exclude: frozenset[int] = frozenset(),
    drift: timedelta = timedelta(0),
) -> Conversation:
    """The conversation, as far as the goal needs it, on top of what is known; `cut` says that there was more.

    Nothing more is bought once there is an objection to the thread's author: that is the end, a Permanent
    with this reason. Raises Transient, Permanent or Misconfigured; what was bought until then is booked all
    the same.
    """
    done: set[Call] = set()
    while calls := next_calls(goal, known, done, now=now, newest=newest, exclude=exclude, drift=drift):
        author_id = subject(known, goal, exclude=exclude)
        if author_id is not None and (reason := terms.objection(author_id)) is not None:
            raise Permanent(reason)
        for call in calls:
            done.add(call)
            if isinstance(call, Lookup):
                found = _look_up(call, x, known, terms)
            else:
                found = _search(call, x, known, terms)
            known = merged(known, found)
    return known


def _look_up(call: Lookup, x: X, known: Conversation, terms: Terms) -> Conversation:
    ids = call.ids[: max(0, terms.cap - len(known.posts))]
    if not ids:
        return Conversation(cut=True)
    found = x.lookup(ids)
    terms.keep(found)
    return replace(found, cut=len(ids) < len(call.ids))


def _search(call: Search, x: X, known: Conversation, terms: Terms) -> Conversation:
    """Search leaves the root out, without which there is no page: one place is kept for it."""
    root_is_settled = call.conversation_id in known.posts or call.conversation_id in known.missing
    room = terms.cap - len(known.posts) - (0 if root_is_settled else 1)
    if call.since_id is not None and room < SEARCH_PAGE[call.archive][0]:
        return Conversation(cut=terms.cut_before)
    return x.search(call, room=room, keep=terms.keep)
