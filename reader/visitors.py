"""Who asks, told apart for one day and known to nobody: what limits are counted by.

A visitor is a hash of the address with a salt that is thrown away with its day, so that no list of addresses
is kept anywhere. The salt and the counts lie in Redis, where all processes of the site find them; while Redis
is away each process counts for itself.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TypeVar, cast

import redis
from limits import RateLimitItemPerDay
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import FixedWindowRateLimiter
from pybreaker import CircuitBreaker, CircuitBreakerError
from starlette.requests import Request

from bot.redis import client

T = TypeVar("T")

# A page must not wait for a Redis that does not answer, and asks again after a while.
PATIENCE_SECONDS = 0.5
AWAY_SECONDS = 30

# Longer than the day, so that no clock's error drops a salt that is in use.
SALT_KEPT = timedelta(hours=36)

# A household has this many addresses of IPv6.
HOUSEHOLD = 64


class Visitors:
    """Names visitors, and counts what they take on a UTC day."""

    def __init__(self, redis_url: str, clock: Callable[[], datetime]) -> None:
        times = {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
        self._redis = client(redis_url, **times)
        pool = self._redis.connection_pool
        self._shared = RedisStorage("redis://", connection_pool=pool, key_prefix="unroll:visits")
        self._own = MemoryStorage()
        self._breaker = CircuitBreaker(
            fail_max=1,
            reset_timeout=AWAY_SECONDS,
            exclude=[lambda error: not isinstance(error, redis.RedisError)],
        )
        self._clock = clock
        self._salts: dict[date, bytes] = {}
        self._own_salt = secrets.token_bytes(16)

    def visitor(self, request: Request) -> str:
        """The same for the same address on the same UTC day, another one on the next."""
        return self.known_as(_household(request.client.host if request.client else ""))

    def known_as(self, name: str) -> str:
        """What stands for a name on that day, and tells it to nobody."""
        return hmac.new(self._salt(), name.encode(), hashlib.sha256).hexdigest()[:24]

    def take(self, what: str, visitor: str, *, limit: int, cost: int = 1, once: str = "") -> bool:
        """Counts `cost` against the visitor's `limit` of that day, unless it would pass it: then False.

        What is named by `once` counts only the first time on a day.
        """
        return self._counted(lambda storage: _take(storage, (what, visitor), limit, cost, once))

    def until_tomorrow(self) -> int:
        """Seconds until everybody's counts begin anew."""
        now = self._clock()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return max(1, round((midnight - now).total_seconds()))

    def _counted(self, act: Callable[[Storage], T]) -> T:
        try:
            return self._breaker.call(act, self._shared)
        except CircuitBreakerError:
            return act(self._own)

    def _salt(self) -> bytes:
        today = self._clock().date()
        if today not in self._salts:
            try:
                salt = self._breaker.call(self._shared_salt, today)
            except CircuitBreakerError:
                return hmac.new(self._own_salt, today.isoformat().encode(), hashlib.sha256).digest()
            self._salts = {today: salt}
        return self._salts[today]

    def _shared_salt(self, today: date) -> bytes:
        key = f"unroll:salt:{today.isoformat()}"
        self._redis.set(key, secrets.token_bytes(16), nx=True, ex=SALT_KEPT)
        return cast("bytes", self._redis.get(key))


def _take(storage: Storage, who: tuple[str, str], limit: int, cost: int, once: str) -> bool:
    limiter = FixedWindowRateLimiter(storage)
    counted = RateLimitItemPerDay(1, namespace="once")
    if once and not limiter.test(counted, *who, once):
        return True
    daily = RateLimitItemPerDay(limit, namespace="day")
    # `hit` counts even what it refuses: somebody who asks for too much would be left with nothing.
    if not limiter.test(daily, *who, cost=cost) or not limiter.hit(daily, *who, cost=cost):
        return False
    if once:
        limiter.hit(counted, *who, once)
    return True


def _household(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address.packed, HOUSEHOLD), strict=False))
    return str(address)
