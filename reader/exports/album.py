"""The pictures and films of one export: our copies, pictures made small enough, as files beside it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image, ImageOps

from bot.pictures import UNPACKING
from reader import views

T = TypeVar("T")
Keep = Callable[[views.Image], views.Image | None]
KeepFilm = Callable[[str], str | None]

QUALITY = 84


class Album:
    """`take` gives the bytes of a picture by its hash, None where it is not to be had.

    `longest` is the most pixels a side may have, `room` how many bytes all of them together may take; those
    that do not fit stay away, and what is made says so in their place. `tell` hears how many were dealt with.
    """

    def __init__(
        self,
        folder: Path,
        take: Callable[[str], bytes | None],
        *,
        longest: int,
        room: int,
        tell: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._folder = folder
        self._take = take
        self._tell = tell
        self._dealt_with: set[str] = set()
        self._longest = longest
        self._room = room
        self._kept: dict[str, views.Image | None] = {}

    @property
    def files(self) -> list[Path]:
        """Those that were kept, in the order in which they were."""
        return [self._folder / image.src for image in self._kept.values() if image is not None]

    def keep(self, image: views.Image) -> views.Image | None:
        """The picture under its name in the folder; None where there is none or no more room."""
        if image.src not in self._kept:
            self._kept[image.src] = self._made(image.src.rpartition("/")[2])
            self._note(image.src)
        return self._kept[image.src]

    def keep_film(self, address: str) -> str | None:
        """The name of a film in the folder, as it is; None where there is none or no more room."""
        kept = self._film(address.rpartition("/")[2])
        self._note(address)
        return kept

    def _note(self, address: str) -> None:
        self._dealt_with.add(address)
        self._tell(len(self._dealt_with))

    def _film(self, sha256: str) -> str | None:
        path = self._folder / f"{sha256[:20]}.mp4"
        if not path.exists():
            content = self._take(sha256) if self._room > 0 else None
            if content is None or len(content) > self._room:
                return None
            self._room -= len(content)
            path.write_bytes(content)
        return path.name

    def _made(self, sha256: str) -> views.Image | None:
        content = self._take(sha256) if self._room > 0 else None
        found = UNPACKING.submit(_smaller, content, self._longest).result() if content else None
        if found is None:
            return None
        made, ending, width, height = found
        self._room -= len(made)
        if self._room < 0:
            return None
        name = f"{sha256[:20]}.{ending}"
        (self._folder / name).write_bytes(made)
        return views.Image(name, width, height)


def _leave(_film: str) -> None:
    """Paper and books play none."""


def count(value: Any, *, films: bool) -> int:
    """How many pictures of a page an album has to deal with; with its `films`, if they go into it."""
    found: set[str] = set()

    def see(image: views.Image) -> None:
        found.add(image.src)

    moved(value, see, found.add if films else _leave)
    return len(found)


def moved(value: T, keep: Keep, keep_film: KeepFilm = _leave) -> T:
    """The same page with its pictures and films elsewhere."""
    return _moved(value, keep, keep_film)  # type: ignore[no-any-return]


def _moved(value: Any, keep: Keep, keep_film: KeepFilm) -> Any:
    if isinstance(value, views.Image):
        return keep(value)
    if isinstance(value, tuple):
        return tuple(_moved(each, keep, keep_film) for each in value)
    if not is_dataclass(value) or isinstance(value, type | views.Run):
        return value
    changed = {field.name: _moved(getattr(value, field.name), keep, keep_film) for field in fields(value)}
    if isinstance(value, views.Attachment) and value.film is not None:
        changed["film"] = keep_film(value.film)
    return replace(value, **changed)


def _smaller(content: bytes, longest: int) -> tuple[bytes, str, int, int] | None:
    """As JPEG, or PNG where it can be seen through: kinds that every reader of books and pages knows."""
    try:
        with Image.open(io.BytesIO(content)) as opened:
            opened.draft("RGB", (longest, longest))
            picture = ImageOps.exif_transpose(opened)
            clear = picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info
            picture = picture.convert("RGBA" if clear else "RGB")
            picture.thumbnail((longest, longest))
            file = io.BytesIO()
            if clear:
                picture.save(file, "PNG", optimize=True)
            else:
                picture.save(file, "JPEG", quality=QUALITY, progressive=True, optimize=True)
            return file.getvalue(), "png" if clear else "jpg", *picture.size
    except Exception:  # noqa: BLE001 - whatever Pillow stumbles over, the page does without it
        return None
