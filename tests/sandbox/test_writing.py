"""POST and DELETE, and X's rules for replies."""

from __future__ import annotations

from datetime import timedelta

import pytest
import tweepy

from sandbox.problems import (
    BLOCKED,
    DUPLICATE,
    NOT_PERMITTED,
    NOT_SUMMONED,
    PARENT_GONE,
    REPLIES_LIMITED,
    TOO_LONG,
)


@pytest.fixture
def mention(world):
    return world.mention("bob", world.thread("ada", ["One.", "Two."])[-1])


def refusal(client, **post):
    with pytest.raises(tweepy.Forbidden) as caught:
        client.create_tweet(**post)
    return caught.value.response.json()["detail"]


def test_a_summoned_reply_is_seen_where_it_should_be(world, client, mention):
    made = client.create_tweet(text="Here: http://localhost:8000/t/1", in_reply_to_tweet_id=mention.id)
    (reply,) = world.replies_to(mention)
    assert made["data"] == {"id": reply.id, "text": reply.text, "edit_history_tweet_ids": [reply.id]}
    assert reply.text.startswith("@bob @ada Here: https://t.co/")
    assert reply.conversation_id == mention.conversation_id
    assert "data" not in client.get_users_tweets(world.bot.id)
    world.advance(timedelta(seconds=6))
    assert [post["id"] for post in client.get_users_tweets(world.bot.id)["data"]] == [reply.id]


def test_the_threads_author_did_not_call(world, client, mention):
    assert refusal(client, text="Hello", in_reply_to_tweet_id=mention.replied_to_id) == NOT_SUMMONED


def test_a_name_put_in_front_by_x_is_no_call(world, client, mention):
    reply = world.post(world.bot, "Here.", reply_to=mention)
    thanks = world.post("bob", "Thanks!", reply_to=reply)
    assert refusal(client, text="You are welcome", in_reply_to_tweet_id=thanks.id) == NOT_SUMMONED


def test_quoting_the_bot_is_a_call(world, client):
    own = world.post(world.bot, "Hello")
    quoting = world.quote("bob", own, "Look at this")
    client.create_tweet(text="Thank you", in_reply_to_tweet_id=quoting.id)
    assert world.replies_to(quoting)


def test_a_mention_past_the_cut_is_a_call(world, client):
    long = world.post("bob", "Word " * 80 + "@unrollbot unroll")
    client.create_tweet(text="Here", in_reply_to_tweet_id=long.id)
    assert world.replies_to(long)


def test_the_same_words_twice_are_refused_for_a_day(world, client, mention):
    other = world.mention("cleo", mention.replied_to_id)
    client.create_tweet(text="Here", in_reply_to_tweet_id=mention.id)
    assert refusal(client, text="Here", in_reply_to_tweet_id=other.id) == DUPLICATE
    world.advance(timedelta(days=1, minutes=1))
    client.create_tweet(text="Here", in_reply_to_tweet_id=other.id)


@pytest.mark.parametrize(
    ("happen", "detail"),
    [
        (lambda world, mention: world.delete(mention), PARENT_GONE),
        (lambda world, mention: world.protect(mention.author), PARENT_GONE),
        (lambda world, mention: world.block(mention.author), BLOCKED),
        (lambda world, mention: world.limit_replies(mention), REPLIES_LIMITED),
    ],
)
def test_reasons_to_refuse_a_reply(world, client, mention, happen, detail):
    happen(world, mention)
    assert refusal(client, text="Here", in_reply_to_tweet_id=mention.id) == detail


def test_quoting_by_api_is_gone(world, client, mention):
    assert refusal(client, text="Look", quote_tweet_id=mention.id) == NOT_PERMITTED


def test_too_long_and_empty(world, client):
    assert refusal(client, text="x" * 281) == TOO_LONG
    with pytest.raises(tweepy.BadRequest):
        client.create_tweet(text=" ")
    assert not world.posts


def test_only_the_bots_own_posts_can_be_deleted(world, client, mention):
    made = client.create_tweet(text="Here", in_reply_to_tweet_id=mention.id)
    assert client.delete_tweet(made["data"]["id"]) == {"data": {"deleted": True}}
    assert not world.replies_to(mention)
    with pytest.raises(tweepy.Forbidden):
        client.delete_tweet(mention.id)
