"""X's client against the sandbox, with a meter that remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import fakeredis
import pytest
import redis

from bot.errors import Transient
from bot.x import X
from bot.x.price import Item
from sandbox import broker
from tests.needs import require_broker


@dataclass
class Purse:
    """A meter: what may be spent, what was booked, and what is still reserved."""

    budget: int = 10_000_000
    booked: list[Item] = field(default_factory=list)
    reserved: int = 0

    def affordable(self, wanted: int, *, at_least: int, last: bool = False) -> int:
        granted = min(wanted, self.budget - self.reserved)
        if granted < at_least:
            raise Transient("over-budget")
        self.reserved += granted
        return granted

    def book(self, items: list[Item]) -> None:
        self.booked += items
        self.reserved = 0


@pytest.fixture
def purse() -> Purse:
    return Purse()


@pytest.fixture
def x(house, purse) -> X:
    return X(house.parts.connection, purse, house.world.now)


@pytest.fixture
def impatient(monkeypatch):
    """Reads are not tried again in place."""
    monkeypatch.setattr("bot.x.client.PATIENCE", timedelta())


@pytest.fixture(scope="session")
def real_redis(tmp_path_factory):
    require_broker()
    with broker.serve(tmp_path_factory.mktemp("broker")) as url, redis.Redis.from_url(url) as client:
        yield client


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.broker)])
def client(request):
    if request.param == "fake":
        return fakeredis.FakeRedis()
    real = request.getfixturevalue("real_redis")
    real.flushall()
    return real
