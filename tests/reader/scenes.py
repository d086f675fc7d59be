"""Threads worth looking at. Every author and every word is made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.domain import Author, Fork, Gap, Media, Poll, PollOption, Post, Quote, Variant
from tests.reader.fakes import MIRA, NOON, FakeSaved, link, paint, photo, post, tagged, thread

TOMAS = Author(502, "tomas_lindqvist", "Tomas Lindqvist", "https://pbs.twimg.com/profile_images/2/t.jpg")
SIX = (
    "The Fresnel lens ended all that. One lamp, a cage of prisms, and suddenly a flame could be seen at "
    "twenty miles: https://t.co/prism1\n\nMore at https://t.co/tower2 and "
    "#lighthouses, by way of @harbour_desk."
)


def lighthouse(folder: Path) -> FakeSaved:
    """Ten posts with everything a post can carry, gaps and a fork among them."""
    posts = (
        post(
            1,
            "What a lighthouse keeper knows about waiting\n\nMy grandfather kept the lamp at "
            "Sk\u00e4rhamn for "
            "thirty-one years. When he died he left us a clock, two good coats, and a log of "
            "almost nothing.\n\n"
            "I have been reading it all winter. \U0001f9f5",
        ),
        post(
            2,
            "The lamp is the easy part. You trim it, you wind the clockwork, and for eleven "
            "hours nothing happens. "
            "Page one of the log says only:\n\n\u201cClear. A gull.\u201d\n\nPage "
            "two:\n\n\u201cClear. The gull again.\u201d",
        ),
        post(
            3,
            "This is the tower in \u201952. The keeper\u2019s house is the low roof on the "
            "left; the light was "
            "fourteen seconds dark, one second bright.",
            media=(
                photo(
                    "tower",
                    "A white tower on a bare rock under a low sun. To its left a low house with a "
                    "slate roof; in front of both a small boat pulled up on the stones, its oars shipped. "
                    "Far out on the right a second, fainter light.",
                    1600,
                    1000,
                ),
            ),
        ),
        post(
            4,
            "Keepers wrote to each other, tower to tower, by the supply boat. A letter took "
            "nine days to go "
            "forty miles &amp; nobody minded.",
            quoted=900,
            versions=(1003, 1004),
        ),
        post(
            5,
            "Four pages from the log. Note how the handwriting changes after the winter of \u201947.",
            media=(
                photo("log1", "A page in a steep, even hand: six lines, all of weather."),
                photo("log2", "The same hand, smaller; a pressed flower beside the date.", 900, 1200),
                photo("log3", "A page with one line: \u201cFog. Nine hours of bell.\u201d", 1200, 900),
                photo("log4", None, 1400, 700),
            ),
        ),
        post(
            6,
            SIX,
            entities=(
                link(
                    SIX,
                    "https://t.co/prism1",
                    "https://www.coastmuseum.example/essays/the-lens-that-saved-ten-thousand-ships",
                    "coastmuseum.example/essays/the-len\u2026",
                    title="The lens that saved ten thousand ships",
                    description="How a road engineer with bad lungs bent light around a flame, and what that "
                    "did to the price of insurance.",
                    image_url="https://pbs.twimg.com/news_img/6/lens.jpg",
                ),
                link(SIX, "https://t.co/tower2", "https://towers.example/", "towers.example"),
                tagged("hashtag", SIX, "#lighthouses"),
                tagged("mention", SIX, "@harbour_desk"),
            ),
        ),
        post(
            7,
            "Before I go on, a question for those who have never stood a watch. What was the "
            "keepers\u2019 most "
            "common complaint in letters?",
            poll=Poll(
                77,
                (
                    PollOption("The cold", 212),
                    PollOption("The bell", 148),
                    PollOption("The other keeper", 964),
                    PollOption("The gull", 91),
                ),
                NOON,
            ),
        ),
        post(
            8,
            "Here is the clockwork, restored. He wound it every four hours, and so did my "
            "mother, at eight, "
            "when his back was bad.",
            media=(
                Media(
                    "7_clock",
                    "video",
                    None,
                    "https://pbs.twimg.com/video/clock.jpg",
                    "Brass gears turning slowly behind glass.",
                    1280,
                    720,
                    94000,
                    (Variant("https://video.twimg.com/clock.mp4", "video/mp4", 832000),),
                ),
            ),
            created_at=NOON + timedelta(days=1),
        ),
        post(
            9,
            "Two keepers, two winters apart, at the same window.",
            media=(
                photo("left", "A man with a pipe looks out of a small square window.", 800, 1000),
                photo("right", "The same window; another man, the same pipe.", 800, 1000),
            ),
            created_at=NOON + timedelta(days=1, minutes=2),
            sensitive=False,
        ),
        post(
            10,
            "The last entry is from the day the light went electric.\n\n\u201cClear,\u201d "
            "he wrote. \u201cNo need of me. "
            "The gull stayed.\u201d",
            created_at=NOON + timedelta(days=1, minutes=5),
        ),
    )
    quoted = Post(
        900,
        TOMAS.id,
        900,
        NOON - timedelta(days=40),
        "Found in my aunt\u2019s attic: forty letters between lighthouse keepers, "
        "1931\u20131938.\n\nMost of them are about soup.",
        lang="en",
        media=(photo("letters", "A bundle of letters tied with tarred string.", 1400, 800),),
        versions=(900,),
    )
    side = (
        post(21, "An aside on the gull, since you ask. It had one foot."),
        post(
            22,
            "The log calls it \u201cthe lodger\u201d from 1949 on.",
            media=(photo("gull", "A gull on a railing."),),
        ),
    )
    found = thread(
        *posts,
        gaps=(Gap(1002, "deleted"), Gap(1009, "protected", 1099)),
        forks=(Fork(1002, side),),
        quotes=(Quote(quoted, TOMAS),),
        complete=False,
    )
    sizes = {
        "tower": (1600, 1000),
        "log1": (1200, 800),
        "log2": (900, 1200),
        "log3": (1200, 900),
        "log4": (1400, 700),
        "left": (800, 1000),
        "right": (800, 1000),
        "letters": (1400, 800),
    }
    pictures = {
        f"https://pbs.twimg.com/media/{name}.jpg": paint(folder, *size, hue)
        for (name, size), hue in zip(sizes.items(), range(10, 250, 24), strict=False)
    }
    pictures |= {
        "https://pbs.twimg.com/video/clock.jpg": paint(folder, 1280, 720, 20),
        "https://pbs.twimg.com/news_img/6/lens.jpg": paint(folder, 600, 600, 140),
        str(MIRA.avatar_url): paint(folder, 400, 400, 128),
    }
    return FakeSaved(found, pictures=pictures)


def hebrew() -> FakeSaved:
    """Right to left, with an address and a name in Latin letters inside."""
    author = Author(601, "noa_tal", "נעה טל")
    text = "קראתי על זה ב-https://t.co/he1 של @harbour_desk, ונזכרתי בסבא שלי."
    return FakeSaved(
        thread(
            post(
                1,
                "מה יודע שומר המגדלור\n\n"
                "המנורה היא החלק הקל. מנקים אותה, מותחים את השעון, "
                "ובמשך 11 שעות לא קורה דבר.",
                lang="iw",
            ),
            post(
                2,
                text,
                lang="iw",
                entities=(
                    link(
                        text,
                        "https://t.co/he1",
                        "https://towers.example/he/keeper",
                        "towers.example/he/keeper",
                        title="שומרי האור",
                        description="על מגדלורים",
                    ),
                    tagged("mention", text, "@harbour_desk"),
                ),
            ),
            post(
                3,
                "מה הכי קשה?",
                lang="iw",
                poll=Poll(
                    78,
                    (
                        PollOption("הקור", 30),
                        PollOption("הפעמון", 70),
                    ),
                ),
            ),
            author=author,
        )
    )


def japanese() -> FakeSaved:
    """Without spaces, with emoji, and with a picture we keep no copy of."""
    author = Author(602, "akari_mori", "森あかり\U0001f319")
    return FakeSaved(
        thread(
            post(
                1,
                "灯台守が知っていること\n\n灯りを整えるのは簡単だ。芯を切り、時計仕掛けを巻き、それから十一時間、何も起こらない。",
                lang="ja",
            ),
            post(
                2,
                "祖父の日誌の一頁目には、「晴れ。カモメ一羽」とだけ書いてある。\U0001f54a\ufe0f\u2728"
                "\U0001f468\u200d\U0001f469\u200d\U0001f467\n二頁目は「晴れ。またカモメ」。",
                lang="ja",
                media=(photo("lost", "白い灯台と海。"),),
            ),
            post(3, "おわり。", lang="ja", quoted=4444),
            author=author,
        )
    )


def usual(folder: Path) -> FakeSaved:
    """25 posts of the usual length with four pictures."""
    words = "Keepers wrote the weather down every hour, and nobody read it for a century. " * 3
    shown = {n: photo(f"u{n}", f"Picture {n}", 1200, 800) for n in (2, 5, 9, 20)}
    posts = (post(5000 + n, f"{n}. {words}", media=(shown[n],) if n in shown else ()) for n in range(1, 26))
    pictures = {media.url: paint(folder, 1200, 800, 90 + n) for n, media in shown.items()}
    return FakeSaved(thread(*posts), pictures=pictures)


def moved(saved: FakeSaved, by: int) -> FakeSaved:
    """The same thread under other numbers, so that several fit in one store."""
    posts = tuple(
        replace(one, id=one.id + by, versions=tuple(v + by for v in one.versions))
        for one in saved.thread.posts
    )
    return replace(saved, thread=replace(saved.thread, id=saved.thread.id + by, posts=posts))
