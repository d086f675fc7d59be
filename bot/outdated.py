"""A .venv that is older than requirements.lock: after a `git pull` that brought a library, or a newer one."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"
READY = Path(sys.prefix) / ".ready"  # where `make` made this .venv by the lock
OURS = frozenset({"bot", "workers", "reader", "sandbox"})

OLDER = "this .venv is older than requirements.lock"
UPGRADE = "run `make upgrade`"

PIN = re.compile(r"^(\w.+?)(?: \\)?$", re.MULTILINE)


def made_by_lock() -> bool:
    return READY.exists() and LOCK.exists()


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Around what imports libraries: ends the process with 1 where `make upgrade` brings a missing one."""
    try:
        yield
    except ModuleNotFoundError as error:
        if not made_by_lock() or error.name is None or error.name.split(".")[0] in OURS:
            raise
        sys.exit(f"unroll: no module named {error.name}: {OLDER}: {UPGRADE}")


def differing(lock: str) -> list[str]:
    """What the lock's text pins and this Python has not, or has in another version: some words for each."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - only the doctor asks, and not at a start
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    there = {canonicalize_name(each.name): each.version for each in distributions()}
    pins = [pin for pin in map(Requirement, PIN.findall(lock)) if not pin.marker or pin.marker.evaluate()]
    found = [(pin, there.get(canonicalize_name(pin.name))) for pin in pins]
    return [
        f"{pin.name} {version or 'missing'} instead of {str(pin.specifier).removeprefix('==')}"
        for pin, version in found
        if version is None or not pin.specifier.contains(version, prereleases=True)
    ]
