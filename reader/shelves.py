"""HTTP for lists: authors, what somebody asked for, search, hashtags, recent, popular, feeds, the map."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.domain import Author
from bot.rules.text import thread_texts
from bot.rules.words import LONGEST_QUESTION, question, tag
from reader import addresses, attachments, dates, feeds, messages, prose, tiles, views
from reader.attachments import counted
from reader.messages import Note
from reader.ports import Asked, Entries, Entry, Picture, Place
from reader.site import NOINDEX, Site, not_modified
from reader.tiles import Group, Tile

PER_PAGE = 30
IN_FEED = 30
MORE = 6
ON_FRONT = 6
IN_MAP, IN_MAP_PART = 5_000, 500

MAP_TYPE, MAP_FRESH = "application/xml", {"Cache-Control": "public, no-cache"}

PLACE = re.compile(r"([0-9]{1,19})-([0-9]{1,19})")

# Caches may keep a list but must ask before each use: what goes from a list is gone from it at once.
FRESH = {"Cache-Control": "public, no-cache", **NOINDEX}

# Rendered pages that show others beside their own are made anew after this time: see `more`.
MADE_ANEW = timedelta(hours=1)

EMPTY = {
    "/recent": "Nothing yet. Ask the bot for a thread, and when a second person does, it is listed here.",
    "/popular": "Nobody has read anything this week, as far as we have counted.",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that is still open."""

    url: str
    words: str


@dataclass(frozen=True, slots=True)
class ShelfPage:
    """One page of a list. `here` is its address without where it goes on; `author` stands in its head;
    `said` stands where there is nothing to show.
    """

    title: str
    here: str
    groups: tuple[Group, ...] = ()
    lead: str = ""
    said: str = ""
    further: str | None = None
    author: views.Person | None = None
    count: str = ""
    feed: str | None = None
    by: bool = True
    query: str | None = None
    waiting: tuple[Waiting, ...] = ()


