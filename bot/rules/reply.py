"""What we say in public: short, friendly, varied, within X's weighted length. Pure."""

from __future__ import annotations

import re
import unicodedata
import zlib
from itertools import product

from bot.domain import Thread
from bot.rules.text import reading_minutes, thread_texts

# https://docs.x.com/fundamentals/counting-characters: 280, a link counts 23, most scripts outside Latin 2.
MAX_WEIGHT = 280
LINK_WEIGHT = 23
MAX_NAME = 50
LIGHT_RANGES = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))

# X refuses a text it has just seen from the same account, so each reply takes the next wording.
GREETINGS = (
    "Here you go!",
    "All yours.",
    "Done!",
    "Here it is.",
    "Happy to.",
    "There you are.",
    "Your thread:",
)
MIDDLES = (
    "{name}'s thread on one page ({posts}, {minutes}):",
    "The thread by {name} in one piece ({posts}, {minutes}):",
    "{posts} by {name} on one calm page ({minutes}):",
    "The whole thread by {name} ({posts}, {minutes}):",
)
ENDINGS = ("", "Enjoy the read.", "Good reading!", "Have a good read.", "Enjoy!")

# What would make a name, a tag or a price of what follows it.
# What holds an emoji or a word together; every other format character could turn the text around.
JOINERS = "\u200c\u200d"
SIGNS = "@#$\uff20\uff03\uff04"

LINK = re.compile(r"https?://\S+")


def compose(thread: Thread, url: str, *, seed: int, attempt: int = 0) -> str:
    """A reply with the reader link. The same seed and attempt always give the same words.

    `seed` is the mention's id; `attempt` counts the wordings that X refused as duplicates.
    It never carries the thread's text, an @name or a cashtag.
    """
    wordings = list(product(GREETINGS, MIDDLES, ENDINGS))
    greeting, middle, ending = wordings[(_scatter(seed) + attempt * 37) % len(wordings)]
    said = middle.format(
        name=_harmless(thread.author.name) or "this author",
        posts=_count(len(thread.posts), "post"),
        minutes=f"{reading_minutes(thread_texts(thread))} min read",
    )
    text = " ".join(part for part in (greeting, said[:1].upper() + said[1:], url, ending) if part)
    assert weight(text) <= MAX_WEIGHT, text  # noqa: S101 - the parts above are bounded by construction
    return text


def weight(text: str) -> int:
    """X's weighted length of a text: links 23, the light ranges 1, everything else 2."""
    links = LINK.findall(text)
    rest = unicodedata.normalize("NFC", LINK.sub("", text))
    return LINK_WEIGHT * len(links) + sum(
        1 if any(low <= ord(character) <= high for low, high in LIGHT_RANGES) else 2 for character in rest
    )


def _harmless(name: str) -> str:
    """A display name that names nobody else, links nowhere and cannot turn the direction of the text."""
    kept = "".join(
        character
        for character in name
        if character not in "@#$\uff20\uff03\uff04"
        and unicodedata.category(character) not in {"Cc", "Cf", "Cs"}
    )
    kept = re.sub(r"(?i)\bhttps?:\S*|\b[\w-]+(?:\.[\w-]+)+\b", "", kept)
    kept = " ".join(kept.split())
    return kept if len(kept) <= MAX_NAME else kept[: MAX_NAME - 1].rstrip() + "\u2026"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _scatter(seed: int) -> int:
    """Ids, which differ in few bits, to numbers that have nothing in common."""
    return zlib.crc32(str(seed).encode())
