"""What the most read authors delete is gone here at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.flows.push import turn_off, turn_on, wanted
from bot.rules.push import DELETIONS, Topic
from tests.push.conftest import deliver

LOOKUPS = "GET /2/tweets"


@pytest.fixture
def house(told, world, posts):
    """A bot that asks for mentions, and is told what the two most read authors delete."""
    house = told(mentions="webhook", watched_authors=2)
    world.mention("asker", posts[-1])
    deliver(house)
    house.run()
    read(house, posts[0].number, 5)
    turn_on(house.parts)
    world.ledger.calls.clear()
    return house


def read(house, thread_id, times):
    house.store.reads.add({thread_id: times}, today=house.world.now().date())


def page(house, post):
    return house.store.threads.find(post.number)


def test_a_post_that_is_told_to_be_gone_goes_at_once_and_for_nothing(house, world, posts):
    before = world.ledger.total
    world.delete(posts[1])
    deliver(house)
    house.poll()
    thread = page(house, posts[0]).thread
    assert [post.id for post in thread.posts] == [posts[0].number, posts[2].number]
    assert [gap.reason for gap in thread.gaps] == ["deleted"]
    assert world.ledger.total == before
    assert house.store.threads.held([post.number for post in posts]) == {posts[0].number, posts[2].number}


def test_a_whole_thread_leaves_a_tombstone(house, world, posts):
    for post in posts:
        world.delete(post)
    deliver(house)
    house.poll()
    assert page(house, posts[0]).gone


def test_x_is_not_believed_where_it_still_shows_the_post(house, world, posts):
    world.push.deleted(posts[1])
    deliver(house)
    house.poll()
    assert len(page(house, posts[0]).thread.posts) == 3
    assert house.store.events.count_waiting() == 0


def test_what_is_not_kept_here_costs_no_call(house, world, posts):
    other = world.post(posts[0].author, "Of no page.")
    house.store.notes.put("rechecked", {"at": world.now().isoformat()}, now=world.now())
    world.delete(other)
    deliver(house)
    calls = len(world.ledger.calls)
    house.poll()
    assert not [call for call in world.ledger.calls[calls:] if other.id in call.query]
    assert house.store.events.count_waiting() == 0


def test_while_x_is_down_the_event_waits(house, world, posts):
    world.faults.answer(LOOKUPS, 503, times=9)
    world.delete(posts[1])
    deliver(house)
    assert house.poll().left == 1
    world.faults.clear()
    assert house.poll().left == 0
    assert len(page(house, posts[0]).thread.posts) == 2


def test_while_the_budget_is_used_up_it_goes_all_the_same(told, world, posts):
    house = told(watched_authors=1, recheck_budget_usd=0)
    world.mention("asker", posts[-1])
    deliver(house)
    house.run()
    read(house, posts[0].number, 1)
    turn_on(house.parts)
    world.delete(posts[1])
    deliver(house)
    house.poll()
    assert len(page(house, posts[0]).thread.posts) == 2


def test_whom_people_read_is_watched_and_who_is_read_no_more_is_not(house, world, posts):
    ada = posts[0].author
    assert Topic(DELETIONS, int(ada.id)) in wanted(house.parts)
    others = [world.thread(world.author(name), ["A.", "B."]) for name in ("ben", "cleo")]
    for thread in others:
        world.mention("asker", thread[-1])
    deliver(house)
    house.run()
    for count, thread in enumerate(others, 10):
        read(house, thread[0].number, count)
    world.advance(timedelta(hours=1))
    house.poll()
    watched = {each.user_id for each in world.push.subscriptions.values() if each.event_type == DELETIONS}
    assert watched == {thread[0].author.id for thread in others}


def test_deletions_are_told_by_webhook_also_to_a_bot_that_asks_for_its_mentions(told, build, world, posts):
    house = told(watched_authors=1)
    world.mention("asker", posts[-1])
    deliver(house)
    house.run()
    read(house, posts[0].number, 1)
    thrifty = build(mentions="poll", watched_authors=1, public_url=house.parts.settings.public_url)
    state = turn_on(thrifty.parts)
    assert [each.topic.event_type for each in state.subscriptions] == [DELETIONS]
    turn_off(thrifty.parts)
    assert (world.push.subscriptions, world.push.webhooks) == ({}, {})
