"""X's rate-limit windows, shared by every worker and the poller through Redis.

A call is reserved before it is made, and every answer's headers correct the count. Two Lua scripts keep
both steps atomic; redis-py loads them. Where Redis is away or empty, nobody knows what was used: one call
goes and the others wait until X has answered it, and until then the documented window is the budget.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import redis
import structlog

from bot.errors import Transient
from bot.metrics import WindowLeft
from bot.settings import CONNECT_TIMEOUT, HTTP_TIMEOUT

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Window:
    """`limit` calls in `seconds`, as documented."""

    limit: int
    seconds: float = 900


# The window, then the days that X counts for a user and for the app.
HEADERS = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")

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
# X allows the archive search once a second besides; the margin is for two calls' ways through the network.
PACED = {"GET /2/tweets/search/all": Window(1, 1.1)}

# Without Redis a process cannot see the others: it takes a fraction that three more may take as well.
ALONE = 4

# A call or two of every tick would tell the log.
AWAY_TOLD_EVERY = timedelta(minutes=1)

# Where nobody knows what is left, one call asks and the others come back in a moment. One that is never
# answered has timed out by then.
ASKING = CONNECT_TIMEOUT + HTTP_TIMEOUT + timedelta(seconds=1)
COME_BACK = timedelta(milliseconds=500)

# X tells the end of a window in whole seconds, and its clock is not ours.
LATER = timedelta(seconds=1)

# A 429 without a reset header says nothing of its end; a minute is a fifteenth of X's windows.
UNKNOWN_WINDOW = timedelta(seconds=60)

# `unknown` says that X has not told us of this window, or not since a process `strayed` and made calls that
# Redis does not know of; `asking` until when a call is on its way to hear.
# Then what the caller has `heard` from X itself of the window under way is the most that is left: whoever
# comes adds what they know, before anybody asks.
# What X once said a window holds is kept for a day: the next one holds as much.
ACQUIRE = """
local state = redis.call('HMGET', KEYS[1], 'remaining', 'reset', 'blocked', 'limit', 'unknown', 'asking')
local now, limit, seconds = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local asks, back, strayed = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local heard, ends, closed = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local remaining, reset, blocked = tonumber(state[1]), tonumber(state[2]), tonumber(state[3])
local unknown, asking = state[5], tonumber(state[6])
if blocked and blocked > now then return {0, tostring(blocked)} end
if asks > 0 and (strayed > 0 or not reset) then
  unknown = '1'
  redis.call('HSET', KEYS[1], 'unknown', unknown)
end
if unknown and closed > now then
  redis.call('HSET', KEYS[1], 'blocked', tostring(closed))
  redis.call('EXPIRE', KEYS[1], math.ceil(closed - now) + 86400)
  return {0, tostring(closed)}
end
if not reset or reset <= now then remaining, reset = tonumber(state[4]) or limit, now + seconds end
if unknown and heard >= 0 and heard < remaining then
  remaining, reset = heard, ends
  redis.call('HSET', KEYS[1], 'remaining', remaining, 'reset', tostring(reset))
  redis.call('EXPIRE', KEYS[1], math.ceil(reset - now) + 86400)
end
if remaining <= 0 then return {0, tostring(reset)} end
if unknown then
  if asking and asking > now then return {0, tostring(now + back)} end
  redis.call('HSET', KEYS[1], 'asking', tostring(now + asks))
end
redis.call('HSET', KEYS[1], 'remaining', remaining - 1, 'reset', tostring(reset))
redis.call('EXPIRE', KEYS[1], math.ceil(reset - now) + 86400)
return {1, tostring(reset)}
"""

# What X says of a window that is over says nothing, and one that ends later than ours is a newer one. Else
# the smaller count holds: X does not know of the calls that are on their way. But where X tells for the first
# time that a window holds more than is documented, ours was counted down from too little.
OBSERVE = """
local now, remaining, size = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[5])
local documented = tonumber(ARGV[6])
local reset, blocked = tonumber(ARGV[3]), tonumber(ARGV[4])
local state = redis.call('HMGET', KEYS[1], 'remaining', 'reset', 'blocked', 'limit')
local known, ends, closed = tonumber(state[1]), tonumber(state[2]), tonumber(state[3])
redis.call('HDEL', KEYS[1], 'asking')
if reset > now then
  local same = known and ends and ends > now and reset < ends + 5
  local larger = not state[4] and size > documented
  if same and known < remaining and not larger then remaining = known end
  redis.call('HSET', KEYS[1], 'remaining', remaining, 'reset', tostring(reset))
  redis.call('HDEL', KEYS[1], 'unknown')
