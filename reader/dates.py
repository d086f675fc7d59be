"""Moments in words. All in UTC: a page is the same for everybody."""

from __future__ import annotations

from datetime import UTC, datetime

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(moment: datetime) -> str:
    at = moment.astimezone(UTC)
    return f"{at.day} {MONTHS[at.month - 1]} {at.year}"


def month(moment: datetime) -> str:
    at = moment.astimezone(UTC)
    return f"{MONTHS[at.month - 1]} {at.year}"


def short_day(moment: datetime) -> str:
    at = moment.astimezone(UTC)
    return f"{at.day} {MONTHS[at.month - 1][:3]}"


def clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%H:%M")


def full(moment: datetime) -> str:
    return f"{day(moment)}, {clock(moment)} UTC"


def length(milliseconds: int) -> str:
    """A running time: 0:07, 12:30, 1:02:03."""
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
