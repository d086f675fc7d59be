"""Smaller copies of pictures, so that a telephone does not load what a wall could show. Bytes in, bytes out.

WebP rather than AVIF: beside it AVIF saved up to a seventh of the bytes, where it saved any, for two to five
times the processor's time, and readers of feeds and books open WebP more often.
"""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps

# An avatar or a list's thumbnail; a telephone; a column of text on a plain and on a dense screen.
WIDTHS = (160, 400, 800, 1200, 1600)
QUALITY = 80
SMALL_ENOUGH = 8 * 1024  # bytes: an avatar as X gives it
NAME = 24  # hexadecimal digits
HIGHEST = 16_383  # WebP knows no more
TURNED = frozenset({5, 6, 7, 8})  # EXIF orientations that swap width and height

# A picture of the largest size takes 200 MB while it is looked at, and a worker has many threads. One of its
# own does it for all of them: what a thread gives back, the C library keeps for that thread.
UNPACKING = ThreadPoolExecutor(1, "pictures")


@dataclass(frozen=True, slots=True)
class SmallPicture:
    """A WebP with nothing in it but the picture: no place, no camera, upright, in sRGB. `name` begins its
    SHA-256: a page names many.
    """

    content: bytes
    name: str
    width: int
    height: int


def shrink(content: bytes) -> tuple[SmallPicture, ...]:
    """Copies from narrow to wide, none larger than the original in pixels or bytes; none of what moves, or of
    what cannot be read.
    """
    return UNPACKING.submit(_shrink, content).result()


def _shrink(content: bytes) -> tuple[SmallPicture, ...]:
    if len(content) < SMALL_ENOUGH:
        return ()
    made: list[SmallPicture] = []
    with suppress(Exception), Image.open(io.BytesIO(content)) as image:
        if getattr(image, "is_animated", False) or image.mode.startswith(("I", "F")):
            return ()
        made += [copy for small in _sizes(image) if (copy := _encoded(small, len(content))) is not None]
    return tuple(reversed(made))


def upright(image: Image.Image) -> tuple[int, int]:
    """Width and height as browsers show them."""
    turned = image.getexif().get(0x0112) in TURNED
    return image.size[::-1] if turned else image.size


def _sizes(image: Image.Image) -> list[Image.Image]:
    """From wide to narrow, each made of the one before: only one large picture is ever in memory."""
    width, height = upright(image)
    widths = [each for each in WIDTHS if each < width]
    if width <= WIDTHS[-1]:
        widths.append(width)
    turned = width != image.width
    found: list[Image.Image] = []
    for each in reversed(widths):
        size = each, max(1, round(height * each / width))
        if not found:
            image.draft("RGB", size[::-1] if turned else size)
            first = _plain(image).resize(
                size[::-1] if turned else size, Image.Resampling.LANCZOS, reducing_gap=3
            )
            found.append(ImageOps.exif_transpose(_in_srgb(first, image)))
        else:
            found.append(found[-1].resize(size, Image.Resampling.LANCZOS, reducing_gap=3))
    return found


def _plain(image: Image.Image) -> Image.Image:
    """In a mode that can be made smaller: palettes cannot."""
    if image.mode in {"RGB", "RGBA", "CMYK", "L"} and "transparency" not in image.info:
        return image  # as it is: a large one is not to be in memory twice
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _in_srgb(small: Image.Image, original: Image.Image) -> Image.Image:
    """Colours as its profile means them; without one, or with one that nobody can read, as they are."""
    profile, alpha = original.info.get("icc_profile"), small.mode == "RGBA"
    mode = "RGBA" if alpha else "RGB"
    small.info["exif"] = original.info.get("exif", b"")
    if profile:
        with suppress(ImageCms.PyCMSError, OSError, ValueError):
            own, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
            made = ImageCms.profileToProfile(small, own, srgb, outputMode=mode)
            if made is not None:
                return made
    return small.convert(mode)


def _encoded(small: Image.Image, most: int) -> SmallPicture | None:
    """Nothing where it saves nothing."""
    if small.height > HIGHEST:
        return None
    file = io.BytesIO()
    small.info.clear()
    small.save(file, "WEBP", quality=QUALITY)
    content = file.getvalue()
    if len(content) >= most:
        return None
    return SmallPicture(content, hashlib.sha256(content).hexdigest()[:NAME], small.width, small.height)
