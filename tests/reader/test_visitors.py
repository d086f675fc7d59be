"""Limits by visitor: who is told apart, what counts, and what becomes of them while Redis is away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import redis
from starlette.requests import Request

from bot.settings import BadSettings, load
from reader.app import create_app
from reader.visitors import Visitors
from sandbox import broker
from tests.needs import require_broker
from tests.reader.conftest import Visitor
from tests.reader.fakes import FakeSaved, FakeSettings, post, thread

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
AWAY = "redis://127.0.0.1:1/0"


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def asking(host: str) -> Request:
    return Request({"type": "http", "headers": [], "client": (host, 1)})


def test_a_visitor_is_the_same_for_a_day_and_never_the_address(clock):
    visitors = Visitors(AWAY, clock)
    name = visitors.visitor(asking("198.51.100.7"))
    assert name == visitors.visitor(asking("198.51.100.7"))
    assert name != visitors.visitor(asking("198.51.100.8"))
    assert "198" not in name
    clock.now += timedelta(days=1)
    assert name != visitors.visitor(asking("198.51.100.7"))


def test_a_household_is_one_visitor(clock):
    visitors = Visitors(AWAY, clock)
    one, other, neighbour = ("2001:db8:0:1::5", "2001:db8:0:1:ffff::9", "2001:db8:0:2::5")
    assert visitors.visitor(asking(one)) == visitors.visitor(asking(other))
    assert visitors.visitor(asking(one)) != visitors.visitor(asking(neighbour))
    assert visitors.visitor(asking("::ffff:198.51.100.7")) == visitors.visitor(asking("198.51.100.7"))


def test_what_is_refused_uses_nothing_up(clock):
    visitors = Visitors(AWAY, clock)
    assert visitors.take("posts", "ann", limit=10, cost=6)
    assert not visitors.take("posts", "ann", limit=10, cost=6)
    assert visitors.take("posts", "ann", limit=10, cost=4)
    assert visitors.take("posts", "ben", limit=10, cost=10)
    assert visitors.take("asks", "ann", limit=1)


def test_what_counts_once_does(clock):
    visitors = Visitors(AWAY, clock)
    assert all(visitors.take("posts", "ann", limit=10, cost=10, once="1001") for _ in range(3))
    assert not visitors.take("posts", "ann", limit=10, once="1002")


def test_counts_begin_anew_at_midnight(clock):
    assert Visitors(AWAY, clock).until_tomorrow() == 12 * 3600


@pytest.mark.broker
def test_processes_count_together_on_redis_and_go_on_without_it(clock, tmp_path):
    require_broker()
    with broker.serve(tmp_path) as url:
        one, other = Visitors(url, clock), Visitors(url, clock)
        ann = one.visitor(asking("198.51.100.7"))
        assert ann == other.visitor(asking("198.51.100.7"))
        assert one.take("posts", ann, limit=10, cost=10, once="1001")
        assert not other.take("posts", ann, limit=10)
        assert other.take("posts", ann, limit=10, cost=10, once="1001")
        with redis.Redis.from_url(url) as client:
            kept = b" ".join(client.keys("*"))
            assert ann.encode() in kept
            assert b"198.51.100.7" not in kept
            assert all(0 < client.ttl(key) <= 36 * 3600 for key in client.keys("*"))
    assert one.take("posts", ann, limit=10)


@pytest.fixture
def tight(store, tmp_path) -> Visitor:
    """A site where one visitor may take three posts a day."""
    for start in (0, 100):
        store.threads.save(FakeSaved(thread(post(start + 1, "One"), post(start + 2, "Two"))))
    return Visitor(create_app(store, FakeSettings(tmp_path, export_posts_per_day=3)))


def test_a_visitor_takes_so_many_posts_a_day_and_reads_on(tight):
    assert [tight.get(f"/thread/1001.{form}").status_code for form in ("json", "md", "txt")] == [200] * 3
    refused = tight.get("/thread/1101.json")
    assert refused.status_code == 429
    assert refused.headers["cache-control"] == "no-store"
    assert 0 < int(refused.headers["retry-after"]) <= 86400
    assert tight.get("/thread/1101").status_code == 200
    assert tight.get("/thread/1001.json").status_code == 200


def test_whom_a_trusted_proxy_names_is_the_visitor(tight):
    def ask(thread: int, forwarded: str) -> int:
        return tight.get(f"/thread/{thread}.json", headers={"X-Forwarded-For": forwarded}).status_code

    assert ask(1001, "198.51.100.7") == 200
    assert ask(1101, "198.51.100.8") == 200
    assert ask(1101, "198.51.100.7") == 429
    assert ask(1101, "203.0.113.9, 198.51.100.7") == 429, "what the visitor says is no proxy's word"


def test_nobody_else_is_believed(store, tmp_path):
    for start in (0, 100):
        store.threads.save(FakeSaved(thread(post(start + 1, "One"), post(start + 2, "Two"))))
    site = Visitor(create_app(store, FakeSettings(tmp_path, export_posts_per_day=3, trusted_proxies=())))
    first = site.get("/thread/1001.json", headers={"X-Forwarded-For": "198.51.100.7"})
    second = site.get("/thread/1101.json", headers={"X-Forwarded-For": "198.51.100.8"})
    assert (first.status_code, second.status_code) == (200, 429)


def test_a_proxy_is_named_by_address_or_network(monkeypatch):
    monkeypatch.setenv("TRUSTED_PROXIES", "10.0.0.0/8, ::1")
    assert load().trusted_proxies == ("10.0.0.0/8", "::1")
    monkeypatch.setenv("TRUSTED_PROXIES", "*")
    with pytest.raises(BadSettings, match="TRUSTED_PROXIES: must be addresses or networks"):
        load()
