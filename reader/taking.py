"""HTTP for what a worker makes of a thread: files to take along, and the picture that stands for its link.

    may it be shown? -> how many posts today? -> is it made? -> the file
                                                     |
                                                     +-> a row wants it -> wake a worker -> "being made"

The page that says so asks again by itself, without scripts, and then leads to the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.errors import DatabaseAway
from reader import addresses
from reader.exports import edition
from reader.files import AN_HOUR
from reader.messages import BY_ITSELF, Link, Note, Step
from reader.ports import Export, Stamp
from reader.sending import send
from reader.site import NOINDEX, Site
from reader.threads import enough, may_take, shown

SOON = 2  # seconds
BUSY_FOR = 60
A_DAY = timedelta(days=1)
CARD = "card"


@dataclass(frozen=True, slots=True)
class Kind:
    """`name` is the form's, and the end of its address; `words` are what people call it. `steps` are what its
    maker does one after the other, each by the name it tells and in words.
    """

    name: str
    media_type: str
    words: str
    steps: tuple[tuple[str, str], ...]

    @property
    def suffix(self) -> str:
        return f".{self.name}"


KINDS = (
    Kind(
        *("pdf", "application/pdf", "PDF"),
        (("pictures", "Pictures fetched"), ("layout", "Pages laid out")),
    ),
    Kind(
        *("epub", "application/epub+zip", "EPUB"),
        (("pictures", "Pictures fetched"), ("cover", "Cover drawn"), ("binding", "Posts bound into a book")),
    ),
    Kind(
        *("zip", "application/zip", "ZIP"),
        (("pictures", "Pictures and films fetched"), ("packing", "Everything packed")),
    ),
)


@dataclass(frozen=True, slots=True)
class Taking:
    site: Site
    kind: Kind

    def get(self, request: Request) -> Response:
        """GET /thread/{post}.pdf: the file; 202 as long as it is being made."""
        stamp = shown(self.site, request, self.kind.suffix, self.site.note)
        if isinstance(stamp, Response):
            return stamp
        if not may_take(self.site, request, stamp):
            return enough(self.site, self.site.note)
        return self._file(request, stamp, _etag(self.site, stamp))

    def waiting(self, request: Request) -> Response:
        """GET /thread/{post}/pdf: how it is doing; leads to the file when it is there."""
        stamp = shown(self.site, request, f"/{self.kind.name}", self.site.note)
        if isinstance(stamp, Response):
            return stamp
        export = self.site.store.exports.find(stamp.thread_id, self.kind.name, _etag(self.site, stamp))
        if export is None:
            return RedirectResponse(self._address(stamp), 303, {"Cache-Control": "no-store", **NOINDEX})
        return self._said(export, stamp)

    def _file(self, request: Request, stamp: Stamp, etag: str) -> Response:
        found = wanted(self.site, stamp, self.kind.name, etag)
        if found is None:
            answer = self.site.note(BUSY, 503)
            answer.headers["Retry-After"] = str(BUSY_FOR)
            return answer
        if found.state != "ready":
            return self._said(found, stamp)
        headers = {"Cache-Control": "private, no-cache", **NOINDEX}
        headers["Content-Disposition"] = f'attachment; filename="thread-{stamp.thread_id}{self.kind.suffix}"'
        return send(
            self.site.files,
            found.file or "",
            request,
            media_type=self.kind.media_type,
            etag=f'"{etag}{self.kind.suffix}"',
            headers=headers,
        )

    def _said(self, export: Export, stamp: Stamp) -> Response:
        """A page for people; scripts read its status and `Retry-After`."""
        back = Link("Back to the thread", addresses.thread(stamp.thread_id))
        if export.state == "failed":
            return self.site.note(given_up(self.kind, back), 500)
        ready = export.state == "ready"
        making = being_made(self.kind, export, back, now=self.site.clock())
        note = made(self.kind, self._address(stamp), back) if ready else making
        answer = self.site.note(note, 200 if ready else 202)
        page = f"/thread/{stamp.thread_id}/{self.kind.name}"
        answer.headers["Refresh"] = f"0; url={self._address(stamp)}" if ready else f"{SOON}; url={page}"
        if not ready:
            answer.headers["Retry-After"] = str(SOON)
        return answer

    def _address(self, stamp: Stamp) -> str:
        return addresses.thread(stamp.thread_id, self.kind.suffix)


def card(site: Site, request: Request) -> Response:
    """GET /thread/{post}/card/{etag}.png: the picture of a thread; our own where there is none (yet)."""
    number = addresses.post_id(request.path_params["post"])
    stamp = site.store.threads.stamp(number) if number is not None else None
    if stamp is None or stamp.gone:
        return Response(status_code=404 if stamp is None else 410, headers={"Cache-Control": "no-store"})
    if site.hides(stamp.confirmed_at):
        return _stand_in(site)
    etag = _etag(site, stamp)
    found = wanted(site, stamp, CARD, etag)
    if found is None or found.state != "ready":
        return _stand_in(site)
    lasts = AN_HOUR if request.path_params["etag"] == etag else "public, no-cache"
    headers = {"Cache-Control": lasts, "Cross-Origin-Resource-Policy": "cross-origin", **NOINDEX}
    return send(
        site.files, found.file or "", request, media_type="image/png", etag=f'"{etag}.png"', headers=headers
    )


def wanted(site: Site, stamp: Stamp, form: str, etag: str) -> Export | None:
    """The file as it stands, asked for if nobody has; None where there is too much to make already."""
    exports, now = site.store.exports, site.clock()
    found = exports.find(stamp.thread_id, form, etag)
    if found is not None and found.state == "ready":
        if found.file and site.files.find(found.file):
            _note_use(site, found)
            return found
        exports.lost(found)
        found = None
    if found is None:
        found = exports.want(stamp.thread_id, form, etag, now=now)
        if found is not None and found.state == "wanted":
            site.wake()
    return found


def _note_use(site: Site, export: Export) -> None:
    """Only so that the file stays: a database that cannot be written is no reason not to hand it out."""
    try:
        site.store.exports.used(export, now=site.clock(), every=A_DAY)
    except DatabaseAway:
        return


def _etag(site: Site, stamp: Stamp) -> str:
    return edition.etag(stamp.etag, site.public_url, site.links)


def _stand_in(site: Site) -> Response:
    """For a short time only: the thread's own picture may be there in a moment."""
    headers = {"Cache-Control": "public, max-age=60", "Cross-Origin-Resource-Policy": "cross-origin"}
    return Response(site.assets["card.png"].content, headers=headers, media_type="image/png")


