# ruff: noqa: RUF002 - the examples are in the letters they speak of
"""Words as a search compares them, in any script, and where they stand in a text. Pure.

Both databases are given these words and cut nothing themselves, so they find the same:

    Crème brûlée → creme brulee      ＡDA's → ada s      灯台守 → 灯台 台守 守      Straße → strasse

Case and accents do not matter. Scripts written without spaces (Han, kana, Thai and its neighbours) are cut
into pairs of letters that overlap, and the last letter alone, so that any stretch of two letters or more is
found wherever it stands, and a single letter by the words that begin with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

LONGEST_WORD = 40

# What a question may ask for at most; more words make it no clearer, and each one costs the database.
LONGEST_QUESTION = 200
MOST_WORDS = 12
# Half of all words begin with one of a few letters; to look all of them up would tell nobody anything.
SHORTEST_BEGINNING = 3

# Characters of a passage shown with its hits.
PASSAGE = 220
RUN_UP = 60
# Of a long thread the beginning will do, where it has a hit.
LOOKED_THROUGH = 20_000

# Marks that vary a letter and may be left out: accents, Hebrew points, Arabic vowel signs. Signs that are
# letters of their own stay, such as the vowels of Devanagari and Thai or the voiced sounds of kana.
ACCENTS = (
    r"\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
    r"\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0640"
)
DROPPED = re.compile(f"[{ACCENTS}\u200b-\u200d\u2060\ufe00-\ufe0f]")
# Letters that Unicode does not take apart, as people type them without their keyboard.
PLAIN = str.maketrans(
    {
        "\u0131": "i",
        "\u0142": "l",
        "\u00f8": "o",
        "\u0111": "d",
        "\u00f0": "d",
        "\u00fe": "th",
        "\u00e6": "ae",
        "\u0153": "oe",
        "\u0127": "h",
        "\u0629": "\u0647",  # Arabic: the same word is written with either
        "\u0649": "\u064a",
    }
)
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
RUN = re.compile(f"[{UNSPACED}]+|[^{UNSPACED}]+")
# What stays with the letter before it: signs above and below, and the half-width voiced marks of kana.
SIGN = re.compile(r"[\uff9e\uff9f]")
UNSPACED_LETTER = re.compile(f"[{UNSPACED}]")
# Beyond this a set of letters is a list that is gone through from its start: only for letters beyond it, too.
FAR = 0x10000
NEAR_MARKS, FAR_MARKS = (
    "".join(sign for sign in map(chr, range(start, end)) if unicodedata.category(sign)[0] == "M")
    for start, end in ((0x300, FAR), (FAR, 0x1EA00))
)
STRETCH = re.compile(f"(?:[^\\W_]++|[{NEAR_MARKS}\u200c\u200d]++|(?=[\U00010000-\U0010ffff])[{FAR_MARKS}])++")
WHITE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it is compared; `start` and `end` are where the text has it."""

    folded: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody searches for: all of `words`, and for each of `beginnings` a word that begins so."""

    words: tuple[str, ...] = ()
    beginnings: tuple[str, ...] = ()

    def hits(self, word: str) -> bool:
        return word in self.words or word.startswith(self.beginnings)

    def __bool__(self) -> bool:
        return bool(self.words or self.beginnings)


def words(text: str, *, upto: int | None = None) -> Iterator[Word]:
    """The words of a text, or of its first `upto` characters, in order; see above for those that overlap."""
    for start, end in _stretches(text, upto=upto):
        whole = text[start:end]
        if whole.isascii():
            yield Word(whole.lower()[:LONGEST_WORD], start, end)
            continue
        for run in RUN.finditer(text, start, end):
            if UNSPACED_LETTER.match(run.group()):
                yield from _pairs(text, run.start(), run.end())
            else:
                yield from (Word(w, run.start(), run.end()) for w in _whole(run.group()))


def distinct(texts: Iterable[str], most: int) -> tuple[str, ...]:
    """Every different word of the texts, at most `most` of them, the earlier ones first."""
    found: dict[str, None] = {}
    for text in texts:
        for stretch in STRETCH.findall(text):
            found.update(dict.fromkeys(_folded(stretch)))
            if len(found) >= most:
                return tuple(found)[:most]
    return tuple(found)


def _folded(stretch: str) -> Iterable[str]:
    """The words of a stretch without where they are: most are one, and quickly told."""
    if stretch.isascii():
        return (stretch.lower()[:LONGEST_WORD],)
    return (word.folded for word in words(stretch))


def question(text: str) -> Question:
    """The last word may still be in the typing, so its beginning is enough; so is a lone letter of a script
    without spaces.
    """
    asked = list(words(text[:LONGEST_QUESTION]))[: 2 * MOST_WORDS]
    # The last letter of a stretch says nothing that its pair does not.
    tails = {later for one, later in pairwise(asked) if later.start < one.end and later.end == one.end}
    kept = [word for word in asked if word not in tails][:MOST_WORDS]
    open_ = {word.folded for word in kept if _is_open(word, last=word is kept[-1])}
    return Question(
        tuple(dict.fromkeys(word.folded for word in kept if word.folded not in open_)), tuple(sorted(open_))
    )


def _is_open(word: Word, *, last: bool) -> bool:
    if UNSPACED_LETTER.match(word.folded):
        return len(word.folded) == 1
    return last and len(word.folded) >= SHORTEST_BEGINNING


def passage(text: str, asked: Question) -> tuple[tuple[str, bool], ...]:
    """The stretch of a text with the most different words of the question, as (words, whether it is a hit).

    The text's beginning where it has none of them.
    """
    hits = _hits(text, asked, LOOKED_THROUGH) or _hits(text, asked, len(text))
    start = _start(text, _densest(hits))
    end = _end(text, start)
    pieces: list[tuple[str, bool]] = [("\u2026", False)] if start else []
    at = start
    for first, last in _joined(hits):
        if first >= at and last <= end:
            pieces += [(text[at:first], False), (text[first:last], True)]
            at = last
    pieces.append((text[at:end] + ("\u2026" if end < len(text) else ""), False))
    return tuple((WHITE.sub(" ", piece), hit) for piece, hit in pieces if piece)


def tag(text: str) -> str:
    """A hashtag as it is compared, without its sign; empty where nothing of it can be."""
    bare = text.strip().lstrip("#\uff03")
    return "_".join(_fold(part) for part in bare.split("_"))[:100] if bare else ""


def _hits(text: str, asked: Question, upto: int) -> list[Word]:
    return [word for word in words(text, upto=upto) if asked.hits(word.folded)]


def _densest(hits: list[Word]) -> int:
    best, most = 0, 0
    for index, word in enumerate(hits):
        near = {other.folded for other in hits[index : index + 40] if other.end - word.start <= PASSAGE}
        if len(near) > most:
            best, most = word.start, len(near)
    return best


def _start(text: str, hit: int) -> int:
    """Some words before the hit, from a word's beginning."""
    if hit <= RUN_UP:
        return 0
    space = text.find(" ", hit - RUN_UP, hit)
    line = text.rfind("\n", hit - RUN_UP, hit)
    return max(space, line) + 1 if max(space, line) >= 0 else hit


