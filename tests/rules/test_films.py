"""Which encoding of a video is kept: the smallest that is good to look at."""

import pytest

from bot.domain import Media, Variant
from bot.rules.films import film_of, is_film

PLAYLIST = Variant("https://video.twimg.com/pl/1.m3u8?tag=12", "application/x-mpegURL")


def encoded(*rates, seconds=30):
    variants = [Variant(f"https://video.twimg.com/{rate}.mp4?tag=12", "video/mp4", rate) for rate in rates]
    return Media("7_1", "video", duration_ms=seconds * 1000, variants=(PLAYLIST, *variants))


@pytest.mark.parametrize(
    ("media", "rate"),
    [
        (encoded(2_176_000, 256_000, 832_000), 832_000),
        (encoded(256_000), 256_000),
        (encoded(256_000, 320_000), 256_000),
        (encoded(256_000, 832_000, seconds=600), 256_000),
        (encoded(0), 0),
        (encoded(2_176_000, 10_368_000, seconds=600), 2_176_000),
    ],
    ids=["several", "one", "none to look at", "a long one", "a GIF", "a long one in large only"],
)
def test_the_smallest_that_is_good_to_look_at(media, rate):
    assert film_of(media) == f"https://video.twimg.com/{rate}.mp4?tag=12"


def test_no_film_without_an_mp4():
    assert film_of(encoded()) is None
    assert film_of(Media("3_1", "photo", "https://pbs.twimg.com/1.jpg")) is None
    assert not is_film("https://[::1/1.mp4")
