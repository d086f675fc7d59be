"""Pictures from X's media hosts only: no redirects, bounded in bytes, pixels and time, typed by content."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from PIL import Image, UnidentifiedImageError

from bot.errors import Permanent, Transient
from bot.settings import HTTP_TIMEOUT

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000
CHUNK = 64 * 1024
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}


@dataclass(frozen=True, slots=True)
class Download:
    """A picture as it came: `sha256` names it; `width` and `height` in pixels are those of the file."""

    content: bytes
    sha256: str
    content_type: str
    width: int
    height: int


def download(url: str, *, hosts: Collection[str]) -> Download:
    """Raises Permanent where the address or the file will never do, Transient where X may yet serve it."""
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or parts.netloc not in hosts:
        raise Permanent("media-host", parts.netloc)
    content = _read(url)
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        return _recognise(content)


def _read(url: str) -> bytes:
    try:
        with requests.Session() as session:
            session.trust_env = urlsplit(url).scheme == "https"
            timeout = HTTP_TIMEOUT.total_seconds()
            with session.get(url, timeout=timeout, stream=True, allow_redirects=False) as response:
                if response.status_code in {403, 404, 410}:
                    raise Permanent("media-gone", str(response.status_code))
                if response.status_code != requests.codes.ok:
                    raise Transient("media-unreachable", str(response.status_code))
                content = b""
                for chunk in response.iter_content(CHUNK):
                    content += chunk
                    if len(content) > MAX_BYTES:
                        raise Permanent("media-too-large", f"over {MAX_BYTES} bytes")
                return content
    except requests.RequestException as error:
        raise Transient("media-unreachable", type(error).__name__) from None


def _recognise(content: bytes) -> Download:
    """The type by content, never by name; decoding it once proves that it is whole."""
    try:
        with Image.open(io.BytesIO(content), formats=list(TYPES)) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise Permanent("media-too-large", f"{width} x {height} pixels")
            image.load()
            kind = TYPES[str(image.format)]
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise Permanent("media-unreadable", type(error).__name__) from None
    return Download(content, hashlib.sha256(content).hexdigest(), kind, width, height)
