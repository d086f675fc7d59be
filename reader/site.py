"""What the endpoints share: the store, the press, and the answers that are the same everywhere."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from starlette.responses import Response

from reader import assets
from reader.messages import Note
from reader.ports import Settings, Store
from reader.shelf import Shelf
from reader.templating import Press

PAGES_KEPT = 512
NOINDEX = {"X-Robots-Tag": "noindex"}


@dataclass(frozen=True, slots=True)
class Site:
    store: Store
    public_url: str
    media_dir: Path
    assets: dict[str, assets.Asset]
    press: Press
    shelf: Shelf
    version: str

    def note(self, note: Note, status: int = 200) -> Response:
        """A short page. It is never kept by caches: what it says is about to change."""
        headers = {"Cache-Control": "no-store", **NOINDEX}
        content = self.press.page("message.html", **asdict(note))
        return Response(content, status, headers, media_type="text/html")


def build(store: Store, settings: Settings) -> Site:
    files = dict(assets.load())
    press = Press(files, public_url=settings.public_url, bot_username=settings.bot_username)
    return Site(
        store=store,
        public_url=settings.public_url,
        media_dir=settings.media_dir,
        assets=files,
        press=press,
        shelf=Shelf(PAGES_KEPT),
        version=_version(),
    )


def _version() -> str:
    try:
        return version("unroll-bot")
    except PackageNotFoundError:
        return "0"
