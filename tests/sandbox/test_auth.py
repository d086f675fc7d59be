"""Tokens and signatures."""

from __future__ import annotations

import pytest
import requests
import tweepy


def test_a_wrong_token_is_a_401(world, served, session):
    for header in ("Bearer nonsense", b"Bearer \xff", "OAuth nonsense", 'OAuth a="b",', "Basic eDp5", ""):
        answer = session.get(served.url + "/2/tweets?ids=1", headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer.json()["title"] == "Unauthorized"


def test_a_signature_made_with_other_secrets_is_a_401(world, client):
    client.access_token_secret = "another"
    with pytest.raises(tweepy.Unauthorized):
        client.get_me()


def test_the_signature_covers_host_and_query(world, client, served):
    """Signed for X's own host and sent here: a 401, as a proxy that rewrites after signing would earn."""
    keys = world.credentials
    oauth = tweepy.OAuth1UserHandler(
        keys.consumer_key, keys.consumer_secret, keys.access_token, keys.access_token_secret
    ).apply_auth()
    with requests.Session() as plain:
        plain.trust_env = False
        prepared = plain.prepare_request(
            requests.Request("GET", "https://api.twitter.com/2/users/me", auth=oauth)
        )
        prepared.url = served.url + "/2/users/me"
        assert plain.send(prepared, timeout=5).status_code == 401
        tampered = plain.prepare_request(requests.Request("GET", served.url + "/2/tweets?ids=1", auth=oauth))
        tampered.url = served.url + "/2/tweets?ids=2"
        assert plain.send(tampered, timeout=5).status_code == 401
    assert client.get_tweets(["1"], user_auth=True)["errors"]


def test_odd_characters_survive_the_signature(client):
    assert client.search_recent_tweets('"bread & butter" 霧 -is:reply', user_auth=True)["meta"] == {
        "result_count": 0
    }


def test_each_endpoint_wants_its_kind_of_token(world, client, get, served, session):
    bearer = {"Authorization": f"Bearer {world.credentials.bearer_token}"}
    assert get("/2/users/me").json()["type"].endswith("/unsupported-authentication")
    posted = session.post(served.url + "/2/tweets", json={"text": "Hello"}, headers=bearer)
    assert posted.status_code == 403
    with pytest.raises(tweepy.Forbidden):
        client._make_request("GET", "/2/tweets/search/all", {"query": "x"}, ("query",), user_auth=True)


def test_a_token_that_may_only_read_says_so(world, client, monkeypatch):
    levels = []
    ask = client.session.request

    def listening(*args, **kwargs):
        answer = ask(*args, **kwargs)
        levels.append(answer.headers.get("x-access-level"))
        return answer

    monkeypatch.setattr(client.session, "request", listening)
    client.get_me()
    client.get_tweets(["1"])
    world.read_only = True
    client.get_me()
    assert levels == ["read-write", None, "read"]
    with pytest.raises(tweepy.Forbidden) as refused:
        client.create_tweet(text="Hello")
    assert refused.value.response.json()["type"].endswith("/oauth1-permissions")


def test_key_and_secret_of_the_app_lead_to_its_bearer_token(world, served, session):
    def ask(key, secret):
        told = {"grant_type": "client_credentials"}
        return session.post(f"{served.url}/oauth2/token", data=told, auth=(key, secret))

    keys = world.credentials
    assert ask(keys.consumer_key, keys.consumer_secret).json()["access_token"] == keys.bearer_token
    for key, secret in ((keys.consumer_key, "another"), ("another", keys.consumer_secret), ("", "")):
        assert ask(key, secret).status_code == 403
    world.revoke()
    assert ask(keys.consumer_key, keys.consumer_secret).status_code == 403


def test_revoked_tokens_come_back(world, client):
    world.revoke()
    with pytest.raises(tweepy.Unauthorized):
        client.get_me()
    with pytest.raises(tweepy.Unauthorized):
        client.get_tweets(["1"])
    world.restore()
    client.get_me()
