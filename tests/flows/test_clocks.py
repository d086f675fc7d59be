"""The machine's clock jumps; X's does not. Nobody is answered twice, and nothing waits for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.settings import LEASE

AN_HOUR = timedelta(hours=1)
REPLY, LOOKUP = "POST /2/tweets", "GET /2/tweets"


class Clock:
    """As wrong as a story makes it."""

    def __init__(self, world) -> None:
        self.world, self.off = world, timedelta()

    def __call__(self):
        return self.world.now() + self.off


@pytest.fixture
def clock(house, world) -> Clock:
    clock = Clock(world)
    house.parts = replace(house.parts, clock=clock)
    return clock


@pytest.fixture
def posts(world):
    return world.thread(world.author("ada"), ["One.", "Two.", "Three."], ago=timedelta(hours=2))


def within(house, time: timedelta, *mentions) -> None:
    """The poller ticks and the worker works for so long; then all are answered."""
    end = house.world.now() + time
    while house.world.now() < end:
        house.poll()
        house.work()
        house.world.advance(timedelta(seconds=20))
    assert [len(house.world.replies_to(mention)) for mention in mentions] == [1] * len(mentions)
    assert {house.job(mention).state for mention in mentions} == {"done"}


def test_forward_while_a_worker_is_at_it(house, posts, clock, world):
    """Its lease seems over: another takes the job, and only one of them speaks."""
    mention = world.mention("asker", posts[0])
    house.poll()
    book = world.ledger.book
    jumped = []

    def jump(resources, at):
        if not jumped:
            jumped.append(True)
            clock.off = AN_HOUR
            house.poll()
            house.work()
        return book(resources, at)

    world.ledger.book = jump
    house.work()
    within(house, timedelta(minutes=3), mention)


def test_forward_while_a_reply_is_in_the_air(house, posts, clock, world):
    """It seems long enough ago to be seen, and is not: X knows the words and does not take them again."""
    world.timeline_lag = timedelta(seconds=50)
    world.faults.drop_answer_of(REPLY)
    mention = world.mention("asker", posts[0])
    house.poll()
    house.work()
    assert house.job(mention).reason == "reply-unsure"
    clock.off = AN_HOUR
    within(house, timedelta(minutes=5), mention)


def test_back_while_the_lease_of_a_dead_worker_runs(house, posts, clock, world):
    mention = world.mention("asker", posts[0])
    house.poll()
    house.store.jobs.claim(house.job(mention).id, now=clock(), worker="dead")
    conversation = f"conversation:{posts[0].id}"
    assert house.store.notes.acquire(conversation, now=clock(), hold=LEASE) is not None
    house.woken.clear()
    clock.off = -AN_HOUR
    within(house, timedelta(minutes=3), mention)


def test_back_after_a_wake_up_was_lost(house, posts, clock, world):
    mention = world.mention("asker", posts[0])
    house.poll()
    house.woken.clear()
    clock.off = -AN_HOUR
    within(house, timedelta(minutes=3), mention)


@pytest.mark.parametrize("fault", ["cut_before", "drop_answer_of"])
def test_back_while_a_reply_is_in_doubt_it_waits_no_longer_than_x_needs_to_show_it(
    house, posts, clock, world, fault
):
    world.timeline_lag = timedelta(seconds=25)
    getattr(world.faults, fault)(REPLY)
    mention = world.mention("asker", posts[0])
    house.poll()
    house.work()
    clock.off = -AN_HOUR
    within(house, timedelta(minutes=3), mention)


@pytest.mark.parametrize("status", [503, 402], ids=["a job", "the bot"])
def test_back_while_something_waits_for_x(house, posts, clock, world, status):
    """A job that X failed, or all of them while X does not let us in."""
    world.faults.answer(LOOKUP, status)
    mention = world.mention("asker", posts[0])
    house.poll()
    house.work()
    clock.off = -AN_HOUR
    within(house, timedelta(minutes=4), mention)


@pytest.mark.parametrize("jump", [AN_HOUR, -AN_HOUR], ids=["forward", "back"])
def test_windows_of_before_hold_nobody_up_for_longer_than_a_window_and_the_jump(
    house, posts, clock, world, jump
):
    world.limits.set(LOOKUP, limit=2, seconds=900)
    mentions = [world.mention(f"asker{n}", world.thread(f"ada{n}", ["One.", "Two."])[0]) for n in range(2)]
    house.poll()
    house.work()
    clock.off = jump
    house.poll()
    house.work()
    clock.off = timedelta()
    within(house, timedelta(minutes=45), *mentions)


def test_there_and_back_leaves_nothing_behind(house, posts, clock, world):
    """The jump is noticed and mended: what was done under the wrong time waits for nothing."""
    clock.off = AN_HOUR
    first = world.mention("first", posts[0])
    house.poll()
    house.store.jobs.claim(house.job(first).id, now=clock(), worker="dead")
    clock.off = timedelta()
    second = world.mention("second", posts[1])
    within(house, timedelta(minutes=3), first, second)
