"""HTTP for threads: one address each, made once for each version, sent only to those who lack it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from reader import addresses, described, messages, packing, pages, sharing
from reader.exports import as_card, as_json, as_markdown, as_text, edition
from reader.messages import Note
from reader.ports import SavedThread, Stamp
from reader.shelves import MADE_ANEW, more
from reader.site import NOINDEX, Site, not_modified

# Caches may keep a page but must ask before each use: what is gone on X must not live on in them.
FRESH = {"Cache-Control": "public, no-cache", **NOINDEX}
MOVED = {"Cache-Control": "public, max-age=3600", **NOINDEX}

# What has no place in an etag.
NO_TAG = re.compile(r"[^\w.-]")

# Pages are confirmed the whole day through; an hour is a good time to look again.
RETRY_AFTER = "3600"

# Says what is not here, in the form that was asked for.
Missing = Callable[[Note, int], Response]


@dataclass(frozen=True, slots=True)
class Form:
    """One form a thread comes in. `suffix` is the end of its address."""

    suffix: str
    media_type: str
    render: Callable[[Site, SavedThread], bytes]


def _html(site: Site, saved: SavedThread) -> bytes:
    page = pages.thread_page(saved, site.links)
    thread = saved.thread
    stamp = site.store.threads.stamp(thread.id)
    return site.page(
        "thread.html",
        page=page,
        schema=described.schema(page, site.public_url),
        oembed=described.oembed_address(page, site.public_url),
        share=sharing.share(page, site.public_url),
        more=more(site, thread.author.id, thread.id),
        shelf=addresses.author(thread.author.username),
        card=addresses.card(thread.id, edition.etag(saved.etag, site.public_url, site.links)),
        card_alt=as_card.alt(page),
        listed=stamp is not None and site.lists(stamp),
    )


HTML = Form("", "text/html", _html)
FORMS = (
    Form(".json", "application/json", lambda site, saved: as_json.render(saved, site.public_url)),
    Form(
        ".md",
        "text/markdown",
        lambda site, saved: as_markdown.render(pages.thread_page(saved, site.links), site.public_url),
    ),
    Form(
        ".txt",
        "text/plain",
        lambda site, saved: as_text.render(pages.thread_page(saved, site.links), site.public_url),
    ),
    HTML,
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A thread's page as it is sent: packed, under an etag."""

    thread_id: int
    etag: str
    packed: bytes
    headers: Mapping[str, str]

    def whole(self, accepted: str) -> Response:
        """As the browser's Accept-Encoding takes it."""
        return packing.answer(self.packed, self.headers, HTML.media_type, accepted=accepted)

    def unchanged(self) -> Response:
        """To whoever has it already."""
        return Response(status_code=304, headers=self.headers)


