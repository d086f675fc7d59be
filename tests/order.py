"""Which tests begin first: one of many seconds that comes last is waited for while the other core idles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

# What takes longest, from long to short; neighbours go to different workers. Some start many processes,
# others keep one busy: of the former, only some are at work at once.
LONG = (
    "tests/demo/test_hosts.py",
    "tests/flows/test_command_crashes.py",
    "tests/deploy/test_compose.py",
    "tests/demo/test_demo.py",
    "tests/flows/test_crashes.py",
    "tests/deploy/test_under_systemd.py",
    "tests/demo/test_from_keys.py",
    "tests/flows/test_rates.py",
    "tests/workers/test_rabbitmq.py",
    "tests/workers/test_poison.py",
    "tests/flows/test_leases.py",
    "tests/flows/test_outages.py",
    "tests/reader/test_forms.py",
    "tests/mail/test_browser.py",
)

T = TypeVar("T")


def long_first(items: Sequence[T], files: Sequence[str], workers: int) -> list[T]:
    """`files` names the file of each item. xdist's worksteal cuts the list into as many pieces as there are
    workers, and each begins at the front of its own.
    """
    piles: list[list[T]] = [[] for _ in range(workers)]
    for number, name in enumerate(LONG):
        piles[number % workers] += [item for item, file in zip(items, files, strict=True) if file == name]
    others = [item for item, file in zip(items, files, strict=True) if file not in LONG]
    ordered: list[T] = []
    for number, pile in enumerate(piles):
        size = (len(items) - len(ordered)) // (workers - number)
        share = max(0, size - len(pile))
        ordered += pile + others[:share]
        del others[:share]
    return ordered + others
