"""Which command, if any, do the author's own words give? Pure.

A command is taken at its word only where little else is said: "stop the war" is none, "please stop!" is.
Who wants to be left alone is heard more readily than the others, for a stop too many does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.domain import CommandKind

# What people write around a command without changing it.
SMALL_WORDS = (
    "a|all|an|and|any|bot|can|could|dear|for|from|hello|hey|hi|i|id|i'd|in|it|just|kindly|like|me|my|now|of|off|"
    "ok|okay|pages?|pls|plz|please|posts?|right|sir|stuff|thanks?|thankyou|that|the|these|thing|this|threads?|to|"
    "u|want|wanna|would|yes|your?"
)
PHRASES: Mapping[CommandKind, str] = {
    "opt-out": r"opt[ -]?(?:me |my threads )?out",
    "opt-in": r"opt[ -]?(?:me |my threads )?(?:back )?in",
    "unlist": r"unlist",
    "refresh": r"refresh|update",
    "delete": r"delete|remove|take (?:it |this |this page )?down",
    "start": r"start|resume|unstop",
    "stop": r"stop|unsubscribe|leave me alone|go away",
    "help": r"help|commands",
}
# What may be said besides, for one command only.
ALSO: Mapping[CommandKind, str] = {
    "stop": "unroll|unrolling|answering|reply|replying|bothering|spamming|tagging|mentioning|again",
    "start": "answering|replying|again|over",
    "opt-out": "unroll|unrolling|being",
    "opt-in": "unroll|unrolling|again",
    "delete": "unroll",
    "unlist": "unroll",
    "refresh": "again|new|unroll",
    "help": "show|need|some|with|how|does|work",
}
MOST_WORDS = 8
QUESTION = re.compile(
    r"^(?:how (?:do|does|can|to)|what (?:can|do|does|is|are))\b|[?\uff1f\u061f]\W*$", re.IGNORECASE
)
THANKS = re.compile(r"\b(?:thank\w*|thx|ty|gracias|merci|danke|obrigad[oa])\b")
STOP_FIRST = re.compile(r"^(?:please )?(?:stop|quit) (?:\w+ing|it|this|that)\b")

NAME = re.compile(r"[@\uff20]\w+")
LINK = re.compile(r"https?://\S+")
NOT_A_WORD = re.compile(r"[^\w'\- ]+")
APOSTROPHES = str.maketrans("\u2019\u02bc\u2010\u2011", "''--")


def strict_command(words: str) -> CommandKind | None:
    """The command that the words give and say little else besides; `words` without the reply prefix."""
    said = _bare(words)
    for kind, phrase in PHRASES.items():
        rest, found = re.subn(rf"(?<![\w'-])(?:{phrase})(?![\w'-])", " ", said)
        if found and _is_little(rest.split(), f"{SMALL_WORDS}|{ALSO.get(kind, 'a')}"):
            return kind
    return None


def examples(kind: CommandKind) -> tuple[str, ...]:
    """Words that give a command, as a person may write them; its own name first."""
    words = (kind.replace("-", " "), *PHRASES[kind].split("|"))
    plain = (word for word in words if re.fullmatch(r"[\w' ]+", word) and strict_command(word) == kind)
    return tuple(dict.fromkeys(plain))


def loose_command(words: str, bot_username: str) -> CommandKind | None:
    """What is left to be understood where no thread was asked for: a stop in other words, or a question
    put to the bot, whose name then stands first. Thanks, praise and talk about the bot are neither.
    """
    said = _bare(words)
    few = len(said.split()) <= MOST_WORDS
    if few and STOP_FIRST.match(said):
        return "stop"
    if not re.match(rf"\s*[@\uff20]{re.escape(bot_username)}(?!\w)", words, re.IGNORECASE):
        return None
    if len(NAME.findall(words)) > 1 or LINK.search(words) or THANKS.search(said):
        return None
    put = NAME.sub(" ", words).strip()
    return "help" if not put or (few and QUESTION.search(put)) else None


def _is_little(words: list[str], allowed: str) -> bool:
    return len(words) <= MOST_WORDS and all(re.fullmatch(allowed, word) for word in words)


def _bare(words: str) -> str:
    """Lower case, without names, links, signs and emoji."""
    kept = LINK.sub(" ", NAME.sub(" ", words)).translate(APOSTROPHES).casefold()
    return " ".join(NOT_A_WORD.sub(" ", kept).replace("_", " ").split())
