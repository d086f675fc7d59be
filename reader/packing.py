"""Pages are packed once, when they are made, and sent packed to all who take that."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping

from starlette.responses import Response

VARIES = {"Vary": "Accept-Encoding"}
PACKED = {"Content-Encoding": "gzip"}

# As small as it gets: a page is packed once and sent many times.
LEVEL = 9

_NONE_OF_IT = re.compile(r"q\s*=\s*0(\.0*)?\s*")


def pack(content: bytes) -> bytes:
    return gzip.compress(content, LEVEL, mtime=0)


def unpack(packed: bytes) -> bytes:
    return gzip.decompress(packed)


def takes_packed(accepted: str) -> bool:
    """Whether Accept-Encoding takes gzip (RFC 9110, 12.5.3)."""
    for part in accepted.split(","):
        name, _, weight = part.partition(";")
        if name.strip().lower() == "gzip":
            return not _NONE_OF_IT.fullmatch(weight.strip())
    return False


def answer(packed: bytes, headers: Mapping[str, str], media_type: str, *, accepted: str) -> Response:
    """The content as the browser takes it."""
    if takes_packed(accepted):
        return Response(packed, headers={**headers, **VARIES, **PACKED}, media_type=media_type)
    return Response(unpack(packed), headers={**headers, **VARIES}, media_type=media_type)
