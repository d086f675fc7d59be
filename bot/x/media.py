"""Pictures and films from X's hosts only: no redirects, bounded in bytes, pixels, time; typed by content."""

from __future__ import annotations

import hashlib
import io
import time
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO
from urllib.parse import urlsplit

import requests
from PIL import Image
from urllib3.exceptions import HTTPError

from bot.errors import Permanent, Transient
from bot.pictures import UNPACKING, upright
from bot.settings import HTTP_TIMEOUT
from bot.x.connection import LOOPBACK

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000
PATIENCE = timedelta(seconds=30)
CHUNK = 64 * 1024
MAX_BOXES = 10_000
LONG_BOX = b"\0\0\0\1"  # its length follows, in eight bytes
PLAIN = {"Accept-Encoding": "identity"}
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}

# Between Pillow's warning and its error lies a picture of 89 million pixels. For the whole process: to change
# the filters for a moment is not safe among threads.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class Download:
    """A picture as it came: `sha256` names it; `width` and `height` in pixels as browsers show it."""

    content: bytes
    sha256: str
    content_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Film:
    """A video as it came, in a file that is there until it is let go; `size` in bytes."""

    path: Path
    sha256: str
    size: int


def download(url: str, *, hosts: Collection[str]) -> Download:
    """Raises Permanent where the address or the file will never do, Transient where X may yet serve it."""
    with _asked(url, hosts) as response:
        return _recognise(b"".join(_pieces(response, MAX_BYTES)))


@contextmanager
def downloaded_film(url: str, *, hosts: Collection[str], most: int) -> Iterator[Film]:
    """An MP4 of at most so many bytes, never all of it in memory. Raises as `download` does."""
    digest, size = hashlib.sha256(), 0
    with NamedTemporaryFile() as file:
        with _asked(url, hosts) as response:
            for piece in _pieces(response, most):
                file.write(piece)
                digest.update(piece)
                size += len(piece)
        _require_mp4(file, size)
        file.flush()
        yield Film(Path(file.name), digest.hexdigest(), size)


@contextmanager
def _asked(url: str, hosts: Collection[str]) -> Iterator[requests.Response]:
    local = _require_host(url, hosts)
    try:
        with requests.Session() as session:
            session.trust_env = not local
            timeout = HTTP_TIMEOUT.total_seconds()
            asked = session.get(url, timeout=timeout, stream=True, allow_redirects=False, headers=PLAIN)
            with asked as response:
                if response.status_code in {403, 404, 410}:
                    raise Permanent("media-gone", str(response.status_code))
                if response.status_code != requests.codes.ok:
                    raise Transient("media-unreachable", str(response.status_code))
                yield response
    except (requests.RequestException, HTTPError) as error:
        raise Transient("media-unreachable", type(error).__name__) from None


def _require_host(url: str, hosts: Collection[str]) -> bool:
    """Whether it is this machine, which only tests and the demo name."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Permanent("media-host", "not an address") from None
    local = parts.hostname in LOOPBACK
    if parts.netloc not in hosts or (parts.scheme != "https" and not (local and parts.scheme == "http")):
        raise Permanent("media-host", f"{parts.scheme}://{parts.hostname}")
    return local


def _pieces(response: requests.Response, most: int) -> Iterator[bytes]:
    """As they come in: a time-out of the session begins anew with every byte."""
    end, size = time.monotonic() + PATIENCE.total_seconds(), 0
    told = response.headers.get("Content-Length", "")
    if told.isdecimal() and int(told) > most:
        raise Permanent("media-too-large", f"{told} bytes")
    while piece := response.raw.read1(CHUNK, decode_content=True):
        size += len(piece)
        if size > most:
            raise Permanent("media-too-large", f"over {most} bytes")
        if time.monotonic() > end:
            raise Transient("media-unreachable", "too slow")
        yield piece


def _require_mp4(file: IO[bytes], size: int) -> None:
    """Boxes one after another to the file's end (ISO/IEC 14496-12, 4.2), the first of them `ftyp`, and the
    one that tells how to play it, `moov`.
    """
    at, kinds = 0, list[bytes]()
    while at < size and len(kinds) < MAX_BOXES:
        file.seek(at)
        head = file.read(16)
        length = int.from_bytes(head[8:16] if head[:4] == LONG_BOX else head[:4], "big")
        if length < len(LONG_BOX) * 2:
            break
        kinds.append(head[4:8])
        at += length
    if at != size or kinds[:1] != [b"ftyp"] or b"moov" not in kinds:
        raise Permanent("media-unreadable", "no whole MP4")


def _recognise(content: bytes) -> Download:
    """The type by content, never by name; decoding it once proves that it is whole."""
    return UNPACKING.submit(_unpacked, content).result()


def _unpacked(content: bytes) -> Download:
    try:
        with Image.open(io.BytesIO(content), formats=list(TYPES)) as image:
            _require_size(*image.size)
            width, height = upright(image)
            image.load()
            kind = TYPES[str(image.format)]
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Permanent("media-too-large", "a decompression bomb") from None
    except Permanent:
        raise
    except Exception as error:  # noqa: BLE001 - whatever Pillow stumbles over, the file was made by a stranger
        raise Permanent("media-unreadable", type(error).__name__) from None
    return Download(content, hashlib.sha256(content).hexdigest(), kind, width, height)


def _require_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise Permanent("media-too-large", f"{width} x {height} pixels")
