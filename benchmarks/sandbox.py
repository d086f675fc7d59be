"""How many calls a second the local X serves by itself, so that nobody measures it in the bot's place.

It runs in a process of its own; one client asks over one connection, or eight over one each. Requests are
signed beforehand: time stamps and nonces are not checked.
"""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from statistics import median

from oauthlib.oauth1 import Client  # type: ignore[import-untyped]  # it ships no types

from benchmarks.tables import table
from sandbox.nouns import Credentials
from sandbox.run import listen, run_on
from sandbox.world import World

SECONDS, ROUNDS, CLIENTS = 2.0, 3, (1, 8)
POSTS, MENTIONS = 25, 100
FIELDS = "tweet.fields=author_id,conversation_id,created_at,in_reply_to_user_id,referenced_tweets,entities"
WIDE = {"limit": 10_000_000, "seconds": 900, "per_day": 10_000_000}
ENDPOINTS = (
    "GET /2/users/:id/mentions",
    "GET /2/tweets",
    "GET /2/tweets/search/recent",
    "POST /2/tweets",
)


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    headers: dict[str, str]
    body: str | None = None


def report() -> str:
    with _served() as (port, calls):
        rounds: dict[tuple[str, int], list[float]] = {}
        for _ in range(ROUNDS):
            for name, call in calls.items():
                for clients in CLIENTS:
                    rounds.setdefault((name, clients), []).append(_rate(port, call, clients))
    rows = [[name, *(f"{median(rounds[name, clients]):.0f}" for clients in CLIENTS)] for name in calls]
    return table(["calls a second", "one client", "eight clients"], rows)


@contextmanager
def _served() -> Iterator[tuple[int, dict[str, Call]]]:
    """The port, and a call of each kind."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=[theirs], daemon=True)
    process.start()
    try:
        port, bot, posts, asked, keys = ours.recv()
        yield port, _calls(f"http://127.0.0.1:{port}", bot, posts, asked, keys)
    finally:
        process.terminate()
        process.join(10)


def _serve(told: Connection) -> None:
    world = World(search_lag=timedelta(0))
    for endpoint in ENDPOINTS:
        world.limits.set(endpoint, **WIDE)
    words = [f"Post {n} of a thread about lighthouses." for n in range(POSTS)]
    thread = world.thread("ada", words, ago=timedelta(hours=2))
    asked = [world.mention(f"asker{n}", thread[n % POSTS]).id for n in range(MENTIONS)]
    listener = listen("127.0.0.1", 0)
    told.send(
        (listener.getsockname()[1], world.bot.id, [post.id for post in thread], asked[0], world.credentials)
    )
    run_on(listener, world)


def _calls(url: str, bot: str, posts: list[str], asked: str, keys: Credentials) -> dict[str, Call]:
    """What an unroll asks for. X takes no text twice: the body has a place for a number."""
    app = {"Authorization": f"Bearer {keys.bearer_token}"}
    mentions = f"/2/users/{bot}/mentions?max_results=100&{FIELDS}"
    query = f"query=conversation_id%3A{posts[0]}&max_results=100&{FIELDS}"
    return {
        f"mentions, {MENTIONS} on a page": Call("GET", mentions, _signed("GET", url + mentions, keys)),
        f"{POSTS} posts by id": Call("GET", f"/2/tweets?ids={','.join(posts)}&{FIELDS}", app),
        f"search, {POSTS} posts": Call("GET", f"/2/tweets/search/recent?{query}", app),
        "a reply": Call(
            "POST",
            "/2/tweets",
            {**_signed("POST", f"{url}/2/tweets", keys), "Content-Type": "application/json"},
            json.dumps({"text": "A calm page {}", "reply": {"in_reply_to_tweet_id": asked}}),
        ),
    }


def _signed(method: str, url: str, keys: Credentials) -> dict[str, str]:
    client = Client(keys.consumer_key, keys.consumer_secret, keys.access_token, keys.access_token_secret)
    _, headers, _ = client.sign(url, http_method=method)
    return dict(headers)


def _rate(port: int, call: Call, clients: int) -> float:
    done = [0] * clients
    end = time.monotonic() + SECONDS
    threads = [threading.Thread(target=_ask, args=[port, call, end, done, n]) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / SECONDS


def _ask(port: int, call: Call, end: float, done: list[int], number: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    while time.monotonic() < end:
        body = call.body.replace("{}", f"{number} {time.monotonic_ns()}") if call.body else None
        connection.request(call.method, call.path, body, call.headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status not in {200, 201}:
            raise AssertionError(said)
        done[number] += 1
    connection.close()
