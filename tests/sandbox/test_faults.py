"""Each fault as the client meets it, and that it is gone afterwards."""

from __future__ import annotations

import time

import pytest
import requests
import tweepy


def test_a_cut_before_leaves_nothing_behind(world, client):
    world.faults.cut_before("POST /2/tweets")
    with pytest.raises(requests.ConnectionError):
        client.create_tweet(text="Hello")
    assert not world.posts
    client.create_tweet(text="Hello")
    assert [post.raw for post in world.posts] == ["Hello"]


def test_a_dropped_answer_leaves_the_post(world, client):
    world.faults.drop_answer_of("POST /2/tweets")
    with pytest.raises(requests.ConnectionError):
        client.create_tweet(text="Hello")
    assert [post.raw for post in world.posts] == ["Hello"]
    assert client.get_me()["data"]["id"] == world.bot.id


def test_a_slow_answer_is_done_at_once(world, client, session):
    world.faults.slow("POST /2/tweets", seconds=30)
    begun = time.monotonic()
    with pytest.raises(requests.ReadTimeout):
        session.request(
            "POST", "https://api.twitter.com/2/tweets", json={"text": "a"}, auth=signed(world), timeout=0.3
        )
    assert time.monotonic() - begun < 5
    assert len(world.posts) == 1


def signed(world):
    keys = world.credentials
    return tweepy.OAuth1UserHandler(
        keys.consumer_key, keys.consumer_secret, keys.access_token, keys.access_token_secret
    ).apply_auth()


def test_answers_happen_in_order_and_end(world, get):
    world.faults.answer("GET /2/tweets", 503, times=2)
    world.faults.html("GET /2/tweets")
    world.faults.answer("GET /2/tweets", 500)
    statuses = [get("/2/tweets", ids="1") for _ in range(5)]
    assert [answer.status_code for answer in statuses] == [503, 503, 503, 500, 200]
    assert statuses[0].json()["title"] == "Service Unavailable"
    assert statuses[2].headers["content-type"].startswith("text/html")
    assert world.faults.pending == {}


def test_garbage_and_nothing_with_a_200(world, client):
    world.faults.garbage("GET /2/users/me")
    world.faults.empty("GET /2/users/me")
    for _ in range(2):
        with pytest.raises(requests.JSONDecodeError):
            client.get_me()
    client.get_me()
    world.faults.empty("POST /2/tweets", done=True)
    with pytest.raises(requests.JSONDecodeError):
        client.create_tweet(text="Hello")
    assert len(world.posts) == 1


def test_rate_limited_with_and_without_a_reset(world, client):
    world.faults.rate_limited("GET /2/users/me", seconds=60)
    world.faults.rate_limited("GET /2/users/me", with_reset=False)
    with pytest.raises(tweepy.TooManyRequests) as first:
        client.get_me()
    assert 50 < first.value.reset_time - time.time() <= 60
    with pytest.raises(tweepy.TooManyRequests) as second:
        client.get_me()
    assert second.value.reset_time is None


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("usage_capped", 429, "usage-capped"),
        ("credits_depleted", 402, "credits"),
        ("not_permitted", 403, "about:blank"),
    ],
)
def test_the_ones_that_need_an_operator(world, get, fault, status, kind):
    getattr(world.faults, fault)("GET /2/tweets")
    answer = get("/2/tweets", ids="1")
    assert answer.status_code == status
    assert answer.json()["type"].rpartition("/")[2] == kind


def test_clear_and_unknown_endpoints(world, get):
    world.faults.answer("GET /2/tweets/{id}", 503, times=9)
    world.faults.clear()
    assert get("/2/tweets/1").status_code == 200
    with pytest.raises(ValueError, match="no endpoint"):
        world.faults.answer("GET /2/nonsense", 503)
