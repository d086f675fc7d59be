"""Windows, their headers, and what X would bill."""

from __future__ import annotations

import socket
from datetime import timedelta
from decimal import Decimal

import pytest
import requests
import tweepy

from sandbox import Media
from sandbox.run import listen


def test_a_window_is_used_up_and_begins_anew(world, get):
    world.limits.set("GET /2/tweets", limit=2, seconds=60)
    left = [get("/2/tweets", ids="1").headers["x-rate-limit-remaining"] for _ in range(2)]
    assert left == ["1", "0"]
    refused = get("/2/tweets", ids="1")
    assert refused.status_code == 429
    assert refused.json()["type"] == "about:blank"
    assert "retry-after" not in refused.headers
    assert 0 < int(refused.headers["x-rate-limit-reset"]) - world.now().timestamp() <= 61
    world.advance(timedelta(seconds=61))
    assert get("/2/tweets", ids="1").status_code == 200


def test_user_and_app_have_windows_of_their_own(world, client):
    world.limits.set("GET /2/tweets", limit=1)
    client.get_tweets(["1"])
    client.get_tweets(["1"], user_auth=True)
    with pytest.raises(tweepy.TooManyRequests):
        client.get_tweets(["1"])


def test_the_documented_windows(world, get):
    assert get("/2/tweets", ids="1").headers["x-rate-limit-limit"] == "3500"
    assert get("/2/tweets/search/recent", query="x").headers["x-rate-limit-limit"] == "450"


def test_the_archive_is_asked_once_a_second(world, get):
    assert get("/2/tweets/search/all", query="x").status_code == 200
    assert get("/2/tweets/search/all", query="x").status_code == 429
    world.advance(timedelta(seconds=1))
    assert get("/2/tweets/search/all", query="x").status_code == 200


def test_a_post_tells_of_the_day(world, session, client):
    client.return_type = requests.Response
    headers = client.create_tweet(text="Hello").headers
    assert headers["x-rate-limit-limit"] == "100"
    assert headers["x-app-limit-24hour-limit"] == "10000"
    assert headers["x-user-limit-24hour-remaining"] == "9999"
    world.limits.set("POST /2/tweets", per_day=1)
    client.create_tweet(text="Once")
    with pytest.raises(tweepy.TooManyRequests):
        client.create_tweet(text="Twice")


def test_a_thread_is_billed_by_the_list(world, client):
    thread = world.thread("ada", ["One.", "Two.", "Three."], ago=timedelta(minutes=10))
    mention = world.mention("bob", thread[-1])
    client.get_users_mentions(world.bot.id, user_auth=True)
    client.search_recent_tweets(f"conversation_id:{thread[0].id} from:ada")
    client.get_tweets([thread[0].id], expansions=["author_id"])
    client.create_tweet(text="http://localhost/t/1", in_reply_to_tweet_id=mention.id)
    assert world.ledger.by_resource == {
        "mention_read": 1,
        "post_read": 3,
        "user_read": 1,
        "summoned_reply_with_link": 1,
    }
    assert world.ledger.total == Decimal("0.001") + 3 * Decimal("0.005") + Decimal("0.010") + Decimal("0.010")
    assert [call.endpoint for call in world.ledger.calls] == [
        "GET /2/users/:id/mentions",
        "GET /2/tweets/search/recent",
        "GET /2/tweets",
        "POST /2/tweets",
    ]


def test_the_same_day_is_billed_once_and_the_next_again(world, get):
    post = world.post("ada", "One.")
    get("/2/tweets", ids=post.id)
    get("/2/tweets", ids=post.id)
    assert world.ledger.by_resource["post_read"] == 1
    world.advance(timedelta(days=1))
    get(f"/2/tweets/{post.id}")
    assert world.ledger.by_resource["post_read"] == 2
    assert [call.billed for call in world.ledger.calls] == [{"post_read": 1}, {}, {"post_read": 1}]


def test_expansions_are_billed_and_failures_are_free(world, get):
    root = world.post("ada", "One.", media=Media("hills"))
    reply = world.post("bob", "Two.", reply_to=root)
    get(f"/2/tweets/{reply.id}", expansions="referenced_tweets.id.author_id,author_id")
    assert world.ledger.by_resource == {"post_read": 2, "user_read": 2}
    before = world.ledger.total
    get("/2/tweets", ids="12345")
    get("/2/tweets", ids="x")
    world.faults.answer("GET /2/tweets", 503)
    get("/2/tweets", ids=root.id)
    assert world.ledger.total == before
    assert [call.status for call in world.ledger.calls] == [200, 200, 400, 503]


def test_a_post_with_a_link_is_dear_and_the_price_of_a_reply_is_a_setting(world, client):
    client.create_tweet(text="http://localhost/")
    assert world.ledger.total == Decimal("0.2")
    world.ledger.prices["summoned_reply_with_link"] = 200_000
    mention = world.mention("bob", world.post("ada", "One."))
    client.create_tweet(text="http://localhost/t/1", in_reply_to_tweet_id=mention.id)
    assert world.ledger.total == Decimal("0.4")


def test_the_ledger_says_how_long_an_answer_took(world, get):
    world.faults.slow("GET /2/tweets", 0.05)
    get("/2/tweets", ids="1")
    get("/2/tweets", ids="1")
    slow, quick = world.ledger.calls
    assert slow.seconds > quick.seconds > 0
    assert slow.seconds >= 0.05


def test_connections_send_what_they_have_at_once():
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
