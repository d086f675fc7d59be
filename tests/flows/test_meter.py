"""Whoever has paid for a thread can answer with it."""

from decimal import Decimal

import pytest

from bot.errors import Transient
from bot.flows.meter import JobMeter
from bot.x.price import PRICES, Item

POST, USER, REPLY = PRICES["post"], PRICES["user"], PRICES["reply"]
AHEAD = POST + USER + REPLY
PAGE = 100 * POST
POSTS, ROOT = [Item("post", i) for i in range(10, 15)], [Item("post", 1), Item("user", 2)]


@pytest.fixture
def house(build):
    return build(daily_budget_usd=Decimal("0.10"))


def meter(house, number, *, ahead=AHEAD):
    return JobMeter(house.store, house.parts.settings, house.world.now, number, ahead=ahead)


def test_what_a_job_needs_to_come_to_its_end_is_nobody_elses(house):
    first, second, third = (meter(house, number) for number in (1, 2, 3))
    assert first.affordable(PAGE, at_least=10 * POST) == 100_000 - AHEAD
    first.book(POSTS)
    assert second.affordable(PAGE, at_least=5 * POST) == 100_000 - 5 * POST - 2 * AHEAD
    second.book([])
    with pytest.raises(Transient, match="over-budget"):
        third.affordable(PAGE, at_least=6 * POST)
    assert first.affordable(POST + USER, at_least=POST + USER) == POST + USER
    first.book(ROOT)
    assert first.affordable(REPLY, at_least=REPLY, last=True) == REPLY
    first.book([Item("reply", 3)])
    spent = 5 * POST + AHEAD
    assert house.store.spend.spent(house.world.now().date()) == spent

    second.close()
    assert third.affordable(PAGE, at_least=REPLY, last=True) == 100_000 - spent, "all that is left"


def test_a_job_does_not_stand_in_its_own_way(house):
    job = meter(house, 1)
    job.affordable(PAGE, at_least=POST)
    job.book(POSTS)
    rest = 100_000 - 5 * POST
    assert job.affordable(rest, at_least=rest) == rest, "what it kept is its own"


def test_the_last_money_goes_into_the_thread_as_before(house):
    job = meter(house, 1)
    assert job.affordable(PAGE, at_least=20 * POST) == 100_000, "the call would not be made with less"
