"""X tells over a stream: kept open, opened again, and made up for while there is none."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from bot.flows.listen import listening
from bot.flows.push import turn_on
from tests.waiting import until

STREAM = "GET /2/activity/stream"
MENTIONS = "GET /2/users/:id/mentions"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch, world):
    monkeypatch.setattr("bot.rules.reconnecting.HTTP_FIRST", 0.05)
    monkeypatch.setattr("bot.rules.reconnecting.REFUSED_FIRST", 0.05)
    world.push.streams.keep_alive = 0.02


@pytest.fixture
def house(build, world):
    house = build(mentions="stream")
    house.poll()
    turn_on(house.parts)
    return house


@pytest.fixture
def heard(house, world):
    """A house that listens, and has looked since it does."""
    with listening(house.parts):
        until(lambda: house.store.notes.heard().stream_heard_at)
        world.advance(timedelta(seconds=1))
        house.poll()
        yield house


def told(house, count=1):
    until(lambda: house.store.events.count_waiting() >= count)


def looks(house):
    return len(house.world.ledger.calls_to(MENTIONS))


def test_a_mention_is_answered_without_a_look(heard, world, posts):
    before = looks(heard)
    mention = world.mention("asker", posts[-1])
    told(heard)
    assert heard.poll().jobs == 1
    heard.work()
    assert len(world.replies_to(mention)) == 1
    assert looks(heard) == before
    assert world.ledger.by_resource["mention_event"] == 1


def test_after_a_cut_it_is_opened_again_and_one_look_finds_what_was_missed(heard, world, posts):
    opened_at = heard.store.notes.heard().stream_opened_at
    world.faults.answer(STREAM, 503, times=2)
    world.advance(timedelta(seconds=30))
    world.push.streams.cut()
    until(lambda: world.push.streams.count == 0)
    missed = world.mention("asker", posts[-1])
    until(lambda: heard.store.notes.heard().stream_opened_at != opened_at)
    world.advance(timedelta(seconds=1))
    before = looks(heard)
    assert heard.poll().jobs == 1
    heard.work()
    assert len(world.replies_to(missed)) == 1
    heard.poll()
    assert looks(heard) == before + 1
    following = world.mention("other", posts[-1])
    told(heard)
    heard.poll()
    heard.work()
    assert len(world.replies_to(following)) == 1


def test_a_stream_that_falls_silent_is_hung_up_and_opened_again(house, world, posts, monkeypatch):
    monkeypatch.setattr("bot.x.stream.SILENT_FOR", timedelta(seconds=0.3))
    with listening(house.parts):
        until(lambda: world.push.streams.count == 1)
        world.push.streams.silent = True
        calls = len(world.ledger.calls_to(STREAM))
        until(lambda: len(world.ledger.calls_to(STREAM)) > calls)
        world.push.streams.silent = False
        until(lambda: world.push.streams.count == 1)


def test_while_there_is_no_stream_the_mentions_are_looked_at_every_time(house, world, posts):
    world.faults.answer(STREAM, 503, times=1_000)
    with listening(house.parts):
        before = looks(house)
        for number in range(3):
            mention = world.mention(f"asker{number}", posts[-1])
            assert house.poll().jobs == 1, mention
        assert looks(house) == before + 3


def test_a_second_listener_is_turned_away_and_takes_over(heard, world, posts, build):
    second = build(mentions="stream")
    with listening(second.parts):
        until(lambda: any(call.status == 429 for call in world.ledger.calls_to(STREAM)))
        assert world.push.streams.count == 1
        world.push.streams.cut()
        until(lambda: world.push.streams.count == 1)


@pytest.mark.parametrize("line", [b"nonsense", b'{"errors": [{"title": "operational-disconnect"}]}', b"\xff"])
def test_a_line_that_is_no_event_stops_nothing(heard, world, posts, line):
    world.push.streams.send(line)
    world.push.streams.send(b'{"data": {"event_type": "post.create"}}')
    mention = world.mention("asker", posts[-1])
    told(heard)
    heard.poll()
    heard.work()
    assert len(world.replies_to(mention)) == 1


def test_a_repeated_event_and_one_that_came_by_a_look_change_nothing(heard, world, posts):
    world.faults.repeat_event()
    mention = world.mention("asker", posts[-1])
    world.advance(timedelta(seconds=301))
    heard.poll()
    told(heard, 0)
    heard.run()
    assert len(world.replies_to(mention)) == 1


def test_keys_that_x_does_not_take_are_tried_again_without_hurry(house, world):
    world.revoke()
    with listening(house.parts):
        until(lambda: len(world.ledger.calls_to(STREAM)) >= 2)
        world.restore()
        until(lambda: world.push.streams.count == 1)


def test_it_ends_while_it_waits_for_a_line(house, world):
    world.push.streams.keep_alive = 60
    begun = time.monotonic()
    with listening(house.parts):
        until(lambda: world.push.streams.count == 1)
        until(lambda: house.store.notes.heard().stream_heard_at)
    assert time.monotonic() - begun < 60
    until(lambda: world.push.streams.count == 0)
