"""A circuit for each endpoint of X, shared by every worker and the poller through Redis, beside the windows.

The rules are pure and the state is a document that is changed only by whoever has seen its last version
(WATCH), so that of many that race one tries. Not in the windows' scripts: a window is a token's, an outage
everybody's. Not pybreaker: it lets one try for each process, holds a lock through the call, and its rests
do not grow. Where Redis is away each process keeps circuits of its own.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import redis
import structlog
from pydantic import TypeAdapter
from redis.client import Pipeline

from bot.errors import Transient, UnrollError
from bot.rules.circuit import AFTER_THE_OTHERS, CLOSED, Circuit, answered, entered, failed, withdrawn
from bot.x.limits import ASKING, WINDOWS

log = structlog.get_logger()

# What X's servers, or the way there, are to blame for. Whatever else X says, it has answered.
TROUBLE = frozenset({"x-down", "x-unreachable", "x-unreadable"})

# One tries: the others come back when it should know, and do not hold a worker meanwhile.
COME_BACK = timedelta(seconds=3)

# Nothing is kept for longer than it is of use; and a Redis that does not answer is not asked at each call.
KEPT_SECONDS = 24 * 3600
AWAY_SECONDS = 5

# A circuit that was whole is taken for whole this long without another look: a busy worker would ask Redis
# thousands of times an hour for nothing, and what others have met since costs at most a few calls more.
WHOLE_SECONDS = 0.25

STATES: TypeAdapter[Circuit] = TypeAdapter(Circuit)

Step = Callable[[Circuit], Circuit]


@dataclass
class Call:
    """A call that was let through. Tell it how it ended; one that says nothing was not made."""

    circuits: Circuits
    endpoint: str
    clock: Callable[[], datetime]
    name: str
    told: bool = False
    found_closed: bool = False

    def answered(self) -> None:
        """Where nothing had failed when the call began, its answer changes nothing."""
        self.told = True
        if self.found_closed:
            return
        before, after = self.circuits.change(self.endpoint, lambda circuit: answered(circuit, self.name))
        if before.open and not after.open:
            log.info(
                "x.circuit_closed", endpoint=self.endpoint, rests=before.rests, since=_time(before.since)
            )

    def failed(self, error: UnrollError) -> UnrollError:
        """What is to be raised: while the endpoint rests, its failures are no job's own, but for a day at
        most, and who has tried comes after the others.
        """
        if not isinstance(error, Transient) or error.reason not in TROUBLE:
            self.answered()
            return error
        self.told = True
        now, chance = self.clock(), random.random()
        before, after = self.circuits.change(
            self.endpoint, lambda circuit: failed(circuit, self.name, error.reason, now=now, chance=chance)
        )
        if not after.open:
            return error
        if before != after:
            log.error(
                "x.circuit_opened",
                endpoint=self.endpoint,
                reason=error.reason,
                since=_time(after.since),
                until=_time(after.until),
                rests=after.rests,
            )
        tried = before.trying == self.name
        until = after.until or now
        return Transient(
            error.reason,
            error.detail,
            retry_at=until + AFTER_THE_OTHERS if tried else until,
            may_have_landed=error.may_have_landed,
            counts=tried and not after.excuses(now),
        )

    def withdraw(self) -> None:
        self.circuits.change(self.endpoint, lambda circuit: withdrawn(circuit, self.name, now=self.clock()))


class Circuits:
    """Every endpoint's."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._own: dict[str, Circuit] = {}
        self._lock = threading.Lock()
        self._ask_again = 0.0
        self._whole_until: dict[str, float] = {}

    @contextmanager
    def call(self, endpoint: str, clock: Callable[[], datetime]) -> Iterator[Call]:
        """Around a call. Raises Transient while the endpoint rests, or while another call tries."""
        call = Call(self, endpoint, clock, secrets.token_hex(8))
        self._enter(call, clock())
        try:
            yield call
        finally:
            if not call.told:
                call.withdraw()

    def all(self) -> dict[str, Circuit]:
        """How each endpoint's stands."""
        return {endpoint: self.change(endpoint, lambda circuit: circuit)[1] for endpoint in WINDOWS}

    def change(self, endpoint: str, step: Step) -> tuple[Circuit, Circuit]:
        """Before and after. `step` may be taken more than once."""
        self._whole_until.pop(endpoint, None)
        if time.monotonic() >= self._ask_again:
            try:
                return self._change_shared(endpoint, step)
            except redis.RedisError:  # the windows' next call tells the log
                self._ask_again = time.monotonic() + AWAY_SECONDS
        with self._lock:
            before = self._own.get(endpoint, CLOSED)
            after = self._own[endpoint] = step(before)
            return before, after

    def _enter(self, call: Call, now: datetime) -> None:
        if time.monotonic() < self._whole_until.get(call.endpoint, 0.0):
            call.found_closed = True
            return
        _, circuit = self.change(
            call.endpoint, lambda circuit: entered(circuit, call.name, now=now, within=ASKING)
        )
        call.found_closed = circuit == CLOSED
        if call.found_closed:
            self._whole_until[call.endpoint] = time.monotonic() + WHOLE_SECONDS
        if not circuit.open or circuit.trying == call.name:
            return
        until = now + COME_BACK if circuit.trying else circuit.until
        raise Transient(circuit.reason, f"{call.endpoint} rests", retry_at=until, counts=False)

    def _change_shared(self, endpoint: str, step: Step) -> tuple[Circuit, Circuit]:
        """Most calls change nothing, and then one look is enough."""
        key = f"unroll:circuit:{endpoint}"
        seen = _circuit(cast("bytes | None", self._client.get(key)))
        if step(seen) == seen:
            return seen, seen

        def within(pipe: Pipeline) -> tuple[Circuit, Circuit]:
            before = _circuit(cast("bytes | None", pipe.get(key)))
            after = step(before)
            pipe.multi()
            if after != before:
                pipe.set(key, STATES.dump_json(after), ex=KEPT_SECONDS)
            return before, after

        return cast(
            "tuple[Circuit, Circuit]",
            self._client.transaction(within, key, value_from_callable=True),  # type: ignore[arg-type]
        )


def _circuit(kept: bytes | None) -> Circuit:
    return CLOSED if kept is None else STATES.validate_json(kept)


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
