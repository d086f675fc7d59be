"""What the bot says in public, in the language of whom it speaks to. Pure.

Every text is short and friendly, names nobody and stays within X's length with the longest name. The same
arguments always give the same words; the next attempt gives others, until all have been said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import gcd

from bot.domain import CommandKind
from bot.rules.phrases import ar, de, en, es, fr, hi, id, ja, pt, tr  # noqa: A004 - Indonesian's own code
from bot.rules.phrases.words import Words

__all__ = ["LANGUAGES", "confirmation", "help_line", "language_of", "refusal", "unrolled"]

LANGUAGES: Mapping[str, Words] = {
    "ar": ar.WORDS,
    "de": de.WORDS,
    "en": en.WORDS,
    "es": es.WORDS,
    "fr": fr.WORDS,
    "hi": hi.WORDS,
    "id": id.WORDS,
    "ja": ja.WORDS,
    "pt": pt.WORDS,
    "tr": tr.WORDS,
}
# X still has Indonesian under the code it had before 1989.
OLD_CODES = {"in": "id"}
GOLDEN = 0.618


def language_of(lang: str | None) -> str:
    """The language to answer in, from X's word on a post's language; English where we have no other."""
    code = (lang or "").replace("_", "-").split("-")[0].casefold()
    code = OLD_CODES.get(code, code)
    return code if code in LANGUAGES else "en"


def unrolled(lang: str | None, *, name: str, posts: int, minutes: int, url: str, attempt: int) -> str:
    """Our reply with the thread. `name` is shown as it is: the caller has made it harmless.

    The link stands on a line of its own, where no writing direction moves it.
    """
    words = LANGUAGES[language_of(lang)]
    sentences = _nth(list(product(words.greetings, words.threads, words.closings)), attempt)
    counted = {"posts": words.posts(posts), "minutes": words.minutes(minutes)}
    said = words.between.join(part.format(name=name, **counted) for part in sentences if part)
    return f"{said}\n{url}"


def refusal(reason: str, lang: str | None, *, attempt: int) -> str | None:
    """Why there is no page, where a person can do something about it or is owed an answer; else None."""
    words = LANGUAGES[language_of(lang)]
    reasons = words.refusals.get(reason)
    return _said(words, words.sorry, reasons, attempt) if reasons else None


def confirmation(command: CommandKind, lang: str | None, *, attempt: int) -> str:
    """That a command was obeyed. Raises KeyError for `help`, which has its own line."""
    words = LANGUAGES[language_of(lang)]
    return _said(words, words.done, words.confirmations[command], attempt)


def help_line(bot_username: str, lang: str | None, *, attempt: int) -> str:
    words = LANGUAGES[language_of(lang)]
    return _said(words, words.hello, words.help, attempt).format(bot=f"@{bot_username}")


def _said(words: Words, openings: Sequence[str], bodies: Sequence[str], attempt: int) -> str:
    return words.between.join(_nth(list(product(openings, bodies)), attempt))


def _nth(wordings: Sequence[tuple[str, ...]], attempt: int) -> tuple[str, ...]:
    """Each wording once before any comes again, and neighbours far apart."""
    count = len(wordings)
    stride = next(step for step in range(max(1, int(count * GOLDEN)), count + 2) if gcd(step, count) == 1)
    return wordings[attempt * stride % count]
