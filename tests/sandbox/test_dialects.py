"""The same payload in the old names and in the new."""

from __future__ import annotations

import json

import pytest

OLD = ("note_tweet", "referenced_tweets", "edit_history_tweet_ids", '"tweets"')
NEW = ("note_post", "referenced_posts", "edit_history_post_ids", '"posts"')


@pytest.fixture
def long_reply(world):
    return world.post("bob", "Word " * 80, reply_to=world.post("ada", "One."))


def names_in(answer):
    text = json.dumps(answer.json())
    return {name for name in OLD + NEW if name.strip('"') in text}


def test_the_new_names_are_answered_in_the_new(long_reply, get):
    params = {"post.fields": "note_post,referenced_posts", "expansions": "referenced_posts.id"}
    answer = get(f"/2/tweets/{long_reply.id}", **params)
    assert names_in(answer) == set(NEW)
    assert answer.json()["includes"]["posts"][0]["text"] == "One."


def test_the_old_names_are_answered_in_the_old(long_reply, get):
    params = {"tweet.fields": "note_tweet,referenced_tweets", "expansions": "referenced_tweets.id"}
    assert names_in(get(f"/2/tweets/{long_reply.id}", **params)) == set(OLD)


def test_the_world_can_insist(world, long_reply, get):
    params = {"tweet.fields": "note_tweet", "expansions": "referenced_tweets.id"}
    world.dialect = "new"
    assert names_in(get(f"/2/tweets/{long_reply.id}", **params)) == set(NEW)
    world.dialect = "old"
    assert names_in(get(f"/2/tweets/{long_reply.id}", **params)) == set(OLD)


def test_a_new_post_is_answered_in_the_new_names_too(world, client):
    world.dialect = "new"
    assert set(client.create_tweet(text="Hello")["data"]) == {"id", "text", "edit_history_post_ids"}
