"""The circuits of X's endpoints, shared by all processes: on fakeredis, on a real server, and without one."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bot.errors import Misconfigured, Permanent, Transient
from bot.rules.circuit import (
    AFTER_THE_OTHERS,
    FAILURES_IN_A_ROW,
    FIRST_REST,
    LONGEST_OUTAGE,
    LONGEST_REST,
    REMEMBERED_FOR,
)
from bot.x import circuits as circuits_module
from bot.x.circuits import COME_BACK, WHOLE_SECONDS, Circuits
from bot.x.limits import ASKING
from sandbox import broker

LOOKUP, POST = "GET /2/tweets", "POST /2/tweets"
DOWN = Transient("x-down", "503")
BEGIN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.now = BEGIN

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def circuits(client):
    return Circuits(client)


@pytest.fixture
def alone():
    """Redis is away."""
    return Circuits(redis.Redis(port=broker.free_port(), retry=Retry(NoBackoff(), 0)))


def call(circuits, clock, error=None, endpoint=LOOKUP):
    """What a caller is told: nothing, or what to do about it."""
    try:
        with circuits.call(endpoint, clock) as made:
            if error is not None:
                raise made.failed(error)
            made.answered()
    except (Transient, Permanent, Misconfigured) as told:
        return told
    return None


def fail(circuits, clock, times=FAILURES_IN_A_ROW):
    return [call(circuits, clock, DOWN) for _ in range(times)][-1]


def rest_over(circuits, clock):
    clock.now = circuits.all()[LOOKUP].until


def test_what_another_process_meets_is_seen_in_a_moment(client, clock, monkeypatch):
    moment = [100.0]
    monkeypatch.setattr(circuits_module.time, "monotonic", lambda: moment[0])
    ours, theirs = Circuits(client), Circuits(client)
    assert call(ours, clock) is None
    fail(theirs, clock)
    assert call(ours, clock) is None  # it was whole a moment ago
    moment[0] += WHOLE_SECONDS
    assert call(ours, clock).reason == "x-down"


def test_what_a_process_meets_itself_it_knows_at_once(circuits, clock):
    assert call(circuits, clock) is None
    fail(circuits, clock)
    assert call(circuits, clock).reason == "x-down"


def test_while_nothing_fails_calls_of_one_moment_cost_one_look(circuits, client, clock, monkeypatch):
    looks = []
    monkeypatch.setattr(client, "get", lambda key, get=client.get: looks.append(key) or get(key))
    monkeypatch.setattr(circuits_module.time, "monotonic", lambda: 100.0)
    assert [call(circuits, clock) for _ in range(3)] == [None] * 3
    assert len(looks) == 1


def test_an_answer_ends_the_count_of_failures_in_a_row(circuits, clock):
    fail(circuits, clock, FAILURES_IN_A_ROW - 1)
    assert call(circuits, clock) is None
    assert circuits.all()[LOOKUP].failures == 0


def test_failures_in_a_row_open_it_for_every_process_and_for_no_other_endpoint(circuits, client, clock):
    before = fail(circuits, clock, FAILURES_IN_A_ROW - 1)
    assert (before.counts, before.retry_at) == (True, None)
    last = fail(circuits, clock, 1)
    assert not last.counts, "from now on nobody is to blame"
    assert FIRST_REST / 2 <= last.retry_at - clock.now <= FIRST_REST
    refused = call(Circuits(client), clock)
    assert (refused.reason, refused.counts, refused.retry_at) == ("x-down", False, last.retry_at)
    assert call(circuits, clock, endpoint=POST) is None


def test_an_answer_between_them_counts_from_the_beginning_whatever_it_says(circuits, clock):
    for answer in (None, Permanent("post-gone"), Misconfigured("unauthorized"), Transient("rate-limited")):
        fail(circuits, clock, FAILURES_IN_A_ROW - 1)
        assert call(circuits, clock, answer) is answer
    assert not circuits.all()[LOOKUP].open


def test_failures_far_apart_have_nothing_to_do_with_each_other(circuits, clock):
    for _ in range(2 * FAILURES_IN_A_ROW):
        fail(circuits, clock, 1)
        clock.now += REMEMBERED_FOR + timedelta(seconds=1)
    assert not circuits.all()[LOOKUP].open


@pytest.mark.parametrize("processes", [1, 4])
def test_of_many_that_race_when_the_rest_is_over_one_tries(client, clock, processes):
    all_of_them = [Circuits(client) for _ in range(processes)]
    fail(all_of_them[0], clock)
    rest_over(all_of_them[0], clock)
    everybody_has_come = Barrier(16)

    def race(number):
        """The one that tries is answered when all the others have been told to wait."""
        try:
            with all_of_them[number % processes].call(LOOKUP, clock) as made:
                everybody_has_come.wait()
                made.answered()
        except Transient as told:
            everybody_has_come.wait()
            return told.retry_at
        return "tried"

    with ThreadPoolExecutor(16) as pool:
        outcomes = Counter(pool.map(race, range(16)))
    assert outcomes == {"tried": 1, clock.now + COME_BACK: 15}
    assert call(all_of_them[-1], clock) is None, "X answered: everybody may call"


def test_the_rests_grow_and_are_bounded(circuits, clock):
    fail(circuits, clock)
    rests = []
    for _ in range(9):
        rests.append(circuits.all()[LOOKUP].until - clock.now)
        rest_over(circuits, clock)
        assert not call(circuits, clock, DOWN).counts
    for number, rest in enumerate(rests):
        longest = min(LONGEST_REST, FIRST_REST * 2**number)
        assert longest / 2 <= rest <= longest


def test_who_has_tried_in_vain_lets_the_others_try_next(circuits, clock):
    fail(circuits, clock)
    rest_over(circuits, clock)
    tried = call(circuits, clock, DOWN)
    other = call(circuits, clock)
    assert other.retry_at == circuits.all()[LOOKUP].until
    assert tried.retry_at == other.retry_at + AFTER_THE_OTHERS


def test_what_fails_for_longer_than_an_outage_is_counted_against_who_tries(circuits, clock):
    begin = clock.now
    fail(circuits, clock)
    counted = []
    while clock.now < begin + LONGEST_OUTAGE + LONGEST_REST:
        rest_over(circuits, clock)
        counted.append((clock.now, call(circuits, clock, DOWN).counts))
        assert not call(circuits, clock).counts, "who has not tried is not to blame"
    assert counted == [(at, at - begin >= LONGEST_OUTAGE) for at, _ in counted]
    assert {counts for _, counts in counted} == {True, False}


def test_one_that_tried_and_died_does_not_stop_the_trying(circuits, clock):
    fail(circuits, clock)
    rest_over(circuits, clock)
    dead = circuits.call(LOOKUP, clock)
    dead.__enter__()
    assert call(circuits, clock) is not None
    clock.now += ASKING
    assert call(circuits, clock) is None


def test_one_that_was_let_through_and_not_made_lets_another_try(circuits, clock):
    fail(circuits, clock)
    rest_over(circuits, clock)
    with circuits.call(LOOKUP, clock):
        pass
    assert call(circuits, clock) is None


def test_calls_on_their_way_when_it_opened_neither_close_it_nor_make_its_rest_longer(circuits, clock):
    with circuits.call(LOOKUP, clock) as late, circuits.call(LOOKUP, clock) as later:
        fail(circuits, clock)
        before = circuits.all()[LOOKUP]
        told = late.failed(DOWN)
        later.answered()
    assert (told.counts, told.retry_at) == (False, before.until)
    assert circuits.all()[LOOKUP] == before


def test_a_clock_that_is_set_back_makes_no_rest_longer_than_the_longest(circuits, clock):
    fail(circuits, clock)
    clock.now -= timedelta(hours=1)
    assert call(circuits, clock) is None


def test_a_reply_that_may_have_landed_stays_one(circuits, clock):
    for _ in range(FAILURES_IN_A_ROW):
        told = call(circuits, clock, Transient("x-down", may_have_landed=True), POST)
    assert (told.may_have_landed, told.counts) == (True, False)


def test_without_redis_each_process_has_its_own(alone, clock):
    fail(alone, clock)
    assert call(alone, clock) is not None
    rest_over(alone, clock)
    with alone.call(LOOKUP, clock) as tries:
        assert call(alone, clock).retry_at == clock.now + COME_BACK
        tries.answered()
    assert call(alone, clock) is None


def test_an_emptied_redis_forgets_an_outage_and_notices_it_again(circuits, client, clock):
    fail(circuits, clock)
    client.flushall()
    assert fail(circuits, clock, FAILURES_IN_A_ROW - 1).counts
    assert not fail(circuits, clock, 1).counts
