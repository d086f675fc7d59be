"""The site's own files, each under an address that changes with its content."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reader import packing

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".png": "image/png",
    ".txt": "text/plain; charset=utf-8",
}
COMMENTS = re.compile(r"/\*.*?\*/", re.DOTALL)
WHITE = re.compile(r"\s+")
BLANKS = re.compile(r" ?([{};,]) ?")
FONT = "source-serif-4.woff2"


@dataclass(frozen=True, slots=True)
class Asset:
    name: str
    content: bytes
    content_type: str
    digest: str
    packed: bytes | None  # None where that would not make it smaller

    @property
    def address(self) -> str:
        return f"/static/{self.digest}/{self.name}"


def load(folder: Path = STATIC) -> Mapping[str, Asset]:
    """Every file by its name. The font's address stands in the style sheet, so it is known first."""
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in TYPES}
    font = asset(FONT, files[FONT])
    return {name: asset(name, _as_sent(name, content, font)) for name, content in files.items()}


@cache
def asset(name: str, content: bytes) -> Asset:
    digest = hashlib.sha256(content).hexdigest()[:12]
    packed = packing.pack(content)
    return Asset(
        name, content, TYPES[Path(name).suffix], digest, packed if len(packed) < len(content) else None
    )


def _as_sent(name: str, content: bytes, font: Asset) -> bytes:
    """A style sheet without what only its writers read, and with the font's address."""
    if not name.endswith(".css"):
        return content
    return tight(content.decode()).replace(FONT, font.address).encode()


@cache
def tight(sheet: str) -> str:
    """The same rules without comments and without white space that means nothing."""
    return BLANKS.sub(r"\1", WHITE.sub(" ", COMMENTS.sub("", sheet))).replace(";}", "}").strip()
