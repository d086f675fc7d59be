"""Templates -> bytes. Autoescape is always on, and a name a template misspells is an error."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket

from reader import dates
from reader.assets import Asset
from reader.offers import Offers
from reader.views import Links

TEMPLATES = Path(__file__).parent / "templates"


class Compiled(BytecodeCache):
    """Every environment of this process takes a template as it was once compiled."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key, bucket.checksum] = bucket.code


COMPILED = Compiled()


def environment() -> Environment:
    jinja = Environment(
        autoescape=True,
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=COMPILED,
    )
    jinja.filters.update(
        iso=dates.iso, day=dates.day, short_day=dates.short_day, clock=dates.clock, full=dates.full
    )
    return jinja


class Press:
    """Renders the templates of one site. `build` changes when a page would look or read differently;
    `letters` says that authors can be followed by e-mail, `links` where those in posts lead.
    """

    def __init__(
        self,
        assets: Mapping[str, Asset],
        *,
        public_url: str,
        offers: Offers,
        letters: bool = False,
        links: Links = "t.co",
    ) -> None:
        self._jinja = environment()
        self._jinja.globals.update(
            static={name: asset.address for name, asset in assets.items()},
            site=public_url,
            offers=offers,
            letters=letters,
        )
        self.build = _build(
            [public_url, repr(offers), repr(letters), links, *(asset.address for asset in assets.values())]
        )

    def page(self, template: str, **values: Any) -> bytes:
        return self._jinja.get_template(template).render(**values).encode("utf-8", "replace")


def _build(parts: list[str]) -> str:
    digest = hashlib.sha256("\n".join(parts).encode())
    for path in sorted(path for kind in ("*.py", "*.html") for path in TEMPLATES.parent.rglob(kind)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
