"""A site with every kind of page on it, to look at: `python -m tests.reader.whole_site PORT FOLDER`.

`PAGES` is the list of them. Every author and every word is made up.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from playwright.sync_api import Page as Tab
from playwright.sync_api import Route as Asked
from pydantic import SecretStr
from sqlmodel import col, select
from starlette.applications import Starlette
from starlette.routing import Route

from bot.blobs import by_hash, open_blobs
from bot.domain import Conversation, Goal, Mention, Post, Refusal, Request
from bot.errors import DatabaseAway
from bot.pictures import shrink
from bot.store import Store, open_store
from bot.store.exports import Export
from bot.store.media import Copy, Picture
from bot.store.models import SubscriberRow, SubscriptionRow
from bot.store.subscriptions import hashed
from reader import serving
from reader.app import create_app
from reader.exports import edition
from tests.reader import scenes
from tests.reader.fakes import MIRA, FakeSaved, FakeSettings
from tests.reader.shelf_scene import NOA, Shelf, fill

LIGHTHOUSE, HEBREW, JAPANESE, BARE, LONG, GONE, MISSING = 1001, 2001, 3001, 3501, 6001, 7001, 20
ASKED = {"queued": 71, "waiting": 72, "refused": 73, "failed": 74, "gone": 75}
CHECKED = {"busy": HEBREW, "failed": JAPANESE, "free": LIGHTHOUSE}
MENTIONED = {"queued": 81, "running": 82, "waiting": 83, "done": 84, "refused": 85, "failed": 86, "none": 87}


@dataclass(frozen=True)
class Shown:
    """A page by its name. Where `press` names a button, it is what comes after `fill` and that button."""

    name: str
    path: str
    fill: tuple[str, str] | None = None
    press: str | None = None

    def open(self, tab: Tab, origin: str) -> None:
        tab.goto(origin + self.path, wait_until="load")
        if self.fill:
            tab.get_by_label(self.fill[0]).first.fill(self.fill[1])
        if self.press:
            tab.get_by_role("button", name=self.press, exact=True).first.click()
            tab.wait_for_load_state("load")


LETTERS = "A letter for each new thread"
PAGES = (
    Shown("front", "/"),
    Shown("front-mistake", "/", ("The link of any post", "https://evil.example/status/20"), "Unroll"),
    Shown("thread", f"/thread/{LIGHTHOUSE}"),
    Shown("thread-rtl", f"/thread/{HEBREW}"),
    Shown("thread-japanese", f"/thread/{JAPANESE}"),
    Shown("thread-bare", f"/thread/{BARE}"),
    Shown("thread-long", f"/thread/{LONG}"),
    Shown("user", "/user/mira_holt"),
    Shown("user-rtl", "/user/noa_tal"),
    Shown("user-nobody", "/user/nobody"),
    Shown("for", "/for/cleo"),
    Shown("for-nobody", "/for/nobody"),
    Shown("search", "/search"),
    Shown("search-hits", "/search?q=lamp+winter"),
    Shown("search-none", "/search?q=zzzz"),
    Shown("hashtag", "/hashtag/fog"),
    Shown("hashtag-none", "/hashtag/nothing"),
    Shown("recent", "/recent"),
    Shown("popular", "/popular"),
    Shown("help", "/help"),
    Shown("privacy", "/privacy"),
    Shown("terms", "/terms"),
    *(Shown(f"status-{name}", f"/status/{number}") for name, number in MENTIONED.items()),
    Shown("status-unknown", "/status/5"),
    *(Shown(f"asked-{name}", f"/unroll/{number}") for name, number in ASKED.items()),
    *(Shown(f"checked-{name}", f"/thread/{number}/refresh") for name, number in CHECKED.items()),
    Shown("export-wanted", f"/thread/{LIGHTHOUSE}.pdf"),
    Shown("export-making", f"/thread/{JAPANESE}.zip"),
    Shown("export-failed", f"/thread/{HEBREW}/epub"),
    Shown("follow-asked", "/user/mira_holt", (LETTERS, "cleo@reader.example"), "Subscribe"),
    Shown("follow-mistake", "/user/mira_holt", (LETTERS, "cleo@reader"), "Subscribe"),
    Shown("follow-question", "/subscribe/a-token"),
    Shown("follow-used-up", "/subscribe/no-token"),
    Shown("leave", "/unsubscribe/its-token"),
    Shown("leave-nothing", "/unsubscribe/no-token"),
    Shown("missing", f"/thread/{MISSING}"),
    Shown("gone", f"/thread/{GONE}"),
    Shown("nowhere", "/nowhere"),
    Shown("away", "/away"),
    Shown("broken", "/broken"),
)


@dataclass(frozen=True)
class Everything(FakeSettings):
    """All that an operator can offer is offered."""

    operator_name: str = "Ada Lindqvist, Harbour Street 3, Skärhamn"
    operator_contact: str = "ada@reader.example"
    site_budget_usd: Decimal = Decimal(1)
    smtp_url: SecretStr | None = field(default_factory=lambda: SecretStr("smtp://127.0.0.1:1"))
    practice_post_url: str = "https://x.com/unrollbot/status/5"
    membership_url: str = "https://members.example/join"
    membership_price: str = "$3 a month"
    paypal_url: str = "https://paypal.example/unroll"
    crypto_addresses: tuple[tuple[str, str], ...] = (("Bitcoin", "bc1qexample0000"),)
    follow_links: tuple[tuple[str, str], ...] = (("Mastodon", "https://social.example/@unroll"),)


def still(tab: Tab) -> None:
    """Pages that wait do not leave while they are looked at."""

    def without_refresh(asked: Asked) -> None:
        answer = asked.fetch(max_redirects=0)
        kept = {name: value for name, value in answer.headers.items() if name != "refresh"}
        asked.fulfill(response=answer, headers=kept)

    for path in ("**/unroll/*", "**/status/*", "**/refresh", "**/*.pdf", "**/*.zip"):
        tab.route(path, without_refresh)


def furnish(store: Store, folder: Path, *, now: datetime) -> None:
    """One of every page's kind."""
    shelf = fill(store, folder, at=now)
    store.notes.put("polled", {"at": (now + timedelta(days=1)).isoformat()}, now=now)
    bare = replace(scenes.japanese().thread, author=NOA, forks=(), posts=scenes.japanese().thread.posts[:1])
    for saved, by in (
        (scenes.lighthouse(folder), 0),
        (scenes.hebrew(), 1000),
        (scenes.japanese(), 2000),
        (FakeSaved(bare), 2500),
        (scenes.usual(folder), 0),
        (scenes.usual(folder), 1000),
    ):
        keep(store, scenes.moved(saved, by) if by else saved, now)
    store.threads.bury(GONE, now)
    _ask_on_the_site(store, now)
    _mention(shelf, now)
    _follow(store, now)


