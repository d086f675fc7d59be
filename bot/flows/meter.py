"""Who pays for a call: one job, within the day's budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from bot.errors import Transient
from bot.settings import Settings
from bot.store import Store
from bot.x.price import MICRO, PRICES, Item


@dataclass
class JobMeter:
    """Books for one job; for the poller where `job_id` is None. See `bot.x.price.Meter`."""

    store: Store
    settings: Settings
    clock: Callable[[], datetime]
    job_id: int | None = None
    _reserved: list[str] = field(default_factory=list)

    def affordable(self, wanted: int, *, at_least: int) -> int:
        now = self.clock()
        budget = int(self.settings.daily_budget_usd * MICRO)
        reservation = self.store.spend.reserve(wanted, at_least=at_least, budget=budget, now=now)
        if reservation is None:
            raise Transient(
                "over-budget",
                f"DAILY_BUDGET_USD={self.settings.daily_budget_usd} leaves nothing for this until 00:00 UTC",
                retry_at=next_day(now),
                counts=False,
            )
        key, granted = reservation
        self._reserved.append(key)
        return granted

    def book(self, items: list[Item]) -> None:
        prices: dict[str, int] = dict(PRICES.items())
        prices["reply"] = int(self.settings.reply_price_usd * MICRO)
        if items:
            pairs = [(item.resource, item.id) for item in items]
            self.store.spend.book(pairs, prices=prices, job_id=self.job_id, now=self.clock())
        while self._reserved:
            self.store.spend.release(self._reserved.pop())


def next_day(now: datetime) -> datetime:
    """The start of the next UTC day, when the budget and X's billing day begin anew."""
    return datetime.combine(now.date() + timedelta(days=1), time.min, UTC)
