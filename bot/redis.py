"""Redis by its address: one server, or the master that Sentinel names at the moment.

redis://host:6379/0    rediss://    unix:///path
sentinel://host:26379;other:26379/0?master=name
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import redis
from redis.sentinel import Sentinel

SENTINEL = "sentinel"
SENTINELS_PORT = 26379
LIKE = "must be such as sentinel://host:26379;other:26379/0?master=name"


@dataclass(frozen=True, slots=True)
class Watched:
    """A master by its name among those who watch it; `login` is `user:password@`, or nothing."""

    sentinels: tuple[tuple[str, int], ...]
    master: str
    db: int
    login: str = ""

    @property
    def for_celery(self) -> str:
        """As kombu writes it; the master's name is an option beside it."""
        return ";".join(f"{SENTINEL}://{self.login}{host}:{port}/{self.db}" for host, port in self.sentinels)


def is_watched(address: str) -> bool:
    return address.startswith(f"{SENTINEL}://")


def watched(address: str) -> Watched:
    """Raises ValueError, with words that say how it is written."""
    parts = urlsplit(address)
    login, at, hosts = parts.netloc.rpartition("@")
    masters = parse_qs(parts.query).get("master", [])
    db = parts.path.strip("/") or "0"
    if not hosts or len(masters) != 1 or not db.isdecimal():
        raise ValueError(LIKE)
    return Watched(tuple(map(_host, hosts.split(";"))), masters[0], int(db), login + at)


def _host(told: str) -> tuple[str, int]:
    parts = urlsplit(f"//{told}")
    if not parts.hostname:
        raise ValueError(LIKE)
    return parts.hostname, parts.port or SENTINELS_PORT


def client(address: str, **options: Any) -> redis.Redis:
    """Opens no connection yet. `options` are redis-py's, time-outs among them."""
    if not is_watched(address):
        return redis.Redis.from_url(address, **options)
    found = watched(address)
    user, password = (urlsplit(f"//{found.login}host").username, urlsplit(f"//{found.login}host").password)
    times = {name: value for name, value in options.items() if name.startswith("socket_")}
    master: redis.Redis = Sentinel(found.sentinels, sentinel_kwargs=times).master_for(  # type: ignore[no-untyped-call]  # redis-py
        found.master, db=found.db, username=user or None, password=password, **options
    )
    return master
