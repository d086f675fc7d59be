"""X is down for long: what concerns it waits, all else goes on, and nobody's request is given up for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.flows.fates import MAX_FAILURES
from bot.rules.circuit import AFTER_THE_OTHERS, LONGEST_REST
from bot.x.client import X

LOOKUP, SEARCH, REPLY = "GET /2/tweets", "GET /2/tweets/search/recent", "POST /2/tweets"
MENTIONS = "GET /2/users/:id/mentions"


@pytest.fixture
def posts(world):
    return world.thread(world.author("ada"), ["One.", "Two.", "Three."], ago=timedelta(hours=2))


def pass_time(house, time: timedelta, *, tick=timedelta(seconds=20)) -> None:
    end = house.world.now() + time
    while house.world.now() < end:
        house.poll()
        house.work()
        house.world.advance(tick)


@pytest.mark.parametrize(
    ("endpoint", "fault"),
    [(LOOKUP, "cut_before"), (SEARCH, "html"), (REPLY, "answer"), (MENTIONS, "answer")],
)
def test_hours_of_it_cost_few_calls_and_no_request(house, posts, endpoint, fault):
    how = {"status": 503} if fault == "answer" else {}
    getattr(house.world.faults, fault)(endpoint, times=100_000, **how)
    mentions = [house.world.mention(f"asker{n}", posts[n]) for n in range(3)]
    with capture_logs() as lines:
        pass_time(house, timedelta(hours=2), tick=timedelta(minutes=3))
        tried = sum(pending.times for pending in house.world.faults.pending[endpoint])
        assert 100_000 - tried <= 3 * MAX_FAILURES + timedelta(hours=2) / (LONGEST_REST / 2)
        house.world.faults.clear()
        pass_time(house, LONGEST_REST + timedelta(minutes=4), tick=timedelta(minutes=1))
    assert [len(house.world.replies_to(mention)) for mention in mentions] == [1] * 3
    assert {house.job(mention).state for mention in mentions} == {"done"}
    said = [line for line in lines if line["event"].startswith("x.circuit") and line["endpoint"] == endpoint]
    assert [line["event"] for line in said][-1] == "x.circuit_closed"
    assert {line["event"] for line in said[:-1]} == {"x.circuit_opened"}


def test_other_endpoints_go_on_meanwhile(house, posts, world):
    """Search is down: mentions are seen, commands obeyed and confirmed."""
    world.faults.answer(SEARCH, 503, times=100_000)
    fresh = [world.thread(f"ben{n}", ["Uno.", "Due."], ago=timedelta(hours=2))[0] for n in range(3)]
    waiting = [world.mention(f"asker{n}", post) for n, post in enumerate(fresh)]
    pass_time(house, timedelta(minutes=5))
    assert house.parts.connection.circuits.all()[SEARCH].open
    stop = world.mention("dan", posts[1], text="@unrollbot stop")
    pass_time(house, timedelta(minutes=2))
    assert len(world.replies_to(stop)) == 1
    assert {(house.job(mention).state, house.job(mention).reason) for mention in waiting} == {
        ("waiting", "x-down")
    }


def test_a_job_that_alone_fails_is_given_up_while_others_get_through(house, posts, world):
    """X stumbles over one search each time: that is this job's own failure."""
    poisoned = world.mention("asker", posts[0])
    house.poll()
    for number in range(MAX_FAILURES):
        world.faults.answer(SEARCH, 503)
        house.woken = [house.job(poisoned).id]
        house.work()
        world.faults.clear()
        other = world.thread(f"eve{number}", ["Uno.", "Due."], ago=timedelta(hours=2))[0]
        world.mention(f"other{number}", other)
        house.poll()
        house.woken = [job for job in house.woken if job != house.job(poisoned).id]
        house.work()
        world.advance(timedelta(hours=1))
    assert (house.job(poisoned).state, house.job(poisoned).reason) == ("failed", "x-down")


@pytest.mark.parametrize("endpoint", [SEARCH, REPLY])
def test_a_request_on_which_x_breaks_each_time_comes_to_an_end(house, posts, world, endpoint, monkeypatch):
    """Nobody else is there to tell it from an outage, but no outage lasts for ever."""
    monkeypatch.setattr("bot.rules.circuit.LONGEST_OUTAGE", timedelta(minutes=20))
    world.faults.answer(endpoint, 500, times=100_000)
    poisoned = world.mention("asker", posts[0])
    pass_time(house, timedelta(minutes=20), tick=timedelta(minutes=1))
    assert house.job(poisoned).state == "waiting"
    assert house.parts.connection.circuits.all()[endpoint].open
    pass_time(house, 2 * MAX_FAILURES * (LONGEST_REST + AFTER_THE_OTHERS), tick=timedelta(minutes=4))
    assert house.job(poisoned).state == "failed"
    assert world.replies_to(poisoned) == []


def test_a_request_on_which_x_breaks_each_time_holds_nobody_up(house, posts, world, monkeypatch):
    """It was first in line when the endpoint was left alone: the others try next, and get through."""
    search = X.search

    def breaks_on_one(x, wanted, **more):
        if str(posts[0].number) in wanted.query:
            world.faults.answer(SEARCH, 500, times=50)
        try:
            return search(x, wanted, **more)
        finally:
            world.faults.clear()

    monkeypatch.setattr(X, "search", breaks_on_one)
    poisoned = world.mention("asker", posts[0])
    pass_time(house, timedelta(minutes=4))
    assert house.parts.connection.circuits.all()[SEARCH].open
    other = world.mention("other", world.thread("eve", ["Uno.", "Due."], ago=timedelta(hours=2))[0])
    pass_time(house, LONGEST_REST)
    assert len(world.replies_to(other)) == 1
    assert (house.job(poisoned).state, world.replies_to(poisoned)) == ("waiting", [])
