"""A world, its server, and clients as the bot would make them."""

from __future__ import annotations

from contextlib import closing
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
import tweepy
from requests.adapters import HTTPAdapter

from sandbox import World, serve


class RewritingSession(requests.Session):
    """Sends what tweepy asks of X to the sandbox; the host is changed before the request is signed."""

    def __init__(self, base_url):
        super().__init__()
        self.base = urlsplit(base_url)
        self.trust_env = False
        self.mount("http://", HTTPAdapter(max_retries=0))

    def request(self, method, url, *args, **kwargs):
        parts = urlsplit(url)
        url = urlunsplit((self.base.scheme, self.base.netloc, parts.path, parts.query, ""))
        kwargs.setdefault("timeout", 5)
        return super().request(method, url, *args, **kwargs)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def served(world):
    with serve(world) as server:
        yield server


@pytest.fixture
def session(served):
    with closing(RewritingSession(served.url)) as session:
        yield session


def tweepy_client(world, session):
    """Tweepy with both tokens of the world, answering in dicts."""
    keys = world.credentials
    client = tweepy.Client(
        keys.bearer_token,
        keys.consumer_key,
        keys.consumer_secret,
        keys.access_token,
        keys.access_token_secret,
        return_type=dict,
    )
    client.session.close()
    client.session = session
    return client


@pytest.fixture
def client(world, session):
    return tweepy_client(world, session)


@pytest.fixture
def get(world, session, served):
    """A GET with the bearer token: path and parameters to the response."""

    def get(path, **params):
        names = {name.replace("__", "."): value for name, value in params.items()}
        headers = {"Authorization": f"Bearer {world.credentials.bearer_token}"}
        return session.get(served.url + path, params=names, headers=headers)

    return get
