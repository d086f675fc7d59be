"""Rate-limit windows, kept for each endpoint and token, and the headers that tell of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sandbox.endpoints import ALLOWANCES, DAY, Allowance, endpoint_name

if TYPE_CHECKING:
    from datetime import datetime

UNLIMITED = 100_000
"""What a header says where X documents no limit."""


@dataclass
class Window:
    limit: int
    seconds: float
    used: int = 0
    ends: float = 0.0

    def roll(self, now: float) -> None:
        if now >= self.ends:
            self.used, self.ends = 0, now + self.seconds

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    def headers(self, prefix: str) -> dict[str, str]:
        return {
            f"{prefix}-limit": str(self.limit),
            f"{prefix}-remaining": str(self.remaining),
            f"{prefix}-reset": str(-int(-self.ends // 1)),
        }


@dataclass(frozen=True)
class Verdict:
    allowed: bool
    headers: dict[str, str]


class Limits:
    """Windows begin with their first call. A refused call uses nothing up."""

    def __init__(self) -> None:
        self._allowances = dict(ALLOWANCES)
        self._windows: dict[tuple[str, str, str], Window] = {}

    def set(
        self,
        endpoint: str,
        *,
        limit: int | None = None,
        seconds: int | None = None,
        per_second: int | None = None,
        per_day: int | None = None,
    ) -> None:
        """Make an endpoint's window smaller or larger, for user and app tokens alike, and begin it anew."""
        name = endpoint_name(endpoint)
        old = self._allowances[name]
        self._allowances[name] = replace(
            old,
            user=old.user if limit is None else limit,
            app=old.app if limit is None else limit,
            seconds=old.seconds if seconds is None else seconds,
            per_second=old.per_second if per_second is None else per_second,
            per_day=old.per_day if per_day is None else per_day,
        )
        self._windows = {key: window for key, window in self._windows.items() if key[0] != name}

    def take(self, endpoint: str, token: str, at: datetime) -> Verdict:
        """Count one call of `token` (`user` or `app`), or refuse it; the headers show which window
        refused.
        """
        now = at.timestamp()
        windows = self._open(endpoint, token, now)
        empty = next((kind for kind, window in windows.items() if window.remaining == 0), None)
        if empty is None:
            for window in windows.values():
                window.used += 1
        shown = windows["second" if empty == "second" else "window"].headers("x-rate-limit")
        if "day" in windows:
            shown |= windows["day"].headers("x-user-limit-24hour")
            shown |= windows["day"].headers("x-app-limit-24hour")
        return Verdict(empty is None, shown)

    def _open(self, endpoint: str, token: str, now: float) -> dict[str, Window]:
        windows = {}
        for kind, (limit, seconds) in _sizes(self._allowances[endpoint], token).items():
            window = self._windows.setdefault((endpoint, token, kind), Window(limit, seconds))
            window.roll(now)
            windows[kind] = window
        return windows


def _sizes(allowance: Allowance, token: str) -> dict[str, tuple[int, float]]:
    limit = allowance.user if token == "user" else allowance.app  # noqa: S105 a kind of token, not a secret
    sizes: dict[str, tuple[int, float]] = {
        "window": (UNLIMITED if limit is None else limit, allowance.seconds),
    }
    if allowance.per_second is not None:
        sizes["second"] = (allowance.per_second, 1)
    if allowance.per_day is not None:
        sizes["day"] = (allowance.per_day, DAY)
    return sizes