def _end(text: str, start: int) -> int:
    if len(text) - start <= PASSAGE:
        return len(text)
    space = text.rfind(" ", start + PASSAGE // 2, start + PASSAGE)
    return space if space > 0 else start + PASSAGE


def _joined(hits: list[Word]) -> Iterator[tuple[int, int]]:
    """Hits that touch are one, as those of overlapping pairs do."""
    open_: tuple[int, int] | None = None
    for word in hits:
        if open_ and word.start <= open_[1]:
            open_ = (open_[0], max(open_[1], word.end))
        else:
            if open_:
                yield open_
            open_ = (word.start, word.end)
    if open_:
        yield open_


def _stretches(text: str, *, upto: int | None = None) -> Iterator[tuple[int, int]]:
    """Where letters, digits and their marks stand together."""
    yield from (match.span() for match in STRETCH.finditer(text, 0, len(text) if upto is None else upto))


def _pairs(text: str, start: int, end: int) -> Iterator[Word]:
    letters = [(letter, at, stop) for part, at, stop in _clusters(text, start, end) for letter in _fold(part)]
    for (one, at, _), (two, _, stop) in pairwise(letters):
        yield Word(one + two, at, stop)
    if letters:
        letter, at, stop = letters[-1]
        yield Word(letter, at, stop)


def _clusters(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """Each letter with the signs on it."""
    first = start
    for at in range(start + 1, end + 1):
        if at == end or not (SIGN.match(text[at]) or unicodedata.category(text[at])[0] == "M"):
            yield text[first:at], first, at
            first = at


def _whole(text: str) -> Iterator[str]:
    """One word; a sign such as \u00bd stands for several."""
    folded = _fold(text)
    for start, end in _stretches(folded):
        yield folded[start:end][:LONGEST_WORD]


@lru_cache(maxsize=50_000)
def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold().translate(PLAIN)
    bare = DROPPED.sub("", unicodedata.normalize("NFD", folded))
    return unicodedata.normalize("NFC", bare)
