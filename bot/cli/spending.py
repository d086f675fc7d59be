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
    made = output.table("day (UTC)", "for", "resource", "count", "dollars")
    for each in bookings:
        made.add_row(
            str(each.day), _payer(each), each.resource, str(each.count), output.dollars(each.micro_usd)
        )
    made.add_row("", "", "", "", output.dollars(sum(each.micro_usd for each in bookings)), style="bold")
    output.console.print(made)


def _payer(booking: Booking) -> str:
    """What the money went into: a job by its number, the looks at the mentions, or reading pages again."""
    if booking.job_id is not None:
        return str(booking.job_id)
    return "recheck" if booking.recheck else "poller"


def _document(bookings: list[Booking], settings: Settings) -> dict[str, Any]:
    days: dict[date, list[Booking]] = defaultdict(list)
    for each in bookings:
        days[each.day].append(each)
    return {
        "daily_budget_usd": float(settings.daily_budget_usd),
        "recheck_budget_usd": float(settings.recheck_budget_usd),
        "total_usd": sum(each.micro_usd for each in bookings) / MICRO,
        "days": [
            {
                "day": str(day),
                "total_usd": sum(each.micro_usd for each in entries) / MICRO,
                "recheck_usd": sum(each.micro_usd for each in entries if each.recheck) / MICRO,
                "entries": [
                    {
                        "job": each.job_id,
                        "for": _payer(each),
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
