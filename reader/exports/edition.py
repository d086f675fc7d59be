"""What a file is made by: it changes when one would come out otherwise, and then older ones are made anew."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from reader.views import Links

READER = Path(__file__).parent.parent
KINDS = ("*.py", "*.html", "*.xml", "*.typ", "*.css", "*.woff2")


def etag(page_etag: str, public_url: str, links: Links = "t.co") -> str:
    """The etag of what is made of a page; it begins with the page's own and a dot."""
    return f"{page_etag}.{_edition(public_url, links)}"


@cache
def _edition(public_url: str, links: Links) -> str:
    digest = hashlib.sha256(f"{public_url} {links}".encode())
    for path in sorted(path for kind in KINDS for path in READER.rglob(kind)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
