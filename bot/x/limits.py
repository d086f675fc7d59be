"""X's rate-limit windows, shared by every worker and the poller through Redis.

A call is reserved before it is made, and every answer's headers correct the count. Two Lua scripts keep
both steps atomic; redis-py loads them. Where Redis is away or empty, the documented window is the budget
until X's next answer tells the truth.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import redis
import structlog

from bot.errors import Transient

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Window:
    """`limit` calls in `seconds`, as documented."""

    limit: int
    seconds: int = 900


# docs.x.com/x-api/fundamentals/rate-limits (August 2026): the smaller of what the user and the app may.
WINDOWS: Mapping[str, Window] = {
    "GET /2/users/:id/mentions": Window(300),
    "GET /2/tweets": Window(3500),
    "GET /2/tweets/search/recent": Window(300),
    "GET /2/tweets/search/all": Window(300),
    "GET /2/users/:id/tweets": Window(900),
    "GET /2/users/me": Window(75),
    "POST /2/tweets": Window(100),
}
# X allows the archive search once a second besides.
PACED = {"GET /2/tweets/search/all": Window(1, 1)}

# Without Redis a process cannot see the others: it takes a fraction that three more may take as well.
ALONE = 4

ACQUIRE = """
local state = redis.call('HMGET', KEYS[1], 'remaining', 'reset', 'blocked')
local now, limit, seconds = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local remaining, reset, blocked = tonumber(state[1]), tonumber(state[2]), tonumber(state[3])
if blocked and blocked > now then return {0, tostring(blocked)} end
if not reset or reset <= now then remaining, reset = limit, now + seconds end
if remaining <= 0 then return {0, tostring(reset)} end
redis.call('HSET', KEYS[1], 'remaining', remaining - 1, 'reset', tostring(reset))
redis.call('EXPIRE', KEYS[1], math.ceil(reset - now) + 60)
return {1, tostring(reset)}
"""

OBSERVE = """
local now, remaining, reset, blocked = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local state = redis.call('HMGET', KEYS[1], 'remaining', 'reset')
local known, until_ = tonumber(state[1]), tonumber(state[2])
if known and until_ and until_ > now and known < remaining then remaining = known end
redis.call('HSET', KEYS[1], 'remaining', remaining, 'reset', tostring(reset))
if blocked == '1' then redis.call('HSET', KEYS[1], 'blocked', tostring(reset)) end
redis.call('EXPIRE', KEYS[1], math.max(1, math.ceil(reset - now)) + 60)
return 1
"""


@dataclass(slots=True)
class _Alone:
    """The windows of one process, while Redis is away."""

    used: dict[str, tuple[int, float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def acquire(self, key: str, window: Window, now: float) -> tuple[bool, float]:
        with self.lock:
            used, reset = self.used.get(key, (0, 0.0))
            if reset <= now:
                used, reset = 0, now + window.seconds
            if used >= max(1, window.limit // ALONE):
                return False, reset
            self.used[key] = (used + 1, reset)
            return True, reset


class Limits:
    """The budgets of one X token. `acquire` raises Transient with the time at which the window opens."""

    def __init__(self, client: redis.Redis, token: str) -> None:
        self._redis = client
        self._token = hashlib.sha256(token.encode()).hexdigest()[:12]
        self._acquire = client.register_script(ACQUIRE)
        self._observe = client.register_script(OBSERVE)
        self._alone = _Alone()

    def acquire(self, endpoint: str, *, now: datetime) -> None:
        windows = [WINDOWS[endpoint], *([PACED[endpoint]] if endpoint in PACED else [])]
        for window in reversed(windows):
            granted, reset = self._take(f"{endpoint} {window.seconds}", window, now.timestamp())
            if not granted:
                opens = max(datetime.fromtimestamp(reset, UTC), now + timedelta(milliseconds=50))
                raise Transient("rate-limited", f"{endpoint} window used up", retry_at=opens, counts=False)

    def observe(self, endpoint: str, headers: Mapping[str, str], *, refused: bool, now: datetime) -> None:
        """Takes over what X says is left; a refusal closes the window until its reset."""
        told = _window(headers)
        if told is None:
            return
        remaining, reset = told
        key = self._key(f"{endpoint} {WINDOWS[endpoint].seconds}")
        try:
            blocked = "1" if refused else "0"
            self._observe(keys=[key], args=[now.timestamp(), 0 if refused else remaining, reset, blocked])
        except redis.RedisError as error:
            log.warning("limits.redis_away", error=type(error).__name__)

    def _take(self, name: str, window: Window, now: float) -> tuple[bool, float]:
        try:
            granted, reset = self._acquire(keys=[self._key(name)], args=[now, window.limit, window.seconds])
            return bool(granted), float(reset)
        except redis.RedisError as error:
            log.warning("limits.redis_away", error=type(error).__name__)
            return self._alone.acquire(name, window, now)

    def _key(self, name: str) -> str:
        return f"unroll:window:{self._token}:{name}"


def _window(headers: Mapping[str, str]) -> tuple[int, float] | None:
    """Calls left and the time they come back; a used-up day counts before an open window."""
    told: list[tuple[int, float]] = []
    for name in ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour"):
        try:
            told.append((int(headers[f"{name}-remaining"]), float(headers[f"{name}-reset"])))
        except (KeyError, ValueError):
            continue
    spent = [window for window in told if window[0] <= 0]
    return max(spent, key=lambda window: window[1]) if spent else next(iter(told), None)
