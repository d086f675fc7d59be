"""Pictures drawn on demand: the same name gives the same picture."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image


@dataclass(frozen=True)
class Picture:
    body: bytes
    media_type: str


@lru_cache(maxsize=256)
def picture(name: str, size: str | None = None) -> Picture | None:
    image = Image.new("RGB", (120, 68), "#678")
    out = io.BytesIO()
    image.save(out, "PNG")
    return Picture(out.getvalue(), "image/png")
