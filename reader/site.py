"""What the endpoints share: the store, the press, and the answers that are the same everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.blobs import Blobs, open_blobs
from bot.domain import Author
from bot.rules.listing import Listing, Policy, is_public, listing
from bot.rules.recheck import hidden
from reader import addresses, assets, headers, offers
from reader.messages import Note
from reader.ports import Settings, Stamp, Store
from reader.rack import Rack
from reader.reads import Tally
from reader.shelf import Shelf
from reader.templating import Press
from reader.views import Links
from reader.visitors import Visitors
from reader.waking import Waker

PAGES_KEPT = 512
NOINDEX = {"X-Robots-Tag": "noindex"}


@dataclass(frozen=True, slots=True)
class Site:
    store: Store
    public_url: str
    files: Blobs
    assets: dict[str, assets.Asset]
    press: Press
    shelf: Shelf
    visitors: Visitors
    posts_per_day: int
    tally: Tally
    rack: Rack
    version: str
    headers: Mapping[str, str]
    hide_unconfirmed: bool
    policy: Policy
    feed_full_text: bool
    links: Links
    wake: Callable[[], None]
    clock: Callable[[], datetime]
    _met: list[Author] = field(default_factory=list)

    def bot(self) -> str | None:
        """The bot's name on X, asked for until the store knows it; None before."""
        if not self._met and (author := self.store.notes.bot()):
            self._met.append(author)
        return self._met[0].username if self._met else None

    def hides(self, confirmed_at: datetime) -> bool:
        """Whether a page waits for X's word that it may still be shown."""
        return self.hide_unconfirmed and hidden(confirmed_at, now=self.clock())

    def listing(self, *, lasts: timedelta = timedelta(0)) -> Listing:
        """What lists may show now, and still may after that time."""
        return listing(self.policy, hides=self.hide_unconfirmed, now=self.clock(), lasts=lasts)

    def lists(self, stamp: Stamp) -> bool:
        """Whether people and search engines may stumble upon a page."""
        return stamp.on_shelf and is_public(self.policy, stamp.asked_again_at)

    def page(self, template: str, **values: Any) -> bytes:
        name = self.bot()
        url = addresses.profile(name) if name else None
        return self.press.page(template, bot=name, bot_url=url, **values)

    def note(self, note: Note, status: int = 200) -> Response:
        answer = _note(self.page("message.html", **asdict(note)), status)
        if note.refresh:
            answer.headers["Refresh"] = str(note.refresh)
        return answer

    def apology(self, note: Note, status: int) -> Response:
        """A short page that asks the store for nothing; it is made outside of all middleware."""
        answer = _note(self.press.page("message.html", bot=None, bot_url=None, **asdict(note)), status)
        answer.headers.update(self.headers)
        return answer


def not_modified(request: Request, etag: str) -> bool:
    return names(request.headers.get("if-none-match"), etag)


def names(sent: str | None, etag: str) -> bool:
    """Whether If-None-Match names the page (RFC 9110, 13.1.2: compared weakly)."""
    if not sent:
        return False
    named = {name.strip().removeprefix("W/") for name in sent.split(",")}
    return "*" in named or etag.removeprefix("W/") in named


def utc_now() -> datetime:
    return datetime.now(UTC)


def build(store: Store, settings: Settings, clock: Callable[[], datetime] = utc_now) -> Site:
    given = offers.offers(settings)
    own = {**assets.load(), **offers.pictures(given)}
    letters = settings.smtp_url is not None
    press = Press(own, public_url=settings.public_url, offers=given, letters=letters, links=settings.links)
    return Site(
        store=store,
        public_url=settings.public_url,
        files=open_blobs(settings.media_dir, endpoint=settings.media_endpoint_url),
        assets=own,
        press=press,
        shelf=Shelf(PAGES_KEPT),
        visitors=Visitors(settings.redis_url, clock),
        posts_per_day=settings.export_posts_per_day,
        tally=Tally(store.reads, clock),
        rack=Rack(store.prints),
        version=_version(),
        headers=headers.always(settings.public_url),
        hide_unconfirmed=settings.hide_unconfirmed,
        policy=settings.listing,
        feed_full_text=settings.feed_full_text,
        links=settings.links,
        wake=Waker(settings.broker),
        clock=clock,
    )


def _note(content: bytes, status: int) -> Response:
    """Never kept by caches: what it says is about to change."""
    return Response(content, status, {"Cache-Control": "no-store", **NOINDEX}, media_type="text/html")


def _version() -> str:
    try:
        return version("unroll-bot")
    except PackageNotFoundError:
        return "0"
