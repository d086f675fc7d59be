"""X's windows in normal work: no call too many, and none too few.

The clock stands still unless a story moves it, for the bot as for X, so a quarter of an hour takes seconds.
The calls are real ones over HTTP, from eight threads at once.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import fakeredis
import pytest
import redis

from bot.flows.unroll import unroll
from bot.x.limits import Limits
from sandbox.world import World

REPLY = "POST /2/tweets"
BEGIN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TICK = timedelta(seconds=10)
WORKERS = 8


@pytest.fixture
def world() -> World:
    return World(now=lambda: BEGIN)


@pytest.fixture
def house(build):
    return build(daily_budget_usd=Decimal(100))


def ask(world, requests):
    """So many people ask for twenty threads."""
    threads = [
        world.thread(world.author(f"ada{n}"), ["One.", "Two.", "Three."], ago=timedelta(hours=2))
        for n in range(min(20, requests))
    ]
    return [world.mention(f"asker{n}", threads[n % len(threads)][0]) for n in range(requests)]


def work(houses) -> None:
    """All that the queue holds, by eight threads, each of another process."""
    jobs = [job for house in houses for job in house.woken]
    for house in houses:
        house.woken.clear()
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda pair: unroll(pair[1], houses[pair[0] % len(houses)].parts), enumerate(jobs)))


def carry_on(houses, mentions, *, until, each_tick=lambda _: None) -> int:
    world, number = houses[0].world, 0
    while world.now() - BEGIN < until and not all(world.replies_to(mention) for mention in mentions):
        houses[0].poll()
        work(houses)
        each_tick(number)
        world.advance(TICK)
        number += 1
    return number


def refused(world):
    return Counter(call.endpoint for call in world.ledger.calls if call.status == 429)


def test_a_hundred_requests_go_out_at_the_windows_pace_without_one_429(house, world):
    world.limits.set(REPLY, limit=15, seconds=60)
    mentions = ask(world, 100)
    carry_on([house], mentions, until=timedelta(minutes=30))
    replied = Counter((call.at - BEGIN) // timedelta(minutes=1) for call in world.ledger.calls_to(REPLY))
    print(f"replies by minute: {sorted(replied.items())}")
    assert refused(world) == {}
    assert [len(world.replies_to(mention)) for mention in mentions] == [1] * 100
    windows = -(-100 // 15)
    slowest = windows * (timedelta(minutes=1) + TICK) + TICK
    assert world.now() - BEGIN <= slowest, "slower than the window lets us, counted in ticks of the poller"


def test_a_broker_that_is_emptied_and_away_again_and_again_brings_no_429_but_a_question(build, world):
    """Four processes. Between two ticks Redis is emptied, or goes away, or comes back. Who has nobody to tell
    how much is left asks X by a call: in a window that is used up X may refuse that one.
    """
    world.limits.set(REPLY, limit=15, seconds=60)
    houses = [build(daily_budget_usd=Decimal(100)) for _ in range(4)]
    windows = [limits for house in houses for limits in (house.parts.connection.app, _user(house))]
    scripts = [(limits._acquire, limits._observe) for limits in windows]
    mentions = ask(world, 60)

    def trouble(number):
        _user(houses[0])._client.flushall()
        for limits, known in zip(windows, scripts, strict=True):
            limits._acquire, limits._observe = (_away, _away) if number % 3 == 1 else known

    ticks = carry_on(houses, mentions, until=timedelta(minutes=30), each_tick=trouble)
    assert [len(world.replies_to(mention)) for mention in mentions] == [1] * 60
    print(f"{ticks} ticks, refused: {refused(world)}")
    assert refused(world).keys() <= {REPLY}
    assert refused(world).total() <= ticks


def test_the_documented_windows_are_kept_by_processes_that_know_nothing_of_each_other(build, world):
    """Redis is away from the beginning to the end, and X's windows are the documented ones."""
    houses = [build(daily_budget_usd=Decimal(100)) for _ in range(4)]
    for limits in (limits for house in houses for limits in (house.parts.connection.app, _user(house))):
        limits._acquire = limits._observe = _away
        limits._client = fakeredis.FakeRedis(connected=False)
    mentions = ask(world, 110)
    carry_on(houses, mentions, until=timedelta(minutes=50))
    assert refused(world) == {}
    assert [len(world.replies_to(mention)) for mention in mentions] == [1] * 110


def _user(house) -> Limits:
    return house.parts.connection.user


def _away(*_, **__):
    raise redis.ConnectionError("away")