BUSY = Note(
    "Too many are waiting for theirs",
    ("Files are made one after the other, and there is a long line just now. Please try again in a minute.",),
    "busy",
)


def being_made(kind: Kind, export: Export, back: Link, *, now: datetime) -> Note:
    """What its maker told counts only while it may still be alive."""
    made_now = export.lease_until is not None and export.lease_until > now
    if made_now:
        text = "That takes some seconds; for a long thread with many pictures up to a minute."
    elif export.attempts:
        text = "The last try came to nothing. The next one begins from the start, in a moment."
    else:
        text = "It waits for its turn: files are made one after the other."
    steps = _steps(kind, export if made_now else None)
    return Note(f"Your {kind.words} is being made", (text, BY_ITSELF), "busy", (back,), steps=steps)


def _steps(kind: Kind, export: Export | None) -> tuple[Step, ...]:
    names = [name for name, _ in kind.steps]
    at = names.index(export.step) if export is not None and export.step in names else -1
    return tuple(
        Step(words, "done" if i < at else "next")
        if export is None or i != at
        else Step(words, "now", export.step_done, export.step_of)
        for i, (_, words) in enumerate(kind.steps)
    )


def made(kind: Kind, address: str, back: Link) -> Note:
    take = Link(f"Download the {kind.words}", address)
    return Note(f"Your {kind.words} is ready", ("The download begins by itself.",), "done", (take, back))


def given_up(kind: Kind, back: Link) -> Note:
    text = "We tried several times and gave up. The operator's log says why."
    return Note(f"The {kind.words} could not be made", (text, "Other forms may do."), links=(back,))
