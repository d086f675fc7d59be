"""A store in memory with the interface the site asks for, and values to put in it."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from PIL import Image, ImageDraw
from pydantic import SecretStr

from bot.domain import Author, Entity, Media, Post, Thread
from bot.metrics import Figures

NOON = datetime(2026, 5, 3, 12, 0, tzinfo=UTC)
MIRA = Author(501, "mira_holt", "Mira Holt", "https://pbs.twimg.com/profile_images/1/mira.jpg")


@dataclass(frozen=True)
class FakeCopy:
    name: str
    width: int


@dataclass(frozen=True)
class FakePicture:
    sha256: str
    content_type: str = "image/jpeg"
    width: int = 1200
    height: int = 800
    copies: tuple = ()


@dataclass(frozen=True)
class FakeSaved:
    thread: Thread
    version: int = 1
    etag: str = "v1"
    fetched_at: datetime = NOON + timedelta(hours=1)
    checked_at: datetime = NOON + timedelta(hours=2)
    gone: bool = False
    unlisted: bool = False
    pictures: Mapping[str, FakePicture] = field(default_factory=dict)


@dataclass(frozen=True)
class FakeStamp:
    thread_id: int
    version: int
    etag: str
    confirmed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    gone: bool = False
    on_shelf: bool = True
    asked_again_at: datetime | None = None
    shelf: int | None = None


@dataclass(frozen=True)
class FakeJob:
    state: str
    reason: str | None = None
    thread_id: int | None = None
    not_before: datetime | None = None
    updated_at: datetime = NOON
    requester_id: int | None = None
    kind: str = "unroll"
    reply_id: int | None = None


@dataclass(frozen=True)
class FakeMention:
    decision: str
    reason: str | None = None


class FakeThreads:
    def __init__(self) -> None:
        self.rows: dict[int, FakeSaved] = {}
        self.finds = 0

    def save(self, saved: FakeSaved) -> FakeSaved:
        for post in (*saved.thread.posts, *(one for fork in saved.thread.forks for one in fork.posts)):
            for version in (post.id, *post.versions):
                self.rows[version] = saved
        return saved

    def find(self, post_id: int) -> FakeSaved | None:
        self.finds += 1
        return self.rows.get(post_id)

    def stamp(self, post_id: int) -> FakeStamp | None:
        row = self.rows.get(post_id)
        return FakeStamp(row.thread.id, row.version, row.etag, gone=row.gone) if row else None

    def posts_shown(self, thread_id: int) -> int:
        thread = self.rows[thread_id].thread
        return sum(map(len, (thread.posts, thread.quotes, *(fork.posts for fork in thread.forks))))


class FakePrints:
    def __init__(self, threads: FakeThreads) -> None:
        self.threads = threads
        self.kept: dict[int, tuple[str, bytes]] = {}

    def find(self, post_ids) -> dict[int, tuple[FakeStamp, str | None, bytes]]:
        stamps = {post_id: stamp for post_id in post_ids if (stamp := self.threads.stamp(post_id))}
        return {
            post_id: (stamp, *self.kept.get(stamp.thread_id, (None, b"")))
            for post_id, stamp in stamps.items()
        }

    def find_soon(self, post_ids, loop):
        return loop.run_in_executor(None, self.find, post_ids)

    def keep(self, pages) -> None:
        self.kept |= {stamp.thread_id: (etag, packed) for stamp, etag, packed in pages}


class FakeJobs(dict[int, FakeJob]):
    def find_by_mention(self, mention_id: int) -> FakeJob | None:
        return self.get(mention_id)


class FakeMentions(dict[int, FakeMention]):
    def find(self, mention_id: int) -> FakeMention | None:
        return self.get(mention_id)


class FakeMedia:
    """Every file is shown by a page that was confirmed just now, unless a test says otherwise."""

    def __init__(self) -> None:
        self.confirmed: dict[str, datetime | None] = {}

    def confirmed_at(self, sha256: str) -> datetime | None:
        return self.confirmed.get(sha256, datetime.now(UTC))


class FakeNotes:
    def __init__(self) -> None:
        self.author: Author | None = Author(9, "unrollbot", "Unroll")

    def bot(self) -> Author | None:
        return self.author

    def pause(self) -> None:
        return None

    def polled_at(self) -> datetime:
        return datetime.now(UTC)


class FakeReads(Counter[int]):
    def add(self, counts: Mapping[int, int], *, today: date) -> None:
        self.update(counts)


@dataclass(frozen=True)
class FakeEntries:
    """A list with nothing in it: lists are tested with a real store, see test_shelves."""

    entries: tuple = ()
    pictures: Mapping[str, FakePicture] = field(default_factory=dict)
    next: tuple[int, int] | None = None


class FakeCards:
    def author(self, name: str) -> Author | None:
        return None

    def of_author(self, *_, **__) -> FakeEntries:
        return FakeEntries()

    recent = popular = tagged = search = of_author


class FakeGauges:
    """A database that does not answer, until a test gives it figures."""

    def __init__(self) -> None:
        self.figures: Figures | None = None

    def read(self, now: datetime) -> Figures:
        if self.figures is None:
            raise ConnectionError("no database here")
        return self.figures


class FakeStore:
    def __init__(self) -> None:
        self.gauges = FakeGauges()
        self.threads = FakeThreads()
        self.prints = FakePrints(self.threads)
        self.jobs = FakeJobs()
        self.mentions = FakeMentions()
        self.notes = FakeNotes()
        self.media = FakeMedia()
        self.reads = FakeReads()
        self.cards = FakeCards()
        self.error: Exception | None = None

    def ready(self) -> None:
        if self.error:
            raise self.error


@dataclass(frozen=True)
class FakeSettings:
    media_dir: Path
    media_endpoint_url: str = ""
    public_url: str = "https://reader.example"
    hide_unconfirmed: bool = True
    listing: str = "asked-twice"
    feed_full_text: bool = False
    links: str = "t.co"
    redis_url: str = "redis://127.0.0.1:1/0"
    broker: str = "redis://127.0.0.1:1/0"
    export_posts_per_day: int = 10_000
    trusted_proxies: tuple[str, ...] = ("127.0.0.1",)
    operator_name: str = ""
    operator_contact: str = ""
    keywords: tuple[str, ...] = ("unroll", "compile")
    single_posts: str = "worthwhile"
    reply_policy: str = "each"
    over_budget: str = "wait"
    max_posts_per_thread: int = 500
    requests_per_user_per_day: int = 20
    requests_per_conversation_per_hour: int = 30
    requests_per_author_per_day: int = 200
    unrolls_per_visitor_per_day: int = 10
    refreshes_per_visitor_per_day: int = 20
    smtp_url: SecretStr | None = None
    subscriptions_per_visitor_per_day: int = 10
    letters_per_day: int = 500
    refreshes_per_thread_per_day: int = 24
    poll_interval_seconds: float = 5
    look_every_seconds: float = 5
    x_consumer_secret: SecretStr | None = None
    x_client_secret: SecretStr | None = None
    practice_post_url: str = ""
    membership_url: str = ""
    membership_price: str = ""
    paypal_url: str = ""
    crypto_addresses: tuple[tuple[str, str], ...] = ()
    follow_links: tuple[tuple[str, str], ...] = ()
    metrics_token: SecretStr | None = None
    daily_budget_usd: Decimal = Decimal(5)
    recheck_budget_usd: Decimal = Decimal(1)


def post(number: int, text: str, **more) -> Post:
    """Post `number` of a conversation that began with post 1000, minutes apart."""
    values = {
        "id": 1000 + number,
        "author_id": MIRA.id,
        "conversation_id": 1000,
        "created_at": NOON + timedelta(minutes=number),
        "lang": "en",
        "versions": (1000 + number,),
    }
    return Post(text=text, **(values | more))


def thread(*posts: Post, author: Author = MIRA, **more) -> Thread:
    return Thread(id=posts[0].first_version, conversation_id=1000, author=author, posts=posts, **more)


def link(text: str, url: str, expanded: str, display: str, **more) -> Entity:
    start = text.index(url)
    return Entity("url", start, start + len(url), url, expanded_url=expanded, display_url=display, **more)


def tagged(kind: str, text: str, words: str) -> Entity:
    start = text.index(words)
    return Entity(kind, start, start + len(words), words[1:])


def photo(name: str, alt: str | None = None, width: int = 1200, height: int = 800) -> Media:
    return Media(f"3_{name}", "photo", f"https://pbs.twimg.com/media/{name}.jpg", None, alt, width, height)


def paint(folder: Path, width: int, height: int, hue: int) -> FakePicture:
    """A landscape of our own in the given size, kept the way the store keeps pictures."""
    picture = Image.new("HSV", (width, height), (hue, 60, 225))
    draw = ImageDraw.Draw(picture)
    for layer in range(5):
        top = height * (35 + 13 * layer) // 100
        points = [
            (x, top + (x * (layer + 3) * 37 % (height // 5 + 1)) // 2) for x in range(0, width + 80, 80)
        ]
        draw.polygon(
            [*points, (width, height), (0, height)],
            fill=((hue + 12 * layer) % 256, 70 + 20 * layer, 210 - 34 * layer),
        )
    draw.ellipse(
        (width * 7 // 10, height // 8, width * 7 // 10 + height // 7, height // 8 + height // 7),
        fill=(28, 40, 250),
    )
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=80)
    return keep(folder, file.getvalue(), width=width, height=height)


def keep(
    folder: Path, content: bytes, content_type: str = "image/jpeg", width: int = 1, height: int = 1
) -> FakePicture:
    sha256 = hashlib.sha256(content).hexdigest()
    path = folder / sha256[:2] / sha256
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return FakePicture(sha256, content_type, width, height)


def renamed(author: Author, name: str) -> Author:
    return replace(author, name=name)
