"""Faults to switch on: each is queued for an endpoint, happens `times` times, and is gone.

    world.faults.answer("GET /2/tweets", 503, times=2)
    world.faults.drop_answer_of("POST /2/tweets")

Faults of one endpoint happen in the order they were switched on. They come after authentication and before
the rate limits, so a call that failed by a fault uses up no window.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Literal

from sandbox.endpoints import endpoint_name

EVENT = "an event"
"""Where faults of events are queued: those happen to what X tells, not to what it is asked."""

Kind = Literal[
    "answer",
    "html",
    "rate_limited",
    "cut_before",
    "drop_answer_of",
    "slow",
    "garbage",
    "empty",
    "usage_capped",
    "credits_depleted",
    "not_permitted",
    "lose_event",
    "repeat_event",
    "late_event",
    "forge_event",
]
KINDS: tuple[str, ...] = Kind.__args__  # type: ignore[attr-defined]  # typing has no public name for it


@dataclass
class Fault:
    """`done` says whether the work is done although its answer is spoilt."""

    kind: Kind
    times: int = 1
    status: int = 503
    detail: str = ""
    seconds: float = 0.0
    with_reset: bool = True
    done: bool = False


class Faults:
    def __init__(self) -> None:
        self._queues: defaultdict[str, deque[Fault]] = defaultdict(deque)

    def switch_on(self, endpoint: str, fault: Fault) -> None:
        name = endpoint if endpoint == EVENT else endpoint_name(endpoint)
        self._queues[name].append(fault)

    def answer(self, endpoint: str, status: int, times: int = 1, detail: str = "") -> None:
        """An answer of X's problem kind with this status."""
        self.switch_on(endpoint, Fault("answer", times, status=status, detail=detail))

    def html(self, endpoint: str, times: int = 1, status: int = 503) -> None:
        """An error page in HTML, as X's edge sends when overloaded."""
        self.switch_on(endpoint, Fault("html", times, status=status))

    def rate_limited(
        self, endpoint: str, times: int = 1, *, with_reset: bool = True, seconds: float = 900
    ) -> None:
        """A 429; its reset lies `seconds` ahead, or the header is missing."""
        self.switch_on(endpoint, Fault("rate_limited", times, with_reset=with_reset, seconds=seconds))

    def cut_before(self, endpoint: str, times: int = 1) -> None:
        """The connection is cut and nothing is done."""
        self.switch_on(endpoint, Fault("cut_before", times))

    def drop_answer_of(self, endpoint: str, times: int = 1) -> None:
        """All is done, then the connection is cut before any byte of the answer."""
        self.switch_on(endpoint, Fault("drop_answer_of", times, done=True))

    def slow(self, endpoint: str, seconds: float, times: int = 1) -> None:
        """The work is done at once; its answer comes late."""
        self.switch_on(endpoint, Fault("slow", times, seconds=seconds, done=True))

    def garbage(self, endpoint: str, times: int = 1, *, done: bool = False) -> None:
        """Status 200 (201 for a POST) and a page of HTML."""
        self.switch_on(endpoint, Fault("garbage", times, done=done))

    def empty(self, endpoint: str, times: int = 1, *, done: bool = False) -> None:
        """Status 200 (201 for a POST) and no body."""
        self.switch_on(endpoint, Fault("empty", times, done=done))

    def usage_capped(self, endpoint: str, times: int = 1) -> None:
        """429: the month's cap is reached."""
        self.switch_on(endpoint, Fault("usage_capped", times))

    def credits_depleted(self, endpoint: str, times: int = 1) -> None:
        """402: nothing left to pay with."""
        self.switch_on(endpoint, Fault("credits_depleted", times))

    def not_permitted(self, endpoint: str = "POST /2/tweets", times: int = 1) -> None:
        """403 "You are not permitted to perform this action.": X's catch-all."""
        self.switch_on(endpoint, Fault("not_permitted", times))

    def lose_event(self, times: int = 1) -> None:
        """X tells nobody."""
        self.switch_on(EVENT, Fault("lose_event", times))

    def repeat_event(self, times: int = 1) -> None:
        """X tells it twice."""
        self.switch_on(EVENT, Fault("repeat_event", times))

    def late_event(self, seconds: float, times: int = 1) -> None:
        """The webhook is called later by so much of the world's time; whoever reads the stream is not."""
        self.switch_on(EVENT, Fault("late_event", times, seconds=seconds))

    def forge_event(self, times: int = 1) -> None:
        """The webhook is called with the signature of other words."""
        self.switch_on(EVENT, Fault("forge_event", times))

    def clear(self) -> None:
        self._queues.clear()

    @property
    def pending(self) -> dict[str, list[Fault]]:
        return {endpoint: list(queue) for endpoint, queue in self._queues.items() if queue}

    def take(self, endpoint: str) -> Fault | None:
        """The fault of this call, if one is due."""
        queue = self._queues.get(endpoint)
        if not queue:
            return None
        fault = queue[0]
        fault.times -= 1
        if fault.times <= 0:
            queue.popleft()
        return fault
