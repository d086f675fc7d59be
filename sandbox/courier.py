"""Brings events to webhooks: signed, again where the answer is not 200, and never beyond loopback.

X's documents say 10 seconds for an answer. How often it tries again is told for the enterprise product only:
three times within five minutes; the steps between are our choice.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

if TYPE_CHECKING:
    from sandbox.faults import Fault
    from sandbox.world import World

ANSWERS_WITHIN = 10
RETRIES = (timedelta(seconds=5), timedelta(seconds=55), timedelta(minutes=4))
SIGNATURE = "x-twitter-webhooks-signature"

Send = Callable[[str, str, bytes, Mapping[str, str]], tuple[int, bytes]]
"""Method, address, body and headers -> status and body. Raises httpx.HTTPError where no answer comes."""


@dataclass(frozen=True)
class Delivery:
    """`status` is that of the last try, 0 where no answer came."""

    url: str
    body: bytes
    signature: str
    due: datetime
    tries: int = 0
    status: int | None = None


def over_http(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    with httpx.Client(trust_env=False, timeout=ANSWERS_WITHIN) as client:
        answer = client.request(method, url, content=body, headers=dict(headers))
        return answer.status_code, answer.content


class Courier:
    """`done` are deliveries that are over, in the order in which they ended. `send` can be replaced."""

    def __init__(self, world: World) -> None:
        self.send: Send = over_http
        self.done: list[Delivery] = []
        self._world = world
        self._waiting: list[Delivery] = []
        self._one_at_a_time = threading.Lock()
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Deliver by itself from now on."""
        if self._thread is None:
            self._stopped.clear()
            self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(ANSWERS_WITHIN)
            self._thread = None

    def take(self, url: str, body: bytes, fault: Fault | None = None) -> None:
        late = timedelta(seconds=fault.seconds if fault is not None else 0)
        signature = self.sign(body if fault is None or fault.kind != "forge_event" else body + b" ")
        with self._world.lock:
            self._waiting.append(Delivery(url, body, signature, self._world.now() + late))
        self._wake.set()

    @property
    def waiting(self) -> list[Delivery]:
        with self._world.lock:
            return list(self._waiting)

    def deliver(self) -> None:
        """Everything that is due, now; whoever else is delivering has finished by then."""
        with self._one_at_a_time:
            for delivery in self._due():
                self._try(delivery)

    def challenge(self, url: str) -> bool:
        """Whether the address answers a CRC as the owner of the app's secret would."""
        token = secrets.token_urlsafe(24)
        with suppress(httpx.HTTPError, ValueError, AttributeError):
            status, body = self.send("GET", f"{url}?crc_token={token}&nonce={secrets.token_hex(8)}", b"", {})
            told = json.loads(body).get("response_token")
            return status == 200 and told == self.sign(token.encode())
        return False

    def sign(self, message: bytes) -> str:
        secret = self._world.credentials.consumer_secret.encode()
        return "sha256=" + base64.b64encode(hmac.new(secret, message, hashlib.sha256).digest()).decode()

    def _due(self) -> list[Delivery]:
        with self._world.lock:
            now = self._world.now()
            due = [each for each in self._waiting if each.due <= now]
            self._waiting = [each for each in self._waiting if each.due > now]
            return due

    def _try(self, delivery: Delivery) -> None:
        headers = {"content-type": "application/json", SIGNATURE: delivery.signature}
        status = 0
        with suppress(httpx.HTTPError):
            status, _ = self.send("POST", delivery.url, delivery.body, headers)
        tried = replace(delivery, tries=delivery.tries + 1, status=status)
        with self._world.lock:
            if status == 200 or tried.tries > len(RETRIES):
                self.done.append(tried)
            else:
                again = self._world.now() + RETRIES[tried.tries - 1]
                self._waiting.append(replace(tried, due=again))

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.deliver()
            self._wake.wait(0.05)  # the world's clock may have been moved
            self._wake.clear()


def is_ours(url: str) -> bool:
    """X wants https and no port; the sandbox calls nobody but this machine, by any port."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    with suppress(ValueError):
        return parts.scheme in {"http", "https"} and ipaddress.ip_address(host).is_loopback
    return parts.scheme in {"http", "https"} and host == "localhost"
