"""What happens in another thread or process is waited for, and not for good."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(true: Callable[[], object], within: float = 20) -> None:
    """Seconds."""
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)