@dataclass(frozen=True, slots=True)
class Shelves:
    site: Site

    def routes(self) -> list[Route]:
        return [
            Route("/user/{username}", self.author),
            Route("/user/{username}/feed.xml", self.atom),
            Route("/user/{username}/feed.json", self.json_feed),
            Route("/for/{who}", self.asked_for),
            Route("/search", self.search),
            Route("/hashtag/{tag}", self.hashtag),
            Route("/recent", self.recent),
            Route("/popular", self.popular),
            Route("/robots.txt", self.robots),
            Route("/sitemap.xml", self.map),
            Route("/sitemap-{part:int}.xml", self.map_part),
        ]

    def author(self, request: Request) -> Response:
        """An author's threads by month."""
        author = self._author(request)
        if isinstance(author, Response):
            return author
        before = _place(request)
        cards, listing = self.site.store.cards, self.site.listing()
        found = cards.of_author(author.id, listing, before=before, limit=PER_PAGE)
        if not found.entries:
            return self._elsewhere(request, before) or self.site.note(
                messages.nothing_by(author.username), 404
            )
        here = addresses.author(author.username)
        page = ShelfPage(
            title=f"Threads by {prose.label(author.name) or author.username}",
            here=here,
            groups=tiles.by_month(tiles.tiles(found.entries, found.pictures)),
            further=_further(here, found.next),
            author=_person(author, found),
            count=counted(cards.count_of_author(author.id, listing), "thread"),
            feed=here,
            by=False,
        )
        return self._shown(request, page)

    def atom(self, request: Request) -> Response:
        return self._feed(request, "/feed.xml", feeds.ATOM_TYPE, feeds.atom)

    def json_feed(self, request: Request) -> Response:
        return self._feed(request, "/feed.json", feeds.JSON_TYPE, feeds.as_json)

    def asked_for(self, request: Request) -> Response:
        """What somebody asked for, by their name or their number on X, with what they still wait for."""
        who = request.path_params["who"]
        person = self._requester(who)
        if person is None:
            return self.site.note(messages.NOTHING_ASKED, 404)
        number, name = person
        here, before = f"/for/{who}", _place(request)
        asked, pictures, next_ = self.site.store.cards.asked_by(
            number, self.site.listing(), before=before, limit=PER_PAGE
        )
        if not asked:
            return self._elsewhere(request, before) or self.site.note(messages.NOTHING_ASKED, 404)
        shown = _tiles_of(asked, pictures)
        page = ShelfPage(
            title=f"What @{name} asked for" if name else "What was asked for",
            here=here,
            groups=(Group("", shown),) if shown else (),
            lead="" if name else "By somebody whose name the bot has not heard: it knows them by a number.",
            further=_further(here, next_),
            waiting=tuple(_waiting(each) for each in asked if each.entry is None),
        )
        return self._shown(request, page)

    def search(self, request: Request) -> Response:
        asked = prose.label(request.query_params.get("q", ""))
        page = ShelfPage(title="Search", here="/search", query=asked)
        if not self.site.listing().public:
            return self._shown(request, replace(page, said=messages.NO_LISTS))
        if not asked:
            lead = "Titles, texts, authors and hashtags, in any language."
            return self._shown(request, replace(page, lead=lead))
        if len(asked) > LONGEST_QUESTION:
            return self._shown(request, replace(page, query="", said=messages.TOO_LONG_A_SEARCH))
        if asked[0] in "#\uff03" and " " not in asked and tag(asked):
            return RedirectResponse(addresses.hashtag(asked[1:]), 303)
        words = question(asked)
        if not words:
            return self._shown(request, replace(page, said=messages.NO_WORDS))
        before = _place(request)
        found = self.site.store.cards.search(words, self.site.listing(), before=before, limit=PER_PAGE)
        here = "/search?" + urlencode({"q": asked})
        page = self._listed(replace(page, title=f"Search: {asked}"), found, here, said=messages.NOT_FOUND)
        return self._shown(request, page)

    def hashtag(self, request: Request) -> Response:
        name = prose.label(request.path_params["tag"])
        if not tag(name):
            return self.site.note(messages.NOTHING_HERE, 404)
        found = self.site.store.cards.tagged(
            name, self.site.listing(), before=_place(request), limit=PER_PAGE
        )
        here = addresses.hashtag(name)
        page = ShelfPage(title=f"#{name}", here=here, query=f"#{name}")
        page = self._listed(page, found, here, said=messages.no_hashtag(name))
        return self._shown(request, page, status=200 if found.entries else 404)

    def recent(self, request: Request) -> Response:
        """What came into the lists last."""
        found = self.site.store.cards.recent(self.site.listing(), before=_place(request), limit=PER_PAGE)
        page = ShelfPage(title="Lately unrolled", here="/recent", query="")
        return self._shown(request, self._listed(page, found, "/recent", said=EMPTY["/recent"]))

    def popular(self, request: Request) -> Response:
        """The most read in seven days."""
        found = self.site.store.cards.popular(self.site.listing(), before=_place(request), limit=PER_PAGE)
        lead = "Counted by page and day, and by nothing that tells who read."
        page = ShelfPage(title="Most read this week", here="/popular", query="", lead=lead)
        return self._shown(request, self._listed(page, found, "/popular", said=EMPTY["/popular"]))

    def robots(self, _request: Request) -> Response:
        """Pages say themselves whether they may be indexed, so they must be open to be read."""
        lines = ("User-agent: *", "Disallow: /status/", "Disallow: /for/", "Disallow: /search")
        where = f"Sitemap: {self.site.public_url}/sitemap.xml"
        headers = {"Cache-Control": "public, max-age=3600"}
        return Response("\n".join((*lines, "", where, "")), headers=headers, media_type="text/plain")

    def map(self, request: Request) -> Response:
        """The newest pages that search engines may list; they remember the older ones. Where there are many
        it leads to its parts, so that none of them takes long.
        """
        count = self.site.store.cards.count_map(self.site.listing(), most=IN_MAP)
        if count <= IN_MAP_PART:
            return self._mapped(request, 1)
        parts = range(1, math.ceil(count / IN_MAP_PART) + 1)
        return _answer(request, self.site.press.page("sitemaps.xml", parts=parts), MAP_TYPE, MAP_FRESH)

    def map_part(self, request: Request) -> Response:
        part: int = request.path_params["part"]
        if not 1 <= part <= IN_MAP // IN_MAP_PART:
            return self.site.note(messages.NOTHING_HERE, 404)
        return self._mapped(request, part)

    def _mapped(self, request: Request, part: int) -> Response:
        cards, after = self.site.store.cards, (part - 1) * IN_MAP_PART
        pages = cards.map(self.site.listing(), limit=IN_MAP_PART, after=after)
        if part > 1 and not pages:
            return self.site.note(messages.NOTHING_HERE, 404)
        content = self.site.press.page(
            "sitemap.xml",
            first=part == 1,
            pages=[(addresses.thread(thread_id), dates.iso(moment)) for thread_id, moment in pages],
        )
        return _answer(request, content, MAP_TYPE, MAP_FRESH)

    def _author(self, request: Request) -> Author | Response:
        """Who is named; under an old name or in other letters, the way to their page."""
        name = request.path_params["username"]
        author = self.site.store.cards.author(name) if addresses.USERNAME.fullmatch(name) else None
        if author is None:
            return self.site.note(
                messages.nothing_by(name if addresses.USERNAME.fullmatch(name) else ""), 404
            )
        if author.username != name:
            end = request.url.path.rpartition("/")[2]
            suffix = f"/{end}" if end.startswith("feed.") else ""
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(addresses.author(author.username, suffix) + query, 302, FRESH)
        return author

    def _requester(self, who: str) -> tuple[int, str | None] | None:
        """Number and name of somebody who may be shown; a name of digits alone comes before a number."""
        people = self.site.store.people
        number = people.asker(who) if addresses.USERNAME.fullmatch(who) else None
        number = number if number is not None else addresses.post_id(who)
        if number is None:
            return None
        known = people.find(number)
        if known.objection is not None or known.opted_out_at is not None:
            return None
        return number, known.username or people.name_of(number)

    def _feed(
        self, request: Request, suffix: str, media_type: str, render: Callable[[feeds.Feed], bytes]
    ) -> Response:
        author = self._author(request)
        if isinstance(author, Response):
            return author
        found = self.site.store.cards.of_author(author.id, self.site.listing(), limit=IN_FEED)
        if not found.entries:
            return self.site.note(messages.nothing_by(author.username), 404)
        made = feeds.feed(
            author,
            found.entries,
            found.pictures,
            self._texts(found.entries) if self.site.feed_full_text else {},
            site=self.site.public_url,
            suffix=suffix,
        )
        # Feeds name pictures of ours, and are read from other places than this site.
        headers = {**FRESH, "Cross-Origin-Resource-Policy": "cross-origin"}
        return _answer(request, render(made), media_type, headers)

    def _texts(self, entries: Sequence[Entry]) -> dict[int, list[str]]:
        saved = (self.site.store.threads.find(entry.card.thread_id) for entry in entries)
        return {each.thread.id: thread_texts(each.thread) for each in saved if each and not each.gone}

    def _listed(self, page: ShelfPage, found: Entries, here: str, *, said: str) -> ShelfPage:
        shown = tiles.tiles(found.entries, found.pictures)
        if not self.site.listing().public:
            said = messages.NO_LISTS
        return replace(
            page,
            groups=(Group("", shown),) if shown else (),
            further=_further(here, found.next),
            said="" if shown else said,
        )

    def _elsewhere(self, request: Request, before: Place | None) -> Response | None:
        """A list that went on from here has become shorter: back to its beginning."""
        return RedirectResponse(request.url.path, 303) if before is not None else None

    def _shown(self, request: Request, page: ShelfPage, status: int = 200) -> Response:
        content = self.site.page("shelf.html", page=page)
        return _answer(request, content, "text/html", FRESH, status)


