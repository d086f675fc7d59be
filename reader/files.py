"""HTTP for files: the site's own, and our copies of pictures."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.blobs import Blobs, by_hash
from reader import addresses, packing
from reader.sending import send
from reader.site import NOINDEX, Site

FOREVER = "public, max-age=31536000, immutable"
# A file never changes under its hash, but it has to go within a day of going on X: see CONFIRMED_FOR.
AN_HOUR = "public, max-age=3600, immutable"
SIGNATURES = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftyp", "video/mp4"),
)


def static(site: Site, request: Request) -> Response:
    """A file of the site's own. Under an older hash the present one is sent, and not to be kept."""
    asset = site.assets.get(request.path_params["name"])
    if asset is None:
        raise HTTPException(404)
    current = request.path_params["digest"] == asset.digest
    headers = {"Cache-Control": FOREVER if current else "no-cache"}
    if asset.packed is None:
        return Response(asset.content, headers=headers, media_type=asset.content_type)
    accepted = request.headers.get("accept-encoding", "")
    return packing.answer(asset.packed, headers, asset.content_type, accepted=accepted)


def media(site: Site, request: Request) -> Response:
    name = request.path_params["sha256"]
    confirmed_at = site.store.media.confirmed_at(name) if addresses.MEDIA_NAME.fullmatch(name) else None
    if confirmed_at is None or site.hides(confirmed_at):
        raise HTTPException(404)
    key = by_hash(name)
    kind = _kind(site.files, key)
    # Exports and feeds name our pictures, and whoever shows those must be able to load them.
    headers = {"Cache-Control": AN_HOUR, "Cross-Origin-Resource-Policy": "cross-origin", **NOINDEX}
    if kind is None:
        headers["Content-Disposition"] = "attachment"
    media_type = kind or "application/octet-stream"
    return send(site.files, key, request, media_type=media_type, etag=f'"{name}"', headers=headers)


def _kind(files: Blobs, key: str) -> str | None:
    """What the file is by its first bytes, whatever was said of it; None for what no page shows."""
    try:
        head = files.read(key, 0, 16)
    except FileNotFoundError:
        raise HTTPException(404) from None
    return next((kind for at, mark, kind in SIGNATURES if head.startswith(mark, at)), None)
