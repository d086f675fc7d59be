"""What we say in public: short, friendly, varied, within X's weighted length. Pure."""

from __future__ import annotations

import re
import unicodedata
import zlib

from bot.domain import Thread
from bot.rules import phrases
from bot.rules.text import reading_minutes, thread_texts

# https://docs.x.com/fundamentals/counting-characters: 280, a link counts 23, most scripts outside Latin 2.
MAX_WEIGHT = 280
LINK_WEIGHT = 23
MAX_NAME = 50

# Every refusal and confirmation has so many wordings in each language.
WORDINGS_AT_LEAST = 9
FLOURISHES = (
    *("", "\U0001f33f", "\u2615", "\U0001f9f5", "\U0001f343", "\U0001f331", "\U0001f342", "\U0001f4d6"),
    *("\U0001f33b", "\U0001f340", "\U0001f375", "\U0001f33e", "\U0001f41a", "\U0001f30a", "\U0001fab6"),
)
LIGHT_RANGES = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))

# What would make a name, a tag or a price of what follows it.
SIGNS = "@#$\uff20\uff03\uff04"
# What holds an emoji or a word together; every other format character could turn the text around.
JOINERS = "\u200c\u200d"

LINK = re.compile(r"https?://\S+", re.IGNORECASE)
ADDRESS = re.compile(r"https?:\S*", re.IGNORECASE)
# Between letters a dot makes an address of them, which X would link.
INNER_DOT = re.compile(r"(?<=\w)[.\u3002\uff0e\uff61](?=\w)")


def compose(thread: Thread, url: str, *, seed: int, attempt: int = 0, lang: str | None = None) -> str:
    """A reply with the reader link, in X's language `lang` where we have it, else in English.

    The same arguments always give the same words. `seed` is the thread's id and says where its wordings
    begin; `attempt` counts the replies before this one, whose words do not come again soon. It never
    carries the thread's text, an @name, a tag or a cashtag.
    """
    text = phrases.unrolled(
        lang,
        name=_harmless(thread.author.name) or thread.author.username,
        posts=len(thread.posts),
        minutes=reading_minutes(thread_texts(thread)),
        url=url,
        attempt=_scatter(seed) + attempt,
    )
    assert weight(text) <= MAX_WEIGHT, text  # noqa: S101 - the parts above are bounded by construction
    return text


def flourished(text: str, turn: int) -> str:
    """The same words with another sign behind them every few turns: X takes no text twice on a day, and a
    short message has only so many wordings.
    """
    flourish = FLOURISHES[turn // WORDINGS_AT_LEAST % len(FLOURISHES)]
    signed = f"{text} {flourish}".rstrip()
    return signed if weight(signed) <= MAX_WEIGHT else text


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
        for character in unicodedata.normalize("NFC", " ".join(name.split()))
        if character in JOINERS
        or (character not in SIGNS and unicodedata.category(character) not in {"Cc", "Cf", "Cs"})
    )
    kept = " ".join(INNER_DOT.sub(r"\g<0> ", ADDRESS.sub("", kept)).split())
    if len(kept) > MAX_NAME:
        kept = kept[: MAX_NAME - 1].rstrip(JOINERS + " ") + "\u2026"
    return kept if kept.strip(JOINERS + " ") else ""


def _scatter(seed: int) -> int:
    """Ids, which differ in few bits, to numbers that have nothing in common."""
    return zlib.crc32(str(seed).encode())
