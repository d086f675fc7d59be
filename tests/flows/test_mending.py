"""The operator's hand on a job while its worker is at work: never a second reply."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bot.flows.unroll import unroll


def replies(house, mention):
    return len(house.world.replies_to(mention.id))


@pytest.fixture
def mention(house):
    posts = house.world.thread(house.author(), ["One.", "Two.", "Three."], ago=timedelta(hours=2))
    return house.world.mention(house.author("asker"), under=posts[1])


@pytest.mark.parametrize("endpoint", ["GET /2/tweets", "POST /2/tweets"])
@pytest.mark.parametrize("act", ["release", "give_up"])
def test_a_job_is_taken_from_a_worker_that_is_alive(house, mention, endpoint, act):
    """While it reads, and while its reply is on its way: the worker stops, or is found to have spoken."""
    house.world.faults.slow(endpoint, 1.0)
    house.poll()
    [job_id] = house.woken
    with ThreadPoolExecutor(1) as pool:
        at_work = pool.submit(house.work)
        until(lambda: not house.world.faults.pending)
        now = house.parts.clock()
        if act == "release":
            assert house.store.mending.release([job_id], now=now) == [job_id]
        else:
            assert house.store.mending.give_up([job_id], "given-up", now=now) == [job_id]
            assert house.store.jobs.replay([job_id], now=now) == [job_id]
        unroll(job_id, house.parts)  # another worker, at once
        at_work.result()
    house.world.advance(timedelta(seconds=61))
    house.run()

    assert replies(house, mention) == 1
    assert house.job(mention).state == "done"
    assert str(house.job(mention).reply_id) == house.world.replies_to(mention.id)[0].id
    assert house.store.jobs.replay([job_id], now=house.parts.clock()) == [job_id]
    house.run()
    assert replies(house, mention) == 1


def until(done):
    """For as long as the tests' own time-out lets it."""
    while not done():
        time.sleep(0.01)
