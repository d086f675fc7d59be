"""X does not let us in with one of our keys: it is told once, and ends when that very thing is mended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

LOOKUP, REPLY = "GET /2/tweets", "POST /2/tweets"
SEARCH, ARCHIVE = "GET /2/tweets/search/recent", "GET /2/tweets/search/all"


@pytest.fixture
def lines():
    with capture_logs() as lines:
        yield lines


def told(lines):
    """What the operator is told of it."""
    return [line["event"] for line in lines if line["event"] in ("x.paused", "x.mended")]


def pass_time(house, minutes: int) -> None:
    for _ in range(minutes * 3):
        house.poll()
        house.work()
        house.world.advance(timedelta(seconds=20))


def ask(house, name="asker", hours=2):
    posts = house.world.thread(house.author(f"ada-{name}"), ["One.", "Two."], ago=timedelta(hours=hours))
    return house.world.mention(name, posts[0])


@pytest.mark.parametrize("key", ["app", "user"])
def test_one_kind_of_key_is_revoked_alone(house, world, lines, key):
    """The other works all the while, and tells nothing."""
    house.poll()
    world.revoke(key)
    mention = ask(house)
    pass_time(house, 10)
    assert told(lines) == ["x.paused"]
    assert house.store.notes.pause().reason == "unauthorized"
    refused = [call for call in world.ledger.calls if call.status == 401]
    assert len(refused) <= 12, "one call a minute tries"
    world.restore()
    pass_time(house, 3)
    assert told(lines) == ["x.paused", "x.mended"]
    assert len(world.replies_to(mention)) == 1


@pytest.mark.parametrize(("endpoint", "hours"), [(SEARCH, 2), (ARCHIVE, 24 * 30)])
def test_money_is_up_where_only_a_search_asks_for_it(house, world, lines, endpoint, hours):
    world.faults.credits_depleted(endpoint, times=5)
    mention = ask(house, hours=hours)
    pass_time(house, 10)
    assert told(lines) == ["x.paused", "x.mended"]
    assert len(world.replies_to(mention)) == 1


def test_a_key_that_may_read_and_not_write_is_tried_by_one_reply_at_a_time(house, world, lines):
    """Nothing else can tell whether X lets us write again."""
    world.faults.credits_depleted(REPLY, times=6)
    mentions = [ask(house, f"asker{number}") for number in range(4)]
    pass_time(house, 5)
    assert told(lines) == ["x.paused"]
    assert [call.status for call in world.ledger.calls_to(REPLY)].count(402) <= 4 + 5
    pass_time(house, 6)
    assert told(lines) == ["x.paused", "x.mended"]
    assert [len(world.replies_to(mention)) for mention in mentions] == [1] * 4


def test_probes_cost_nothing(house, world):
    house.poll()
    before = world.ledger.micros
    world.revoke("app")
    ask(house)
    pass_time(house, 1)
    world.restore()
    assert house.store.notes.pause() is not None
    x_paid = world.ledger.micros
    assert x_paid - before <= 1_000, "the mention"
