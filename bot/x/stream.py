"""The open connection over which X tells: a line for each event, and an empty one while there is nothing.

docs.x.com/x-api/fundamentals/handling-disconnections
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import requests
import tweepy

from bot import metrics
from bot.errors import Transient
from bot.settings import CONNECT_TIMEOUT
from bot.x.connection import Connection, Session
from bot.x.errors import EXPECTED, fate

ENDPOINT = "GET /2/activity/stream"

# X sends an empty line every 20 seconds; one that is a little late is no reason to hang up.
SILENT_FOR = timedelta(seconds=30)


class Stream:
    """One connection. `hang_up` ends it from another thread, whatever it waits for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._response: requests.Response | None = None
        self._hung_up = threading.Event()

    def lines(self, *, now: datetime) -> Iterator[bytes]:
        """Yields a line as soon as it is there, the first of them when X has taken us in. Raises Transient
        where X hangs up or falls silent, Transient or Misconfigured where it does not let us in.
        """
        with Session(self._connection.settings.x_api_url) as session:
            try:
                yield from self._opened(session)
            except EXPECTED as error:
                if self._hung_up.is_set():
                    return
                if session.last_response is None:
                    metrics.X_CALLS.labels(ENDPOINT, "none").inc()
                raise fate(error, posting=False, now=now) from None
            finally:
                self._response = None
        if not self._hung_up.is_set():
            raise Transient("stream-ended", "X hung up")

    def hang_up(self) -> None:
        self._hung_up.set()
        response = self._response
        if response is not None:
            with suppress(Exception):  # it may be over at this very moment
                response.raw.shutdown()

    def _opened(self, session: Session) -> Iterator[bytes]:
        token = self._connection.settings.x_bearer_token
        assert token is not None  # noqa: S101 - required where the connection was made
        with session.get(
            f"https://api.x.com{ENDPOINT.partition(' ')[2]}",
            headers={"Authorization": f"Bearer {token.get_secret_value()}", "Accept-Encoding": "identity"},
            timeout=(CONNECT_TIMEOUT.total_seconds(), SILENT_FOR.total_seconds()),
            stream=True,
        ) as response:
            metrics.X_CALLS.labels(ENDPOINT, str(response.status_code)).inc()
            if response.status_code != requests.codes.ok:
                raise tweepy.HTTPException(response)
            self._response = response
            if self._hung_up.is_set():
                return
            yield b""
            yield from response.iter_lines(chunk_size=None)
