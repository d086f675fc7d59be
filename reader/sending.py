"""Stored files over HTTP: whole or a part of them (RFC 9110, 14), from a folder or out of a bucket."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from bot.blobs import Blobs
from reader.site import not_modified

RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def send(
    files: Blobs, key: str, request: Request, *, media_type: str, etag: str, headers: Mapping[str, str]
) -> Response:
    """Raises HTTPException 404 where there is no such file; OSError where the bucket does not answer."""
    found = files.find(key)
    if found is None:
        raise HTTPException(404)
    told = {**headers, "ETag": etag}
    if not_modified(request, etag):
        return Response(status_code=304, headers=told)
    if path := files.path(key):
        return FileResponse(path, headers=told, media_type=media_type)
    told["Accept-Ranges"] = "bytes"
    asked = request.headers.get("range") if request.headers.get("if-range", etag) == etag else None
    start, end = _part(asked, found.size)
    told["Content-Length"] = str(end - start)
    part = end - start < found.size
    if part:
        told["Content-Range"] = f"bytes {start}-{end - 1}/{found.size}"
    body = files.stream(key, start, end) if request.method != "HEAD" else iter(())
    return StreamingResponse(body, 206 if part else 200, told, media_type)


def _part(asked: str | None, size: int) -> tuple[int, int]:
    """From where up to where; all of it where no part is asked for, several are, or it cannot be read."""
    match = RANGE.fullmatch(asked.replace(" ", "")) if asked else None
    if match is None or match.group() == "bytes=-":
        return 0, size
    first, last = match.groups()
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last) + 1, size) if first and last else size
    if start >= end:
        raise HTTPException(416, headers={"Content-Range": f"bytes */{size}"})
    return start, end
