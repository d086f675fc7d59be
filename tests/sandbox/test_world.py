"""Talking to the world: prefixes, conversations, ids, edits, and how fast a crowd is made."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from sandbox import World, serve
from tests.sandbox.conftest import RewritingSession


def test_a_self_reply_has_no_prefix_and_a_stranger_has_one():
    world = World()
    root, second = world.thread("ada", ["One.", "Two."])
    comment = world.post("bob", "Nice!", reply_to=second)
    answer = world.post("ada", "Thanks.", reply_to=comment)
    assert second.text == "Two."
    assert second.in_reply_to_user_id == root.author.id
    assert comment.text == "@ada Nice!"
    assert comment.display_text_range == (5, 10)
    assert answer.text == "@bob Thanks."
    assert {post.conversation_id for post in world.posts} == {root.id}


def test_a_reply_below_the_bots_reply_carries_its_name_unasked():
    world = World()
    root = world.post("ada", "One.")
    mention = world.mention("bob", root)
    reply = world.post(world.bot, "Here you are.", reply_to=mention)
    thanks = world.post("cleo", "Thank you both", reply_to=reply)
    assert mention.text == "@ada @unrollbot unroll"
    assert reply.text == "@bob @ada Here you are."
    assert thanks.text == "@unrollbot @bob @ada Thank you both"
    assert world.bot.id in thanks.mentioned_ids
    assert not thanks.names_explicitly("unrollbot")
    assert world.replies_to(mention) == [reply]


def test_going_on_under_a_stranger_keeps_the_strangers_name():
    world = World()
    comment = world.post("bob", "Why?", reply_to=world.post("ada", "One."))
    first = world.post("ada", "Because", reply_to=comment)
    assert world.post("ada", "and also", reply_to=first).text == "@bob and also"


def test_ids_grow_within_one_millisecond_and_carry_the_time():
    moment = datetime(2026, 5, 1, 12, tzinfo=UTC)
    world = World(now=lambda: moment)
    numbers = [world.post("ada", str(number)).number for number in range(500)]
    assert numbers == sorted(set(numbers))
    given = world.post("ada", "given", id=numbers[0] + 10_000_000)
    assert abs(given.created_at - moment) < timedelta(seconds=5)
    with pytest.raises(ValueError, match="already"):
        world.post("ada", "again", id=numbers[0])


def test_an_edit_is_a_new_post_with_the_same_history():
    world = World()
    root = world.post("ada", "Teh start")
    reply = world.post("ada", "next", reply_to=root)
    newer = world.edit(root, "The start")
    assert root.versions == newer.versions == [root.id, newer.id]
    assert newer.conversation_id == root.id == reply.replied_to_id
    assert root.text == "Teh start"
    world.delete(newer)
    assert world.standing(root) == "gone"


def test_a_thread_never_reaches_the_future():
    world = World()
    posts = world.thread("ada", [str(number) for number in range(100)], ago=timedelta(minutes=5))
    assert max(post.created_at for post in posts) <= world.now()


def test_a_crowd_of_twenty_thousand_is_made_and_searched_fast():
    world = World()
    root, second = world.thread("ada", ["One.", "Two."])
    begun = time.process_time()
    for number in range(20_000):
        world.post(f"fan{number % 500}", "So true!", reply_to=root)
    assert time.process_time() - begun < 6
    world.advance(world.search_lag * 2)
    keys = {"Authorization": f"Bearer {world.credentials.bearer_token}"}
    with serve(world) as server, RewritingSession(server.url) as session:
        query = {"query": f"conversation_id:{root.id} from:ada", "max_results": "100"}
        begun = time.process_time()
        answer = session.get("/2/tweets/search/recent", params=query, headers=keys)
    assert [post["id"] for post in answer.json()["data"]] == [second.id]
    assert time.process_time() - begun < 0.5
