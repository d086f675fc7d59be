"""Lists of a site that has grown: 100,000 threads, 1,000 of them by one author, beside one of 1,000 threads.

Rows are put into the tables directly, with words drawn as people use them: a few very often, most of them
rarely. Asked is the site itself, in this process, without a network.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import insert, text
from starlette.applications import Starlette

from benchmarks.tables import table
from bot.domain import Author, Post, Thread
from bot.rules.words import tag
from bot.settings import Settings
from bot.store import Store, open_store, search
from bot.store.models import (
    AuthorNameRow,
    AuthorRow,
    AuthorShelfRow,
    CardRow,
    CardTagRow,
    CardTextRow,
    JobRow,
    ReadRow,
)
from reader.app import create_app
from tests.store import postgres
from tests.store.databases import Server

SMALL, LARGE = 1_000, 100_000
# Ada wrote a hundred of the few threads, and a thousand of the many; one person asked for as many.
ADA, EVERYBODY, HERS = 7, 5_000, {1_000: 100, 100_000: 1_000}
ROUNDS = 25
BATCH = 2_000
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS_IN_A_THREAD = 250
# Each fills a page of results on both sites: in nearly all threads, and in one of ten.
COMMON, RARE = "w0", "w200"

ADDRESSES = {
    "an author's page": "/user/ada",
    "its last page": "/user/ada?before=0-{early}",
    "an author's feed": "/user/ada/feed.xml",
    "recent": "/recent",
    "recent, far back": "/recent?before={micros}-0",
    "popular": "/popular",
    "a hashtag": "/hashtag/fog",
    "search: a word in one of ten": f"/search?q={RARE}+",
    "search: a word in nearly all": f"/search?q={COMMON}+",
    "search: both": f"/search?q={COMMON}+{RARE}+",
    "search: a word in one thread of the few": "/search?q=w9000",
    "search: the beginning of many words": "/search?q=w19",
    "what somebody asked for": "/for/50",
    "the front page": "/",
    "the map": "/sitemap.xml",
    "a part of the map": "/sitemap-1.xml",
}


@dataclass(frozen=True)
class Site:
    """One site and where its lists are asked for."""

    app: Starlette
    addresses: dict[str, str]


def report() -> str:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        parts = [
            f"{name}:\n\n{_compared(make, stack, folder)}"
            for name, make in (("SQLite", _sqlite), ("PostgreSQL", _postgresql))
        ]
    return "\n\n".join([*parts, f"Pages of long threads:\n\n{_long_threads()}"])


def _compared(make: Callable[..., Any], stack: ExitStack, folder: Path) -> str:
    small, large = (_site(stack.enter_context(make(stack, folder, size)), size) for size in (SMALL, LARGE))
    rows = []
    for name in ADDRESSES:
        ours = _side_by_side(small, large, name)
        rows.append([name, *(f"{ms:.1f}" for ms in ours), f"{ours[1] / ours[0]:.2f}"])
    return table(["", f"{SMALL:,} threads, ms", f"{LARGE:,} threads, ms", "ratio"], rows)


@contextmanager
def _sqlite(_stack: ExitStack, folder: Path, size: int) -> Iterator[Store]:
    store = open_store(f"sqlite:///{folder}/{size}.db")
    fill(store, size)
    yield store
    store.close()


@contextmanager
def _postgresql(stack: ExitStack, _folder: Path, size: int) -> Iterator[Store]:
    server = Server(stack.enter_context(postgres.server()), prefix=f"unroll_growth_{size}")
    stack.callback(server.close)
    url = stack.enter_context(server.fresh())
    store = open_store(url)
    fill(store, size)
    yield store
    store.close()


def fill(store: Store, size: int) -> None:
    """Threads an hour apart, each with words, a hashtag in ten, reads and askers."""
    random_ = random.Random(1)
    weights = [1 / (rank + 1) for rank in range(20_000)]
    names = [f"w{rank}" for rank in range(20_000)]
    drawn = iter(lambda: random_.choices(names, weights, k=WORDS_IN_A_THREAD), None)
    numbers = iter(range(size))
    while batch := list(islice(numbers, BATCH)):
        _insert(store, batch, drawn, size)
    with store.database.writing.begin() as connection:
        counts: dict[int, int] = {}
        for number in range(size):
            author = author_of(number, size)
            counts[author] = counts.get(author, 0) + 1
        people = [
            {
                "id": i,
                "username": "ada" if i == ADA else f"a{i}",
                "name": "Ada",
                "bio": "",
                "protected": False,
                "updated_at": NOW,
            }
            for i in counts
        ]
        connection.execute(insert(AuthorRow), people)
        connection.execute(
            insert(AuthorNameRow), [{"name": each["username"], "author_id": each["id"]} for each in people]
        )
        connection.execute(
            insert(AuthorShelfRow), [{"author_id": i, "revision": 1, "cards": n} for i, n in counts.items()]
        )
    if not store.database.is_sqlite:
        with store.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def is_hers(number: int, size: int) -> bool:
    return number % (size // HERS[size]) == 0


def author_of(number: int, size: int) -> int:
    return ADA if is_hers(number, size) else 1_000 + number % EVERYBODY


def thread_id(number: int) -> int:
    return (1_700_000_000_000 + number * 3_600_000) << 22


def _insert(store: Store, batch: list[int], drawn: Iterator[list[str]], size: int) -> None:
    cards, tags, texts, reads, jobs, words = [], [], [], [], [], []
    for number in batch:
        own = next(drawn)
        key, author = thread_id(number), author_of(number, size)
        at = NOW - timedelta(hours=size - number)
        # Every second thread was asked for once only, and stands in no public list.
        again = at if number % 2 == 0 else None
        cards.append(
            {
                "thread_id": key,
                "author_id": author,
                "username": "ada" if author == ADA else f"a{author}",
                "name": "Ada",
                "avatar_url": None,
                "written_at": at,
                "made_at": at,
                "asked_again_at": again,
                "confirmed_at": NOW,
                "title": " ".join(own[:5]),
                "opening": " ".join(own[5:50]),
                "lang": "en",
                "direction": "ltr",
                "posts": 7,
                "minutes": 2,
                "picture_url": None,
                "tags": ["fog"] if number % 10 == 0 else [],
                "reads": number % 977,
            }
        )
        texts.append({"thread_id": key, "text": " ".join(own)})
        words.append((key, tuple(dict.fromkeys(own[:5])), tuple(dict.fromkeys(own))))
        reads.append({"thread_id": key, "day": NOW.date(), "reads": number % 977})
        if number % 10 == 0:
            tags.append({"tag": tag("fog"), "thread_id": key})
        jobs.append(
            {
                "kind": "unroll",
                "state": "done",
                "requester_id": 50 if is_hers(number, size) else 1_000 + number,
                "post_id": key,
                "thread_id": key,
                "reply_wanted": True,
                "attempts": 1,
                "failures": 0,
                "priority": 0,
                "created_at": at,
                "updated_at": at,
            }
        )
    with store.database.write() as session:
        connection = session.connection()
        for model, rows in (
            (CardRow, cards),
            (CardTextRow, texts),
            (ReadRow, reads),
            (JobRow, jobs),
            (CardTagRow, tags),
        ):
            connection.execute(insert(model), rows)
        for key, head, body in words:
            search.index(store.database, session, key, head=head, body=body)


def _site(store: Store, size: int) -> Site:
    settings = Settings(database_url=store.database.url, public_url="http://127.0.0.1")
    app = create_app(store, settings, lambda: NOW)
    far = NOW - timedelta(hours=size * 0.9)
    known = {
        "early": str(thread_id(size // 10)),
        "micros": str(int(far.timestamp() * 1_000_000)),
    }
    return Site(app, {name: address.format(**known) for name, address in ADDRESSES.items()})


def _side_by_side(small: Site, large: Site, name: str) -> tuple[float, float]:
    """Medians of rounds in turn, so that whatever else the machine does hits both."""

    async def rounds() -> list[tuple[float, float]]:
        return [
            (await _ask(small.app, small.addresses[name]), await _ask(large.app, large.addresses[name]))
            for _ in range(ROUNDS)
        ]

    found = asyncio.run(rounds())[2:]
    return median(each[0] for each in found), median(each[1] for each in found)


async def _ask(app: Starlette, address: str) -> float:
    """Milliseconds until the whole answer is there."""
    path, _, query = address.partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [],
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
        "http_version": "1.1",
        "root_path": "",
    }
    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    start = time.perf_counter()
    await app(scope, receive, send)
    took = (time.perf_counter() - start) * 1000
    if status != 200:  # noqa: PLR2004 - RFC 9110
        raise AssertionError(f"{address} answered {status}")
    return took


def _long_threads() -> str:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/long.db")
        rows = [_long_thread(store, posts) for posts in (25, 1_000)]
        store.close()
    return table(["posts in a thread", "page, kB", "made, ms", "again, ms"], rows)


def _long_thread(store: Store, posts: int) -> list[str]:
    """A page is made once for each version of a thread, then sent from memory."""
    first = posts * 10_000
    words = "Keepers wrote the weather down every hour, and nobody read it for a century. " * 3
    made = tuple(
        Post(first + n, ADA, first, NOW + timedelta(minutes=n), words, lang="en", versions=(first + n,))
        for n in range(posts)
    )
    store.threads.save(Thread(first, first, Author(ADA, "ada", "Ada"), made), now=NOW)
    app = create_app(store, Settings(database_url=store.database.url), lambda: NOW)
    size = len(app.state.site.store.threads.find(first).thread.posts)
    if size != posts:
        raise AssertionError("the thread is not whole")

    async def ask() -> tuple[float, float]:
        once = await _ask(app, f"/thread/{first}")
        return once, median([await _ask(app, f"/thread/{first}") for _ in range(ROUNDS)])

    once, again = asyncio.run(ask())
    [page] = app.state.site.shelf._pages.values()  # noqa: SLF001 - to weigh it
    return [f"{posts:,}", f"{len(page) / 1000:.0f}", f"{once:.0f}", f"{again:.1f}"]