def keep(store: Store, saved: FakeSaved, now: datetime) -> None:
    thread = saved.thread
    quoted = [quote for quote in thread.quotes if quote.author]
    aside = [one for fork in thread.forks for one in fork.posts]
    posts = {one.id: one for one in (*thread.posts, *aside, *(quote.post for quote in quoted))}
    authors = {one.id: one for one in (thread.author, *(quote.author for quote in quoted)) if one}
    payloads = {number: {"post": {"id": str(number)}} for number in posts}
    found = Conversation(posts, authors, payloads=payloads)
    store.threads.save_conversation(found, thread.conversation_id, now=now)
    store.threads.save(thread, now=now)
    for url, picture in saved.pictures.items():
        kept = Picture(picture.sha256, picture.content_type, picture.width, picture.height)
        store.media.store(url, kept, 1, now=now)


def _ask_on_the_site(store: Store, now: datetime) -> None:
    ids = {name: store.jobs.add(Goal(post), now=now, from_site=True) for name, post in ASKED.items()}
    checks = {
        name: store.jobs.add(Goal(post), now=now, kind="refresh", from_site=True)
        for name, post in CHECKED.items()
    }
    _end(store, ids["waiting"], "waiting", now)
    _end(store, ids["refused"], "refused", now, "not-a-thread")
    _end(store, ids["failed"], "failed", now, "post-gone")
    _end(store, ids["gone"], "done", now)
    _end(store, checks["failed"], "failed", now, "x-down")
    free = store.jobs.claim(checks["free"], now=now, worker="scene")
    assert free is not None
    store.jobs.finish(free, None, now=now, reason="only-confirmed")


