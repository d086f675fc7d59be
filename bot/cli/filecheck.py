"""The doctor's look at SQLite: whether one file is still enough."""

from __future__ import annotations

from datetime import datetime

from bot.cli.findings import Finding, warning
from bot.store import Store
from bot.store.strain import Strain, strain

GIB = 1024**3

# A copy of more takes minutes, and so does each backup.
LARGE = 5 * GIB
# More than one every two seconds, and rushes bring ten times that.
MANY_JOBS = 50_000
# Somebody waited noticeably every quarter of an hour.
MANY_WAITS = 100

MOVE = "PostgreSQL takes more: `unroll db move --to postgresql://...` (README, From SQLite to PostgreSQL)"


def file_is_enough(store: Store, now: datetime) -> Finding | str:
    return judge_strain(strain(store.database, now))


def judge_strain(found: Strain) -> Finding | str:
    waited = f"{found.waits:,} long waits for its lock today"
    if found.waits:
        waited += f", {found.waited.total_seconds():.1f} s together"
    figures = f"{found.size / 1024**2:,.0f} MiB, {found.jobs:,} jobs within a day, {waited}"
    if len(found.hosts) > 1:
        hosts = ", ".join(sorted(found.hosts))
        return warning(f"{figures}; worked on from {hosts}: a file is for one machine", MOVE)
    if found.size > LARGE or found.jobs > MANY_JOBS or found.waits > MANY_WAITS:
        return warning(f"{figures}: more than one file is good for", MOVE)
    return figures