end
if size > 0 then redis.call('HSET', KEYS[1], 'limit', size) end
if blocked > math.max(now, closed or 0) then redis.call('HSET', KEYS[1], 'blocked', tostring(blocked)) end
redis.call('EXPIRE', KEYS[1], math.max(1, math.ceil(math.max(reset, blocked, closed or 0) - now)) + 86400)
return 1
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer says of a window: calls left, when they come back, until when none may be made, and how
    many it holds; zeros where it does not say.
    """

    remaining: int = 0
    reset: float = 0.0
    blocked: float = 0.0
    limit: int = 0


@dataclass(slots=True)
class _Share:
    """`heard` is what X told this process was left, less the calls it made since. `asked` says that X has
    told it since Redis went away, `strayed` that it made calls meanwhile.
    """

    used: int = 0
    heard: int | None = None
    left: int | None = None
    limit: int = 0
    reset: float = 0.0
    blocked: float = 0.0
    asking: float = 0.0
    asked: bool = False
    strayed: bool = False


@dataclass(slots=True)
class _Alone:
    """What one process has used of each window, for the time when Redis is away."""

    shares: dict[str, _Share] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, key: str, now: float, reset: float) -> None:
        """A call that Redis granted: it counts here as well."""
        with self.lock:
            share = self._share(key, now)
            share.used, share.reset = share.used + 1, reset
            share.heard = None if share.heard is None else max(0, share.heard - 1)

    def heard(self, key: str, now: float) -> tuple[int, float, float]:
        """What X told this process of the window under way: calls left, -1 where it did not; when it ends;
        and until when there may be none.
        """
        with self.lock:
            share = self._share(key, now)
            return (-1 if share.heard is None else share.heard), share.reset, share.blocked

    def strayed(self, key: str) -> bool:
        """Whether calls were made that Redis does not know of."""
        with self.lock:
            share = self.shares.get(key)
            return share is not None and share.strayed

    def back(self, key: str) -> None:
        """Redis answers, and knows by now that calls were made without it."""
        with self.lock:
            share = self.shares.setdefault(key, _Share())
            share.asking, share.asked, share.strayed = 0.0, False, False

    def observe(self, key: str, told: Told, now: float) -> None:
        with self.lock:
            share = self._share(key, now)
            share.limit = told.limit or share.limit
            share.blocked = max(share.blocked, told.blocked)
            share.asked = share.asking > 0 and told.reset > now
            share.asking = 0.0 if not share.asked else share.asking
            if told.reset > now:
                share.left, share.reset = told.remaining // ALONE, told.reset
                share.heard = told.remaining

    def acquire(self, key: str, window: Window, now: float, *, asks: bool) -> tuple[bool, float]:
        with self.lock:
            share = self._share(key, now)
            if share.blocked > now:
                return False, share.blocked
            if asks and not share.asked and share.asking > now:
                return False, now + COME_BACK.total_seconds()
            share.reset = share.reset or now + window.seconds
            holds = min(share.limit or window.limit, window.limit)
            if share.left == 0 or share.used >= max(1, holds // ALONE):
                return False, share.reset
            if asks and not share.asked:
                share.asking = now + ASKING.total_seconds()
            share.used, share.strayed = share.used + 1, True
            share.heard = None if share.heard is None else max(0, share.heard - 1)
            share.left = None if share.left is None else share.left - 1
            return True, share.reset

    def _share(self, key: str, now: float) -> _Share:
        share = self.shares.setdefault(key, _Share())
        if share.reset <= now:
            share.used, share.left, share.heard, share.reset = 0, None, None, 0.0
        return share


@dataclass(slots=True)
class _Away:
    """Tells the log that Redis is away: at once, then once in a while for as long as it is."""

    again: float = 0.0

    def tell(self, error: redis.RedisError) -> None:
        now = time.monotonic()
        if now >= self.again:
            self.again = now + AWAY_TOLD_EVERY.total_seconds()
            log.warning("limits.redis_away", error=type(error).__name__)

    def over(self) -> None:
        if self.again:
            self.again = 0.0
            log.info("limits.redis_back")


class Limits:
    """The budgets of one X token. `acquire` raises Transient with the time at which the window opens."""

    def __init__(self, client: redis.Redis, token: str) -> None:
        self._token = hashlib.sha256(token.encode()).hexdigest()[:12]
        self._client = client
        self._acquire = client.register_script(ACQUIRE)
        self._observe = client.register_script(OBSERVE)
        self._alone, self._away = _Alone(), _Away()

    def acquire(self, endpoint: str, *, now: datetime) -> None:
        """Takes one call out of the window, and out of the pace where X keeps one."""
        paced = PACED.get(endpoint)
        for window in filter(None, (paced, WINDOWS[endpoint])):
            granted, reset = self._take(endpoint, window, now.timestamp(), asks=window is not paced)
            if not granted:
                opens = max(datetime.fromtimestamp(reset, UTC), now + timedelta(milliseconds=50))
                raise Transient("rate-limited", f"{endpoint} window used up", retry_at=opens, counts=False)

    def observe(self, endpoint: str, headers: Mapping[str, str], *, refused: bool, now: datetime) -> None:
        """Takes over what X says is left; a refusal closes the window until its reset."""
        told = read(headers, refused=refused, now=now) or Told()
        key, at = _key(endpoint, WINDOWS[endpoint]), now.timestamp()
        self._alone.observe(key, told, at)
        try:
            values = [at, told.remaining, told.reset, told.blocked, told.limit, WINDOWS[endpoint].limit]
            self._observe(keys=[self._name(key)], args=values)
        except redis.RedisError as error:
            self._away.tell(error)

    def room(self, endpoint: str, *, now: datetime) -> int | None:
        """How many calls could be made now, as far as is known; None where nobody knows."""
        key, at = self._name(_key(endpoint, WINDOWS[endpoint])), now.timestamp()
        try:
            told = self._client.hmget(key, ["remaining", "reset", "blocked", "limit", "unknown"])
        except redis.RedisError:
            return None
        remaining, reset, blocked, limit, unknown = (None if each is None else float(each) for each in told)
        if blocked is not None and blocked > at:
            return 0
        if reset is None or unknown is not None:
            return None
        if reset > at:
            return int(remaining or 0)
        return None if limit is None else int(limit)

    def left(self, *, now: datetime) -> dict[str, int]:
        """Calls left in the window under way of each endpoint that has one. Raises redis.RedisError."""
        keys = [self._name(_key(endpoint, window)) for endpoint, window in WINDOWS.items()]
        pipe = self._client.pipeline(transaction=False)
        for key in keys:
            pipe.hmget(key, ["remaining", "reset", "blocked"])
        told = zip(WINDOWS, pipe.execute(), strict=True)
        return {
            endpoint: 0 if float(blocked or 0) > now.timestamp() else int(remaining)
            for endpoint, (remaining, reset, blocked) in told
            if remaining is not None and max(float(reset or 0), float(blocked or 0)) > now.timestamp()
        }

    def _take(self, endpoint: str, window: Window, now: float, *, asks: bool) -> tuple[bool, float]:
        key = _key(endpoint, window)
        waits = [ASKING.total_seconds() if asks else 0, COME_BACK.total_seconds()]
        try:
            heard = self._alone.heard(key, now)
            values = [now, window.limit, window.seconds, *waits, int(self._alone.strayed(key)), *heard]
            granted, told = self._acquire(keys=[self._name(key)], args=values)
        except redis.RedisError as error:
            self._away.tell(error)
            return self._alone.acquire(key, window, now, asks=asks)
        self._away.over()
        self._alone.back(key)
        if granted:
            self._alone.note(key, now, float(told))
        return bool(granted), float(told)

    def _name(self, key: str) -> str:
        return f"unroll:window:{self._token}:{key}"


def windows_left(*limits: Limits, now: datetime) -> list[WindowLeft]:
    """Of every endpoint the least that any of these tokens may still call; a window nobody began is whole.

    Empty while Redis is away.
    """
    try:
        told = [each.left(now=now) for each in limits]
    except redis.RedisError:
        return []
    return [
        WindowLeft(
            endpoint,
            min((left[endpoint] for left in told if endpoint in left), default=whole.limit),
            whole.limit,
        )
        for endpoint, whole in WINDOWS.items()
    ]


def read(headers: Mapping[str, str], *, refused: bool, now: datetime) -> Told | None:
    """What an answer's headers say. A used-up day blocks beside the window, a refusal until its reset."""
    window, *days = (_window(headers, name) for name in HEADERS)
    told = [day for day in days if day is not None]
    spent = [day.reset for day in told if day.remaining <= 0]
    if window is None:
        if refused and not spent:
            spent = [(now + UNKNOWN_WINDOW).timestamp()]
        return Told(blocked=max(spent)) if spent else None
    if refused:  # the window that refused may be a shorter one than ours: its size says nothing
        return replace(window, remaining=0, limit=0, blocked=max([window.reset, *spent]))
    remaining = min(each.remaining for each in (window, *told))
    return replace(window, remaining=remaining, blocked=max(spent, default=0.0))


def _window(headers: Mapping[str, str], name: str) -> Told | None:
    try:
        remaining, reset = int(headers[f"{name}-remaining"]), int(headers[f"{name}-reset"])
        size = int(headers.get(f"{name}-limit", 0))
    except (KeyError, ValueError):
        return None
    return Told(max(0, remaining), reset + LATER.total_seconds(), limit=max(0, size))


def _key(endpoint: str, window: Window) -> str:
    return f"{endpoint} {window.seconds:g}"
