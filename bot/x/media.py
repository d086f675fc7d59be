"""Pictures from X's media hosts only: no redirects, bounded in bytes, pixels and time, typed by content."""

from __future__ import annotations

import hashlib
import io
import time
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
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


def download(url: str, *, hosts: Collection[str]) -> Download:
    """Raises Permanent where the address or the file will never do, Transient where X may yet serve it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Permanent("media-host", "not an address") from None
    local = parts.hostname in LOOPBACK
    if parts.netloc not in hosts or (parts.scheme != "https" and not (local and parts.scheme == "http")):
        raise Permanent("media-host", f"{parts.scheme}://{parts.hostname}")
    return _recognise(_read(url, local=local))


def _read(url: str, *, local: bool) -> bytes:
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
                return _body(response)
    except (requests.RequestException, HTTPError) as error:
        raise Transient("media-unreachable", type(error).__name__) from None


def _body(response: requests.Response) -> bytes:
    """As it comes in, piece by piece: a time-out of the session begins anew with every byte."""
    end = time.monotonic() + PATIENCE.total_seconds()
    content = bytearray()
    while chunk := response.raw.read1(CHUNK, decode_content=True):
        content += chunk
        if len(content) > MAX_BYTES:
            raise Permanent("media-too-large", f"over {MAX_BYTES} bytes")
        if time.monotonic() > end:
            raise Transient("media-unreachable", "too slow")
    return bytes(content)


def _recognise(content: bytes) -> Download:
    """The type by content, never by name; decoding it once proves that it is whole."""
    try:
        with UNPACKING, Image.open(io.BytesIO(content), formats=list(TYPES)) as image:
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
