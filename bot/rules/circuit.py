"""When an endpoint of X is left alone for a while, and how it is tried again. Pure.

    closed -- failures in a row --> open: it rests -- over --> one call tries -- X answers --> closed
                                         ^                           |
                                         +-- longer -- it fails -----+

An endpoint that fails for everybody is no job's fault, and to ask it again and again helps nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

# How often, and why: a hiccup is over before the fifth call, and a job gives up only after more failures
# than that. X's outages last from seconds to an hour: five minutes are not long after one.
FAILURES_IN_A_ROW = 5
FIRST_REST = timedelta(seconds=10)
LONGEST_REST = timedelta(minutes=5)

# Who has tried in vain lets others try next: it may have been their request that X stumbles over.
AFTER_THE_OTHERS = timedelta(minutes=1)

# No outage of X lasts for a day: what still fails then, with no other call that gets through, is counted
# against the jobs that try, so that a request on which X breaks each time comes to an end.
LONGEST_OUTAGE = timedelta(days=1)

# Failures further apart than this have nothing to do with each other.
REMEMBERED_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Circuit:
    """Of one endpoint. `failures` in a row, the last `failed_at`. Open `since` then, where that is set: no
    call before `until`, except the one that tries, by its name. `rests` is how many there were.
    """

    failures: int = 0
    failed_at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    rests: int = 0
    trying: str | None = None
    reason: str = ""

    @property
    def open(self) -> bool:
        return self.since is not None

    def excuses(self, now: datetime) -> bool:
        """Whether X is to blame for a call that fails now, and no job."""
        return self.since is not None and now - self.since < LONGEST_OUTAGE

    def rests_at(self, now: datetime) -> bool:
        """A rest that ends later than one can was written before a clock was set back."""
        return self.until is not None and now < self.until <= now + LONGEST_REST


CLOSED = Circuit()


def entered(circuit: Circuit, call: str, *, now: datetime, within: timedelta) -> Circuit:
    """What holds when a call wants to be made. Of an open circuit whose rest is over it is the one that
    tries, and is given up for lost `within` that time; else the circuit stays as it is.
    """
    if not circuit.open or circuit.rests_at(now):
        return circuit
    return replace(circuit, trying=call, until=now + within)


def failed(circuit: Circuit, call: str, reason: str, *, now: datetime, chance: float) -> Circuit:
    """After a call that X did not answer well; `chance`, 0 to 1, is the jitter of the rest.

    Calls that were on their way when the circuit opened tell nothing new.
    """
    if circuit.open:
        return _resting(circuit, reason, now, chance) if circuit.trying == call else circuit
    recent = circuit.failed_at is not None and abs(now - circuit.failed_at) <= REMEMBERED_FOR
    counted = replace(circuit, failures=circuit.failures + 1 if recent else 1, failed_at=now)
    if counted.failures < FAILURES_IN_A_ROW:
        return counted
    return _resting(replace(counted, since=now), reason, now, chance)


def answered(circuit: Circuit, call: str) -> Circuit:
    """After a call that X answered, with whatever words."""
    return CLOSED if not circuit.open or circuit.trying == call else circuit


def withdrawn(circuit: Circuit, call: str, *, now: datetime) -> Circuit:
    """The call was not made after all: another may try."""
    return replace(circuit, trying=None, until=now) if circuit.trying == call else circuit


def _resting(circuit: Circuit, reason: str, now: datetime, chance: float) -> Circuit:
    """A rest of half its length at least: jitter must not make it none."""
    rest = FIRST_REST
    for _ in range(circuit.rests):
        rest = min(LONGEST_REST, rest * 2)
    until = now + rest * (1 + chance) / 2
    return replace(circuit, until=until, rests=circuit.rests + 1, trying=None, failed_at=now, reason=reason)
