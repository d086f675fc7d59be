"""Who pays for a call: a job within the day's budget, or the looking again within a part of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from bot.errors import Permanent, Transient
from bot.settings import Settings
from bot.store import Store
from bot.store.spend import utc_day
from bot.x.price import MICRO, PRICES, Item


@dataclass
class JobMeter:
    """Books for one job; for the poller where `job_id` is None. See `bot.x.price.Meter`.

    What a visitor of the site asked for has a part of the day's budget to itself, so that visitors cannot
    spend what those who mention the bot wait for.
    """

    store: Store
    settings: Settings
    clock: Callable[[], datetime]
    job_id: int | None = None
    from_site: bool = False
    _reserved: list[str] = field(default_factory=list)

    def affordable(self, wanted: int, *, at_least: int) -> int:
        now = self.clock()
        budget = int(self.settings.daily_budget_usd * MICRO)
        waits = _over_budget("DAILY_BUDGET_USD", self.settings.daily_budget_usd, now)
        if self.from_site:
            spend, day = self.store.spend, utc_day(now)
            left = int(self.settings.site_budget_usd * MICRO) - spend.spent_for_site(day)
            if left < at_least:
                waits = _over_budget("SITE_BUDGET_USD", self.settings.site_budget_usd, now)
            budget = min(budget, spend.spent(day) + left)
        reservation = self.store.spend.reserve(wanted, at_least=at_least, budget=budget, now=now)
        if reservation is None:
            if self.job_id is not None and self.settings.over_budget == "refuse":
                raise Permanent(waits.reason, waits.detail)
            raise waits
        key, granted = reservation
        self._reserved.append(key)
        return granted

    def book(self, items: list[Item]) -> None:
        prices: dict[str, int] = dict(PRICES.items())
        prices["reply"] = int(self.settings.reply_price_usd * MICRO)
        prices["mention"] = int(self.settings.mention_price_usd * MICRO)
        _book(self.store, items, self._reserved, prices=prices, job_id=self.job_id, now=self.clock())


@dataclass
class RecheckMeter:
    """Books what reading saved posts again costs: out of its own daily budget, inside that of the day.

    `posts` is how many of the next call X has not billed yet today; the rest of it is free.
    """

    store: Store
    settings: Settings
    clock: Callable[[], datetime]
    posts: int = 0
    _reserved: list[str] = field(default_factory=list)

    def left(self) -> int:
        """How many posts may still be paid for today."""
        day = utc_day(self.clock())
        spend = self.store.spend
        own = int(self.settings.recheck_budget_usd * MICRO) - spend.spent_on_rechecks(day)
        all_of_it = int(self.settings.daily_budget_usd * MICRO) - spend.spent(day)
        return max(0, min(own, all_of_it) // PRICES["post"])

    def affordable(self, wanted: int, *, at_least: int) -> int:  # noqa: ARG002 - asked for the dearest case
        cost = self.posts * PRICES["post"]
        if cost:
            now = self.clock()
            if self.posts > self.left():
                raise _over_budget("RECHECK_BUDGET_USD", self.settings.recheck_budget_usd, now)
            budget = int(self.settings.daily_budget_usd * MICRO)
            reservation = self.store.spend.reserve(cost, at_least=cost, budget=budget, now=now)
            if reservation is None:
                raise _over_budget("DAILY_BUDGET_USD", self.settings.daily_budget_usd, now)
            self._reserved.append(reservation[0])
        return cost

    def book(self, items: list[Item]) -> None:
        prices: dict[str, int] = dict(PRICES.items())
        _book(self.store, items, self._reserved, prices=prices, job_id=None, now=self.clock(), recheck=True)


def _book(store: Store, items: list[Item], reserved: list[str], *, now: datetime, **paid: Any) -> None:
    """And what was set aside for it is free again."""
    if items:
        pairs = [(item.resource, item.id) for item in items]
        store.spend.book(pairs, now=now, reserved=reserved, **paid)
    elif reserved:
        store.spend.release(*reserved, now=now)
    reserved.clear()


def _over_budget(setting: str, dollars: Decimal, now: datetime) -> Transient:
    detail = f"{setting}={dollars} leaves nothing for this until 00:00 UTC"
    return Transient("over-budget", detail, retry_at=next_day(now), counts=False)


def next_day(now: datetime) -> datetime:
    """The start of the next UTC day, when the budget and X's billing day begin anew."""
    return datetime.combine(now.date() + timedelta(days=1), time.min, UTC)
