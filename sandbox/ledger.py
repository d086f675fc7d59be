"""What X would bill. Prices are X's pay-per-use list as of autumn 2026, in micro-dollars.

A resource read twice in one UTC day is billed once; a post read as one's own mention and as a post are two
resources, and so is the event that tells of it (X does not say). Empty answers and failed calls are free.
Whether a summoned reply with a link costs as a reply (0.010) or as a post with a link (0.200) is not settled
in X's documentation: it is a price of its own here, set to the cheaper one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

PRICES = {
    "post_read": 5_000,
    "user_read": 10_000,
    "mention_read": 1_000,
    "mention_event": 5_000,
    "summoned_reply": 10_000,
    "summoned_reply_with_link": 10_000,
    "post": 10_000,
    "post_with_link": 200_000,
}
"""`post`, a post without link and without summons, is not in the facts we have: priced as a reply."""

Resource = tuple[str, str]
"""A kind of `PRICES` and an id."""


@dataclass(frozen=True)
class Call:
    """One answered request. `billed` counts the resources that were new on that day, by kind; `seconds` is
    how long the answer took here, from the moment the request was read.
    """

    endpoint: str
    method: str
    path: str
    query: str
    status: int
    billed: dict[str, int]
    micros: int
    at: datetime
    seconds: float = 0.0


@dataclass
class Ledger:
    """`total` is in US dollars."""

    prices: dict[str, int] = field(default_factory=lambda: dict(PRICES))
    calls: list[Call] = field(default_factory=list)
    by_resource: Counter[str] = field(default_factory=Counter)
    micros: int = 0
    _read: set[tuple[str, Resource]] = field(default_factory=set)

    @property
    def total(self) -> Decimal:
        return Decimal(self.micros) / 1_000_000

    def book(self, resources: Iterable[Resource], at: datetime) -> tuple[dict[str, int], int]:
        """Bill what was not yet billed that day; how many of each kind, and the sum in micro-dollars."""
        day = at.strftime("%Y-%m-%d")
        billed: Counter[str] = Counter()
        for resource in resources:
            if (day, resource) not in self._read:
                self._read.add((day, resource))
                billed[resource[0]] += 1
        micros = sum(self.prices[kind] * count for kind, count in billed.items())
        self.by_resource.update(billed)
        self.micros += micros
        return dict(billed), micros

    def calls_to(self, endpoint: str) -> list[Call]:
        """The answered calls of an endpoint such as `GET /2/tweets`."""
        return [call for call in self.calls if call.endpoint == endpoint]
