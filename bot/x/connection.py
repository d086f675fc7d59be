"""How a process reaches X: tweepy over a session of our own, and the windows it shares with the others."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
import tweepy
from redis.backoff import NoBackoff
from redis.retry import Retry
from urllib3.exceptions import ProtocolError

from bot.redis import client as redis_client
from bot.settings import CONNECT_TIMEOUT, HTTP_TIMEOUT, Settings
from bot.x.circuits import Circuits
from bot.x.limits import Limits
from bot.x.line import Adapter

# At DEBUG tweepy logs the Authorization header, and oauthlib the secrets it signs with.
for name in ("tweepy", "oauthlib", "requests_oauthlib"):
    logging.getLogger(name).setLevel(logging.INFO)

# Redis is on our side: where it is away, `Limits` falls back at once instead of trying again.
REDIS_TIMEOUT = timedelta(seconds=2)

# Servers close a connection that nobody uses; the shortest usual time is five seconds. One that has rested
# for longer than this may be closed at the very moment at which we write to it.
MAY_BE_CLOSED_AFTER = timedelta(seconds=3)

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Session(requests.Session):
    """Sends tweepy's requests to our host, before they are signed, and never without a time-out."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.base_url = base_url
        self.last_response: requests.Response | None = None
        self._answered_at: float | None = None
        for scheme in ("http://", "https://"):
            self.mount(scheme, Adapter())
        if urlsplit(base_url).hostname in LOOPBACK:
            self.trust_env = False  # a proxy set for the outside has no business with a local X

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        self.last_response = None
        kwargs.setdefault("timeout", (CONNECT_TIMEOUT.total_seconds(), HTTP_TIMEOUT.total_seconds()))
        kwargs["allow_redirects"] = False
        ask = partial(super().request, method, self._ours(url), *args, **kwargs)
        self.last_response = response = self._after_a_rest(method, ask) if self._rested() else ask()
        self._answered_at = time.monotonic()
        return response

    def _rested(self) -> bool:
        rest = MAY_BE_CLOSED_AFTER.total_seconds()
        return self._answered_at is not None and time.monotonic() - self._answered_at > rest

    def _after_a_rest(self, method: str | bytes, ask: Callable[[], requests.Response]) -> requests.Response:
        """A read takes the connection there is, and a new one where X hung up in this moment. Whatever
        changes something is never sent twice: it gets a new one at once.
        """
        if method != "GET":
            self.close()
            return ask()
        try:
            return ask()
        except requests.ConnectionError as error:
            if not _hung_up(error):
                raise
            self.close()
            return ask()

    def _ours(self, url: str | bytes) -> str:
        """Whatever host tweepy has in its code (4.17: api.twitter.com): no call may go anywhere else."""
        parts = urlsplit(url if isinstance(url, str) else url.decode())
        return self.base_url + urlunsplit(("", "", parts.path, parts.query, ""))


def _hung_up(error: requests.ConnectionError) -> bool:
    """Whether the connection stood, and was closed before a byte of an answer."""
    inner = error.args[0] if error.args else None
    return isinstance(inner, ProtocolError) and isinstance(inner.args[-1], ConnectionResetError)


@dataclass
class Connection:
    """What a process needs to reach X. A `requests.Session` is not safe to share: one for each thread."""

    settings: Settings
    app: Limits
    user: Limits
    circuits: Circuits
    _local: threading.local = field(default_factory=threading.local)

    @property
    def client(self) -> tweepy.Client:
        if not hasattr(self._local, "client"):
            self._local.client = self._client()
        client: tweepy.Client = self._local.client
        return client

    def _client(self) -> tweepy.Client:
        def secret(name: str) -> str | None:
            value = getattr(self.settings, name)
            return value.get_secret_value() if value else None

        client = tweepy.Client(
            bearer_token=secret("x_bearer_token"),
            consumer_key=secret("x_consumer_key"),
            consumer_secret=secret("x_consumer_secret"),
            access_token=secret("x_access_token"),
            access_token_secret=secret("x_access_token_secret"),
            return_type=dict,
            wait_on_rate_limit=False,
        )
        client.session = Session(self.settings.x_api_url)
        return client


def connect(settings: Settings) -> Connection:
    """Raises BadSettings where a key is missing. Opens no connection yet."""
    settings.require_credentials()
    seconds = REDIS_TIMEOUT.total_seconds()
    client = redis_client(
        settings.redis_url,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), 0),
    )
    bearer, token = settings.x_bearer_token, settings.x_access_token
    assert bearer is not None  # noqa: S101 - required above
    assert token is not None  # noqa: S101
    return Connection(
        settings=settings,
        app=Limits(client, bearer.get_secret_value()),
        user=Limits(client, token.get_secret_value()),
        circuits=Circuits(client),
    )
