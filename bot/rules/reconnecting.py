"""How long to wait before the stream is opened again. Pure.

docs.x.com/x-api/fundamentals/handling-disconnections: at once after a connection was lost, then by steps; the
constants are X's own.
"""

from __future__ import annotations

NETWORK_STEP, NETWORK_AT_MOST = 0.25, 16.0
HTTP_FIRST, HTTP_AT_MOST = 5.0, 320.0
REFUSED_FIRST, REFUSED_AT_MOST = 60.0, 960.0

NETWORK = frozenset({"x-unreachable", "stream-ended"})

# Of many that lost their connection at one moment, not all come back at one.
JITTER = 0.25


def seconds_until_next(reason: str, failures: int, *, chance: float) -> float:
    """`failures` in a row, the last for this reason; `chance` between 0 and 1."""
    step = max(0, failures - 1)
    if reason in NETWORK:
        wait = min(NETWORK_AT_MOST, NETWORK_STEP * step)
    elif reason == "rate-limited":
        wait = min(REFUSED_AT_MOST, REFUSED_FIRST * 2.0 ** min(step, 10))
    else:
        wait = min(HTTP_AT_MOST, HTTP_FIRST * 2.0 ** min(step, 10))
    return wait * (1 + JITTER * chance)