def _mention(shelf: Shelf, now: datetime) -> None:
    """Requests on X in every state, and a mention that is none."""
    reasons = {"refused": "author-opted-out", "failed": "post-gone"}
    for name, number in MENTIONED.items():
        mention = Mention(Post(number, 50, LIGHTHOUSE, now, "@unrollbot unroll"), {})
        decision = Refusal("only-talk") if name == "none" else Request(Goal(LIGHTHOUSE))
        [recorded] = shelf.store.mentions.record([(mention, decision)], now=now)
        if recorded.job_id is not None:
            _end(shelf.store, recorded.job_id, name, now, reasons.get(name, ""))


def _end(store: Store, job_id: int, state: str, now: datetime, reason: str = "") -> None:
    if state == "queued":
        return
    job = store.jobs.claim(job_id, now=now, worker="scene")
    assert job is not None
    match state:
        case "waiting":
            until = now + timedelta(minutes=14)
            store.jobs.wait(job, until, "rate-limited", now=now, counts=False, detail="")
        case "done":
            if job.reply_wanted:
                store.jobs.set_thread(job, LIGHTHOUSE, now=now)
            store.jobs.finish(job, 10**18 if job.reply_wanted else None, now=now)
        case "refused" | "failed":
            store.jobs.give_up(job, reason, now=now, refused=state == "refused")


def _follow(store: Store, now: datetime) -> None:
    """Somebody who was asked, and somebody who said yes: their tokens are known here."""
    for address in ("ada@reader.example", "ben@reader.example"):
        store.subscriptions.ask(address, MIRA.id, now=now)
    database = store.subscriptions.database
    with database.write() as session:
        asked, yes = session.exec(select(SubscriberRow).order_by(col(SubscriberRow.key))).all()
        asked.confirm_hash, asked.asked_at = hashed("a-token"), now
        row = session.exec(select(SubscriptionRow).where(SubscriptionRow.subscriber_id == yes.id)).one()
        row.token, row.confirmed_at = "its-token", now


def _take_along(store: Store, url: str, *, now: datetime) -> None:
    """A book that could not be made, and a file that is being made all day."""
    book = _wanted(store, HEBREW, "epub", url, now=now)
    store.exports.fail(book, "a test", now=now, for_good=True)
    file = _wanted(store, JAPANESE, "zip", url, now=now + timedelta(days=1))
    store.exports.tell(file, "pictures", 12, 30)


def _wanted(store: Store, thread_id: int, form: str, url: str, *, now: datetime) -> Export:
    stamp = store.threads.stamp(thread_id)
    assert stamp is not None
    store.exports.want(thread_id, form, edition.etag(stamp.etag, url), now=now)
    export = store.exports.claim(now=now)
    assert export is not None
    return export


def _copy(store: Store, folder: Path, *, now: datetime) -> None:
    """Smaller copies of all pictures, as workers make them."""
    files = open_blobs(folder)
    for thread_id in store.media.threads_uncopied(now=now, limit=1000):
        for picture in store.media.uncopied(thread_id):
            small = shrink(files.read(by_hash(picture.sha256)))
            for each in small:
                files.save(by_hash(each.name), each.content)
            copies = [Copy(each.name, each.width, each.height, len(each.content)) for each in small]
            store.media.add_copies(picture.sha256, copies, now=now)


def create() -> Starlette:
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    database, url = folder / "site.db", f"http://127.0.0.1:{port}"
    fresh = not database.exists()
    store = open_store(f"sqlite:///{database}")
    if fresh:
        furnish(store, folder, now=datetime.now(UTC))
        _take_along(store, url, now=datetime.now(UTC))
        if "copies" in sys.argv:
            _copy(store, folder, now=datetime.now(UTC))
    app = create_app(store, Everything(folder, public_url=url))
    app.router.routes[:0] = [Route("/away", _away), Route("/broken", _broken)]
    return app


def _away(_request) -> None:
    raise DatabaseAway("as if it were")


def _broken(_request) -> None:
    raise RuntimeError("as if it were")


if __name__ == "__main__":
    serving.serve("tests.reader.whole_site:create", port=int(sys.argv[1]))
