"""Do a person's own words ask for a thread? Pure.

A keyword asks, in any case, width and company, unless it is plainly refused or only spoken of. What is
unclear counts as asking: an answer too many is one reply, silence is a person left without one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Literal

from bot.rules.unasked import NEGATIONS, TALK

Heard = Literal["asks", "negated", "only-talk", "no-keyword"]

# Stands for a keyword while its surroundings are looked at; nobody's text keeps one.
KEYWORD = "\ue000"

# A word of Latin letters ends where another script begins: people write "unrollして" and "وunroll".
LATIN = "0-9A-Za-z_\u00c0-\u024f\u0300-\u036f"
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
NOT_JOINED = r"(?:(?<!\w-)|(?<=\bdi-)|(?<=\bnge-))"  # Indonesian: "di-unroll"
NOT_AN_ADDRESS = r"(?!\.(?:com|net|org|me|io|app|ai|dev|co|xyz|py|js)\b)(?!-(?!nya\b|in\b|lah\b|kan\b)\w)"

NAME = re.compile(r"@[A-Za-z0-9_]+")
LINK = re.compile(r"https?://\S+", re.IGNORECASE)
SPACES = re.compile(r"[^\S\n]+")
APOSTROPHES = str.maketrans("\u2019\u2018\u02bc\u00b4`", "'''''")


def hear(words: str, keywords: Collection[str]) -> Heard:
    """`words` are unescaped and without the names that X puts in front."""
    text = _keywords(tuple(keywords)).sub(KEYWORD, _plain(words))
    if KEYWORD not in text:
        return "no-keyword"
    text = _pattern("negations").sub(" ", text)
    if KEYWORD not in text:
        return "negated"
    return "asks" if KEYWORD in _pattern("talk").sub(" ", text) else "only-talk"


def _plain(words: str) -> str:
    """One form of each letter, nothing invisible, no addresses, and an @ for each name."""
    seen = "".join(
        character
        for character in unicodedata.normalize("NFKC", words)
        if unicodedata.category(character) not in {"Cf", "Co"}
    )
    return SPACES.sub(" ", NAME.sub("@ ", LINK.sub(" ", seen)).translate(APOSTROPHES)).strip()


@cache
def _keywords(keywords: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(_bounded, keywords)) or r"(?!)", re.IGNORECASE)


def _bounded(keyword: str) -> str:
    word = re.escape(unicodedata.normalize("NFKC", keyword))
    if UNSPACED.search(keyword):
        return word
    letter = LATIN if keyword.isascii() else r"\w"
    return rf"(?<![{letter}])(?<!\w/)(?<![@$]){NOT_JOINED}{word}(?![{letter}]){NOT_AN_ADDRESS}"


@cache
def _pattern(which: Literal["negations", "talk"]) -> re.Pattern[str]:
    tables: Mapping[str, Iterable[str]] = NEGATIONS if which == "negations" else TALK
    several = rf"{KEYWORD}(?: ?(?:,|/|or|nor|and|o|ni|ou|oder|atau) ?{KEYWORD}){{0,3}}"
    patterns = (
        unicodedata.normalize("NFKC", pattern).replace("K", several)
        for patterns in tables.values()
        for pattern in patterns
    )
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)
