"""A saved thread grows with the one on X: a later mention, a refresh or the command extends it."""

from datetime import timedelta

import pytest

from bot.domain import Goal
from bot.flows.unroll import unroll


@pytest.fixture
def ada(world):
    return world.author("ada", name="Ada Quill")


@pytest.fixture
def posts(world, ada):
    return world.thread(ada, ["One.", "Two.", "Three.", "Four."], ago=timedelta(hours=2))


def look_again(house, post):
    """What `unroll thread` does."""
    job = unroll(house.store.jobs.add(Goal(post.number), now=house.world.now()), house.parts)
    assert job.state == "done", job.reason
    return house.store.threads.find(post.number)


def texts(saved):
    return [post.text for post in saved.thread.posts]


def test_new_posts_are_appended_and_the_address_stays(house, ada, posts):
    house.ask(posts[0])
    before = house.store.threads.find(posts[0].number)
    house.world.post(ada, "Five.", reply_to=posts[-1])
    house.settle_index()
    house.ask(posts[2], by="another")
    after = house.store.threads.find(posts[0].number)
    assert texts(after) == ["One.", "Two.", "Three.", "Four.", "Five."]
    assert after.thread.id == before.thread.id
    assert after.version == before.version + 1
    assert after.etag != before.etag


def test_only_what_is_newer_is_bought(build, ada, posts):
    house = build(hide_unconfirmed=False)
    house.ask(posts[0])
    house.world.advance(timedelta(days=1))
    bought = house.world.ledger.by_resource["post_read"]
    house.world.post(ada, "Five.", reply_to=posts[-1])
    house.settle_index()
    look_again(house, posts[0])
    assert house.world.ledger.by_resource["post_read"] == bought + 1


def test_an_edit_is_applied_and_marked(house, posts):
    house.ask(posts[0])
    house.world.edit(posts[1], "Two, mended.")
    house.settle_index()
    saved = look_again(house, posts[0])
    assert texts(saved) == ["One.", "Two, mended.", "Three.", "Four."]
    assert [post.edited for post in saved.thread.posts] == [False, True, False, False]


def test_an_edited_first_post_keeps_its_address(house, posts):
    house.ask(posts[0])
    newer = house.world.edit(posts[0], "One, mended.")
    house.settle_index()
    saved = look_again(house, posts[0])
    assert texts(saved)[0] == "One, mended."
    assert saved.thread.id == posts[0].number
    assert house.store.threads.find(newer.number).thread.id == posts[0].number


def test_a_deletion_is_marked_and_its_words_are_nowhere_left(house, posts, tmp_path):
    house.ask(posts[0])
    house.world.delete(posts[2])
    saved = look_again(house, posts[0])
    assert texts(saved) == ["One.", "Two.", "Four."]
    assert [(gap.after, gap.reason) for gap in saved.thread.gaps] == [(posts[1].number, "deleted")]
    assert not saved.thread.complete
    house.store.close()
    for file in tmp_path.glob("unroll.db*"):
        assert b"Three." not in file.read_bytes(), file.name


def test_a_first_post_that_is_deleted_leaves_the_address_and_a_gap(house, posts):
    house.ask(posts[0])
    house.world.delete(posts[0])
    saved = look_again(house, posts[1])
    assert texts(saved) == ["Two.", "Three.", "Four."]
    assert saved.thread.id == posts[0].number
    assert [(gap.after, gap.reason) for gap in saved.thread.gaps] == [(None, "deleted")]


def test_looking_again_at_a_thread_at_rest_changes_nothing_and_costs_nothing(house, posts):
    house.ask(posts[0])
    before = house.store.threads.find(posts[0].number)
    spent = house.world.ledger.micros
    after = look_again(house, posts[3])
    assert (after.version, after.etag) == (before.version, before.etag)
    assert after.checked_at > before.checked_at
    assert house.world.ledger.micros == spent


def test_a_later_mention_costs_its_mention_and_its_reply(house, posts):
    house.ask(posts[0])
    spent = house.world.ledger.micros
    house.ask(posts[1], by="another")
    assert house.world.ledger.micros - spent == 1_000 + 10_000