def more(site: Site, author_id: int, thread_id: int) -> tuple[Tile, ...]:
    """The newest others by an author; they may be shown for as long as a rendered page is kept."""
    listing = site.listing(lasts=MADE_ANEW)
    found = site.store.cards.of_author(author_id, listing, besides=thread_id, limit=MORE)
    return tiles.tiles(found.entries, found.pictures)


def on_front(site: Site) -> tuple[Tile, ...]:
    """What the front page shows: the most read of the week, then what came last, each once."""
    cards, listing = site.store.cards, site.listing()
    if not listing.public:
        return ()
    popular = cards.popular(listing, limit=ON_FRONT // 2)
    recent = cards.recent(listing, limit=ON_FRONT)
    found = {
        tile.url: tile for some in (popular, recent) for tile in tiles.tiles(some.entries, some.pictures)
    }
    return tuple(found.values())[:ON_FRONT]


def _answer(
    request: Request, content: bytes, media_type: str, headers: Mapping[str, str], status: int = 200
) -> Response:
    etag = f'W/"{hashlib.sha256(content).hexdigest()[:24]}"'
    told = {**headers, "ETag": etag}
    if status == 200 and not_modified(request, etag):  # noqa: PLR2004 - RFC 9110
        return Response(status_code=304, headers=told)
    return Response(content, status, told, media_type=media_type)


def _person(author: Author, found: Entries) -> views.Person:
    return attachments.person(author, found.pictures)


def _place(request: Request) -> Place | None:
    """Where a list goes on; one that is none of ours begins at the beginning."""
    match = PLACE.fullmatch(request.query_params.get("before", ""))
    if match is None:
        return None
    first, second = int(match[1]), int(match[2])
    return (first, second) if max(first, second) <= addresses.LARGEST_ID else None


def _further(here: str, place: Place | None) -> str | None:
    sign = "&" if "?" in here else "?"
    return f"{here}{sign}before={place[0]}-{place[1]}" if place else None


def _tiles_of(asked: Sequence[Asked], pictures: Mapping[str, Picture]) -> tuple[Tile, ...]:
    return tiles.tiles([each.entry for each in asked if each.entry is not None], pictures)


def _waiting(asked: Asked) -> Waiting:
    job = asked.job
    note: Note = messages.of_job(job.mention_id or 0, job)
    url = f"/status/{job.mention_id}" if job.mention_id else "/"
    return Waiting(url, f"{note.title}, asked on {dates.full(job.created_at)}")
