"""What X bills. Micro-dollars throughout: a sum of floats would not add up to the bill.

Prices: docs.x.com/x-api/getting-started/pricing, pay-per-use, read in August 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, Protocol

from bot.settings import Settings

Resource = Literal["post", "user", "mention", "reply", "event"]

PRICES: Mapping[Resource, int] = {
    "post": 5_000,
    "user": 10_000,
    "mention": 1_000,
    "reply": 10_000,
    "event": 5_000,  # a mention that X tells of; deletions are free (x-api/activity/event-pricing)
}
MICRO = 1_000_000


def price_list(settings: Settings) -> Mapping[str, int]:
    """`PRICES`, with those that depend on whose the app is and how X takes a reply with a link."""
    prices: dict[str, int] = dict(PRICES.items())
    prices["mention"] = int(settings.mention_price_usd * MICRO)
    prices["reply"] = int(settings.reply_price_usd * MICRO)
    return prices


# Both dialects' names of what comes by expansion.
EXPANDED: Mapping[Resource, tuple[str, ...]] = {"post": ("tweets", "posts"), "user": ("users",)}


class Item(NamedTuple):
    """One thing that X returned or took, billed once a UTC day however often it comes."""

    resource: Resource
    id: int


class Meter(Protocol):
    """Who pays: books what came, and says no before a read that would pass the day's budget."""

    def affordable(self, wanted: int, *, at_least: int, last: bool = False) -> int:
        """How many micro-dollars of `wanted` may be spent now, reserved until `book`. `last` says that the
        call ends what it is for: nothing has to be kept for what follows.

        Raises Transient `over-budget`, until the next UTC day, where it would be under `at_least`.
        """

    def book(self, items: list[Item]) -> None:
        """Writes down what X billed, once a day for each resource, and frees what was reserved."""


def bill(answer: Mapping[str, Any], *, own_mentions: bool = False) -> list[Item]:
    """The items in an answer: every post and user in `data` or by expansion. Errors and nothing are free."""
    return list(dict.fromkeys(_items(answer, own_mentions=own_mentions)))


def _items(answer: Mapping[str, Any], *, own_mentions: bool) -> Iterator[Item]:
    for item in _listed(answer.get("data")):
        if "username" in item:
            yield Item("user", int(item["id"]))
        else:
            yield Item("mention" if own_mentions else "post", int(item["id"]))
    includes = answer.get("includes")
    for kind, names in EXPANDED.items():
        for name in names:
            for item in _listed(includes.get(name) if isinstance(includes, Mapping) else None):
                yield Item(kind, int(item["id"]))


def _listed(value: Any) -> Iterator[Mapping[str, Any]]:
    """The things with an id; what else an answer may hold is nothing that X could bill."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping) and str(item.get("id")).isdecimal():
            yield item
