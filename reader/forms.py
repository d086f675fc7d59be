"""What a form of ours sends, and whether it was one of ours: another site must not spend our money."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

URLENCODED = "application/x-www-form-urlencoded"
MAX_BYTES = 4096
MAX_FIELDS = 8


def is_ours(headers: Mapping[str, str], public_url: str) -> bool:
    """Whether a page of this site sent the form, or no page at all (a program, an old browser).

    Browsers tell where it was sent from (https://www.w3.org/TR/fetch-metadata/), but over TLS or on this
    machine only; over plain HTTP there is the origin, which our own `no-referrer` turns into `null`.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None:
        return True
    ours = urlsplit(public_url)
    if origin == "null":
        return ours.scheme == "http"
    return urlsplit(origin).netloc.lower() in {ours.netloc.lower(), headers.get("host", "").lower()}


async def fields(request: Request) -> dict[str, str]:
    """Raises HTTPException 413 or 415 for what is no small form."""
    kind = request.headers.get("content-type", URLENCODED).split(";")[0].strip().lower()
    if kind != URLENCODED:
        raise HTTPException(415)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            raise HTTPException(413)
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=MAX_FIELDS))
    except ValueError:
        raise HTTPException(413) from None
