from datetime import timedelta

import pytest
import requests


def test_a_thread_is_mentioned_found_and_answered(world, client):
    ada, bob = world.author("ada"), world.author("bob")
    thread = world.thread(ada, ["One & only.", "Two https://example.org/a?b=1&c=2", "Three"])
    mention = world.mention(bob, thread[-1])
    seen = client.get_users_mentions(world.bot.id, user_auth=True, tweet_fields=["conversation_id"])
    assert [post["id"] for post in seen["data"]] == [mention.id]
    found = client.search_recent_tweets(f"conversation_id:{thread[0].id} from:ada to:ada")
    assert [post["id"] for post in found["data"]] == [thread[2].id, thread[1].id]
    client.create_tweet(text="Here: http://localhost/t/1", in_reply_to_tweet_id=mention.id)
    (reply,) = world.replies_to(mention)
    assert reply.text.startswith("@bob @ada Here: https://t.co/")
    world.advance(timedelta(seconds=6))
    mine = client.get_users_tweets(world.bot.id)
    assert [post["id"] for post in mine["data"]] == [reply.id]


def test_cut(world, client):
    world.faults.cut_before("POST /2/tweets")
    with pytest.raises(requests.ConnectionError):
        client.create_tweet(text="x")
    assert not world.posts
    world.faults.drop_answer_of("POST /2/tweets")
    with pytest.raises(requests.ConnectionError):
        client.create_tweet(text="x")
    assert len(world.posts) == 1
    client.create_tweet(text="y")
    client.get_me()
