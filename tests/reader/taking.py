"""The house with a site beside it: threads of the sandbox or of one's own, and a worker called by hand."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pypdf

from bot.blobs import by_hash
from bot.flows.export import make_exports
from bot.store.media import Picture
from reader.app import create_app
from reader.exports.making import Maker
from tests.conftest import House
from tests.reader.conftest import Visitor
from tests.reader.fakes import FakeSaved


@dataclass
class Desk:
    """`wakes` counts the wake-ups that the site sent."""

    house: House
    make: Callable[..., bytes] | None = None
    wakes: list[None] = field(default_factory=list)
    later: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        settings = self.house.parts.settings
        self.maker = Maker(settings.public_url, self._kept)
        app = create_app(self.house.store, settings, lambda: self.house.world.now() + self.later)
        object.__setattr__(app.state.site, "wake", lambda: self.wakes.append(None))
        self.site = Visitor(app)

    def _kept(self, sha256: str) -> bytes | None:
        try:
            return self.house.parts.files.read(by_hash(sha256))
        except FileNotFoundError:
            return None

    def save(self, scene: FakeSaved) -> int:
        """A thread as if X had just given it, with its pictures."""
        now, store = self.house.world.now(), self.house.store
        thread = store.threads.save(scene.thread, now=now)
        for url, kept in scene.pictures.items():
            picture = Picture(kept.sha256, kept.content_type, kept.width, kept.height)
            store.media.store(url, picture, 1, now=now)
        return thread.id

    def work(self) -> int:
        return make_exports(self.house.parts, self.make or self.maker.make)

    def get(self, path: str, **more) -> httpx.Response:
        return self.site.get(path, **more)

    def take(self, path: str) -> bytes:
        """Asks, lets the worker work, and asks again."""
        first = self.get(path)
        assert first.status_code == 202, first.text
        self.work()
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.content

    def files(self) -> list[str]:
        return sorted(file.key for file in self.house.parts.files.list() if not file.named_by_hash)


def pdf(content: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(content))


def words(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pdf(content).pages)
