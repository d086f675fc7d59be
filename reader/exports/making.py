"""What takes long, made by a worker: a saved thread -> the bytes of a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.errors import Permanent
from bot.settings import EXPORT_DEADLINE
from reader import pages, views
from reader.exports import as_card, as_epub, as_pdf, as_zip
from reader.exports.album import Album, count, moved
from reader.exports.typeset import NotSet, Sheet, never, typeset
from reader.ports import SavedThread

MEGABYTE = 1024**2

# Typst has what is left of the deadline when pictures are ready: these are made small in a third of it.
SETTING = EXPORT_DEADLINE.total_seconds() * 2 / 3

Take = Callable[[str], bytes | None]

# Hears the name of a step, and how much of it is done of how much; 0 of 0 where nobody can count it.
Tell = Callable[[str, int, int], None]


def silent(_step: str, _done: int, _of: int) -> None:
    """Nobody waits."""


@dataclass(frozen=True, slots=True)
class Maker:
    """`take` gives our copy of a picture by its hash; `stopped` says that this process is to end; `cores` are
    for Typst, which uses several at once: none for those that this process uses.
    """

    public_url: str
    take: Take
    links: views.Links = "t.co"
    stopped: Callable[[], bool] = never
    cores: frozenset[int] = frozenset()

    def make(self, form: str, saved: SavedThread, tell: Tell = silent) -> bytes:
        """`form` is pdf, epub, zip or card. Raises NotSet where it cannot be made, Permanent `unlisted` where
        no picture may stand for a page that is in no list.
        """
        with TemporaryDirectory(prefix="unroll-") as name:
            made = {"pdf": self._pdf, "epub": self._epub, "zip": self._zip, "card": self._card}
            return made[form](saved, Path(name), tell)

    def _pdf(self, saved: SavedThread, folder: Path, tell: Tell) -> bytes:
        page = self._page(saved, folder, tell)
        tell("layout", 0, 0)
        data = as_pdf.document(page, saved.fetched_at, self.public_url)
        sheet = Sheet("thread.typ", "pdf", data, saved.fetched_at)
        return self._typeset(sheet, folder)

    def _epub(self, saved: SavedThread, folder: Path, tell: Tell) -> bytes:
        page = self._page(saved, folder, tell)
        pictures = [*folder.iterdir()]
        tell("cover", 0, 0)
        cover = self._set("cover.typ", page, saved, folder)
        book = as_epub.Book(page, saved.fetched_at, self.public_url, tuple(pictures), cover)
        tell("binding", 0, 0)
        return as_epub.render(book)

    def _zip(self, saved: SavedThread, folder: Path, tell: Tell) -> bytes:
        page = pages.thread_page(saved, self.links)
        told = _of_pictures(tell, count(page, films=True))
        album = Album(folder, self._taken, longest=2400, room=192 * MEGABYTE, tell=told)
        page = moved(page, album.keep, album.keep_film)
        tell("packing", 0, 0)
        return as_zip.render(page, saved, self.public_url, [*folder.iterdir()])

    def _card(self, saved: SavedThread, folder: Path, _tell: Tell) -> bytes:
        if saved.unlisted:
            raise Permanent("unlisted")
        page = pages.thread_page(saved)
        album = Album(folder, self._taken, longest=256, room=MEGABYTE)
        author = moved(page.author, album.keep)
        return self._drawn("card.typ", as_card.data(page, author), saved, folder)

    def _set(self, template: str, page: views.ThreadPage, saved: SavedThread, folder: Path) -> bytes:
        return self._drawn(template, as_card.data(page, page.author), saved, folder)

    def _drawn(self, template: str, data: as_card.Data, saved: SavedThread, folder: Path) -> bytes:
        sheet = Sheet(template, "png", data, saved.fetched_at, ppi=72)
        return self._typeset(sheet, folder)

    def _page(self, saved: SavedThread, folder: Path, tell: Tell) -> views.ThreadPage:
        page = pages.thread_page(saved, self.links)
        told = _of_pictures(tell, count(page, films=False))
        return moved(page, Album(folder, self._taken, longest=1400, room=64 * MEGABYTE, tell=told).keep)

    def _typeset(self, sheet: Sheet, folder: Path) -> bytes:
        made = typeset(sheet, folder, seconds=SETTING, stopped=self.stopped, cores=self.cores)
        return made.read_bytes()

    def _taken(self, sha256: str) -> bytes | None:
        """A long thread has hundreds of pictures, each of which takes a moment."""
        if self.stopped():
            raise NotSet("shutting down")
        return self.take(sha256)


def _of_pictures(tell: Tell, total: int) -> Callable[[int], None]:
    """The first step; where there is no picture, there is no such step."""
    if total:
        tell("pictures", 0, total)
    return lambda done: tell("pictures", done, total)
