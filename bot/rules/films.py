"""Which encoding of a video is kept here, so that readers ask nobody but us for it."""

from __future__ import annotations

from urllib.parse import urlsplit

from bot.domain import Media, Variant

# Bits a second: below this a face in the column of text is a blur.
WATCHABLE = 600_000
# Bytes: a longer video is kept at its smallest, where even that is not too large for the operator.
LIGHT = 12_000_000


def film_of(media: Media) -> str | None:
    """The smallest MP4 that is good to look at, of a long video the smallest of all; None without any."""
    encodings = sorted((each for each in media.variants if is_film(each.url)), key=_rate)
    watchable = (each for each in encodings if _rate(each) >= WATCHABLE and _bytes(each, media) <= LIGHT)
    found = next(watchable, None) or next(iter(encodings), None)
    return found.url if found else None


def is_film(url: str) -> bool:
    """By its name, which says how it is to be fetched; what came is looked at then."""
    try:
        return urlsplit(url).path.endswith(".mp4")
    except ValueError:
        return False


def _rate(variant: Variant) -> int:
    return variant.bit_rate or 0


def _bytes(variant: Variant, media: Media) -> float:
    return _rate(variant) / 8 * (media.duration_ms or 0) / 1000