@dataclass(frozen=True, slots=True)
class ThreadEndpoint:
    site: Site
    form: Form

    def get(self, request: Request) -> Response:
        stamp = shown(self.site, request, self.form.suffix, self._missing)
        return stamp if isinstance(stamp, Response) else self._answer(request, stamp)

    def made(self, found: Mapping[int, tuple[Stamp, str | None, bytes]]) -> dict[int, Leaf]:
        """Those of the pages found that are to be shown under this very address and were rendered before."""
        leaves = {}
        for thread_id, (stamp, printed_etag, printed) in found.items():
            if stamp.gone or self.site.hides(stamp.confirmed_at) or stamp.thread_id != thread_id:
                continue
            etag = self._etag(stamp)
            packed = self.site.shelf.find((thread_id, etag), printed if printed_etag == etag else None)
            if packed is not None:
                leaves[thread_id] = self._leaf(stamp, etag, packed)
        return leaves

    def _leaf(self, stamp: Stamp, etag: str, packed: bytes) -> Leaf:
        headers = {**FRESH, **packing.VARIES, "ETag": etag}
        if self.form is HTML and self.site.lists(stamp):
            del headers["X-Robots-Tag"]
        return Leaf(stamp.thread_id, etag, packed, headers)

    def _answer(self, request: Request, stamp: Stamp) -> Response:
        if self.form is not HTML and not may_take(self.site, request, stamp):
            return enough(self.site, self._missing)
        etag = self._etag(stamp)
        packed = self.site.shelf.get((stamp.thread_id, etag), lambda: self._made(stamp, etag))
        if packed is None:
            return self._missing(messages.GONE, 410)
        leaf = self._leaf(stamp, etag, packed)
        if self.form is HTML:
            self.site.tally.count(stamp.thread_id, request.method, request.headers)
        if not_modified(request, leaf.etag):
            return leaf.unchanged()
        accepted = request.headers.get("accept-encoding", "")
        if self.form is HTML:
            return leaf.whole(accepted)
        headers = {
            **leaf.headers,
            "Cache-Control": "private, no-cache",
            "Content-Disposition": f'inline; filename="thread-{stamp.thread_id}{self.form.suffix}"',
        }
        return packing.answer(leaf.packed, headers, self.form.media_type, accepted=accepted)

    def _made(self, stamp: Stamp, etag: str) -> bytes | None:
        """None where the thread was removed, also between the stamp and now."""
        saved = self.site.store.threads.find(stamp.thread_id)
        if saved is None or saved.gone:
            return None
        packed = packing.pack(self.form.render(self.site, saved))
        if self.form is HTML:
            self.site.rack.put(stamp, etag, packed)
        return packed

    def _etag(self, stamp: Stamp) -> str:
        tag = NO_TAG.sub("", stamp.etag)
        bot = self.site.bot() or ""
        beside = self._beside(stamp) if self.form is HTML else ""
        return f'W/"{tag}.{stamp.version}{self.form.suffix or ".html"}{beside}.{self.site.press.build}{bot}"'

    def _beside(self, stamp: Stamp) -> str:
        """What the page says besides its thread: whether it is listed, and what else its author wrote, which
        may be shown only while X confirms it.
        """
        listed = "l" if self.site.lists(stamp) else ""
        if stamp.shelf is None:
            return listed
        return f"{listed}s{stamp.shelf}t{int(self.site.clock().timestamp() // MADE_ANEW.total_seconds())}"

    def _missing(self, note: Note, status: int = 404) -> Response:
        if self.form is HTML:
            return self.site.note(note, status)
        headers = {"Cache-Control": "no-store", **NOINDEX}
        return Response(f"{note.title}.\n", status, headers, media_type="text/plain")


def shown(site: Site, request: Request, suffix: str, missing: Missing) -> Stamp | Response:
    """The thread asked for, if it can be shown now under that very address; else the answer that says why
    not.
    """
    number = addresses.post_id(request.path_params["post"])
    if number is None:
        return missing(messages.NOT_A_THREAD, 404)
    stamp = site.store.threads.stamp(number)
    if stamp is None:
        return missing(messages.not_unrolled(number), 404)
    if str(stamp.thread_id) != request.path_params["post"]:
        return RedirectResponse(addresses.thread(stamp.thread_id, suffix), 301, MOVED)
    if stamp.gone:
        return missing(messages.GONE, 410)
    if site.hides(stamp.confirmed_at):
        answer = missing(messages.unconfirmed(stamp.thread_id), 503)
        answer.headers["Retry-After"] = RETRY_AFTER
        return answer
    return stamp


def may_take(site: Site, request: Request, stamp: Stamp) -> bool:
    """The same thread in other forms, or once more on that day, is not counted again."""
    return site.visitors.take(
        "posts",
        site.visitors.visitor(request),
        limit=site.posts_per_day,
        cost=site.store.threads.posts_shown(stamp.thread_id),
        once=str(stamp.thread_id),
    )


def enough(site: Site, missing: Missing) -> Response:
    answer = missing(messages.ENOUGH_FOR_TODAY, 429)
    answer.headers["Retry-After"] = str(site.visitors.until_tomorrow())
    return answer
