"""Who pays for a call: a job within the day's budget, or the looking again within a part of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from bot.errors import Permanent, Transient
from bot.settings import Settings
from bot.store import Store
from bot.store.spend import Reserved, utc_day
from bot.x.price import MICRO, PRICES, Item, price_list


@dataclass
class JobMeter:
    """Books for one job; for the poller where `job_id` is None. See `bot.x.price.Meter`.

    What a visitor of the site asked for has a part of the day's budget to itself, so that visitors cannot
    spend what those who mention the bot wait for.

    `ahead` is what a job needs to come to its end once its thread is bought, in micro-dollars. It is set
    aside with the first read, as far as it is there, and stays so until it is spent or the job ends with
    `close`: whoever paid for a thread can answer with it, and what follows asks the database for no money.
    """

    store: Store
    settings: Settings
    clock: Callable[[], datetime]
    job_id: int | None = None
    from_site: bool = False
    ahead: int = 0
    _reserved: Reserved | None = None
    _keep: int = 0

    def affordable(self, wanted: int, *, at_least: int, last: bool = False) -> int:
        now = self.clock()
        self._keep = 0 if last else self.ahead
        if self._reserved is not None and self._reserved.micro_usd >= wanted and self._reserved.lasts(now):
            return wanted
        self.close()
        budget = int(self.settings.daily_budget_usd * MICRO)
        waits = _over_budget("DAILY_BUDGET_USD", self.settings.daily_budget_usd, now)
        if self.from_site:
            spend, day = self.store.spend, utc_day(now)
            left = int(self.settings.site_budget_usd * MICRO) - spend.spent_for_site(day)
            if left < at_least:
                waits = _over_budget("SITE_BUDGET_USD", self.settings.site_budget_usd, now)
            budget = min(budget, spend.spent(day) + left)
        reserved = self.store.spend.reserve(wanted + self._keep, at_least=at_least, budget=budget, now=now)
        if reserved is None:
            if self.job_id is not None and self.settings.over_budget == "refuse":
                raise Permanent(waits.reason, waits.detail)
            raise waits
        self._reserved = reserved
        return min(wanted, max(at_least, reserved.micro_usd - self._keep))

    def book(self, items: list[Item]) -> None:
        _, self._reserved = self.store.spend.book(
            items,
            prices=price_list(self.settings),
            job_id=self.job_id,
            now=self.clock(),
            reserved=self._reserved,
            keep=self._keep,
        )

    def close(self) -> None:
        """Nothing that was set aside is needed."""
        if self._reserved is not None:
            self._reserved = self.store.spend.release(self._reserved, now=self.clock())


@dataclass
class RecheckMeter:
    """Books what reading saved posts again costs: out of its own daily budget, inside that of the day.

    `posts` is how many of the next call X has not billed yet today; the rest of it is free.
    """

    store: Store
    settings: Settings
    clock: Callable[[], datetime]
    posts: int = 0
    _reserved: Reserved | None = None

    def left(self) -> int:
        """How many posts may still be paid for today."""
        day = utc_day(self.clock())
        spend = self.store.spend
        own = int(self.settings.recheck_budget_usd * MICRO) - spend.spent_on_rechecks(day)
        all_of_it = int(self.settings.daily_budget_usd * MICRO) - spend.spent(day)
        return max(0, min(own, all_of_it) // PRICES["post"])

    def affordable(self, wanted: int, *, at_least: int, last: bool = False) -> int:  # noqa: ARG002 - asked for the dearest case
        cost = self.posts * PRICES["post"]
        if cost:
            now = self.clock()
            if self.posts > self.left():
                raise _over_budget("RECHECK_BUDGET_USD", self.settings.recheck_budget_usd, now)
            budget = int(self.settings.daily_budget_usd * MICRO)
            self._reserved = self.store.spend.reserve(cost, at_least=cost, budget=budget, now=now)
            if self._reserved is None:
                raise _over_budget("DAILY_BUDGET_USD", self.settings.daily_budget_usd, now)
        return cost

    def book(self, items: list[Item]) -> None:
        _, self._reserved = self.store.spend.book(
            items,
            prices=price_list(self.settings),
            job_id=None,
            now=self.clock(),
            recheck=True,
            reserved=self._reserved,
        )


def _over_budget(setting: str, dollars: Decimal, now: datetime) -> Transient:
    detail = f"{setting}={dollars} leaves nothing for this until 00:00 UTC"
    return Transient("over-budget", detail, retry_at=next_day(now), counts=False)


def next_day(now: datetime) -> datetime:
    """The start of the next UTC day, when the budget and X's billing day begin anew."""
    return datetime.combine(now.date() + timedelta(days=1), time.min, UTC)
