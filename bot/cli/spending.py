"""`unroll spend`."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from bot.cli import output
from bot.settings import Settings
from bot.store import Store
from bot.store.spend import Booking
from bot.x.price import MICRO


def show_spend(store: Store, since: date, settings: Settings, *, as_json: bool) -> None:
    bookings = store.spend.bookings(since=since)
    if as_json:
        output.document(_document(bookings, settings))
        return
    made = output.table("day (UTC)", "job", "resource", "count", "dollars")
    for each in bookings:
        job = "poller" if each.job_id is None else str(each.job_id)
        made.add_row(str(each.day), job, each.resource, str(each.count), output.dollars(each.micro_usd))
    made.add_row("", "", "", "", output.dollars(sum(each.micro_usd for each in bookings)), style="bold")
    output.console.print(made)


def _document(bookings: list[Booking], settings: Settings) -> dict[str, Any]:
    days: dict[date, list[Booking]] = defaultdict(list)
    for each in bookings:
        days[each.day].append(each)
    return {
        "daily_budget_usd": float(settings.daily_budget_usd),
        "total_usd": sum(each.micro_usd for each in bookings) / MICRO,
        "days": [
            {
                "day": str(day),
                "total_usd": sum(each.micro_usd for each in entries) / MICRO,
                "entries": [
                    {
                        "job": each.job_id,
                        "resource": each.resource,
                        "count": each.count,
                        "usd": each.micro_usd / MICRO,
                    }
                    for each in entries
                ],
            }
            for day, entries in days.items()
        ],
    }
