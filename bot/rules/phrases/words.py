"""What a language needs to say, and how it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Counted = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Words:
    """Whole sentences that fit together in any combination: one of each kind, in this order.

    `threads` have {name}, {posts} and {minutes}; a sentence of `help` has {bot}. `closings` lead to the
    link, or are empty. A name never stands where the language would bend it or shorten the word before it,
    and a word follows it before any number: a name in a script of the other direction turns nothing around.
    """

    greetings: tuple[str, ...]
    threads: tuple[str, ...]
    closings: tuple[str, ...]
    posts: Counted
    minutes: Counted
    sorry: tuple[str, ...]
    refusals: Mapping[str, tuple[str, ...]]
    done: tuple[str, ...]
    confirmations: Mapping[str, tuple[str, ...]]
    hello: tuple[str, ...]
    help: tuple[str, ...]
    between: str = " "


def same(noun: str) -> Counted:
    """A noun that is the same behind every number."""
    return noun.format


def one_other(one: str, other: str) -> Counted:
    return lambda number: (one if number == 1 else other).format(number)


def zero_one_other(one: str, other: str) -> Counted:
    """As French and Portuguese count: none is singular."""
    return lambda number: (one if number in {0, 1} else other).format(number)


def arabic(*, one: str, two: str, few: str, many: str, other: str) -> Counted:
    """Words for one and two; 3 to 10, 11 to 99 and the round hundreds each have their own form.

    https://cldr.unicode.org/index/cldr-spec/plural-rules
    """

    def count(number: int) -> str:
        if number in {1, 2}:
            return one if number == 1 else two
        last = number % 100
        form = few if 3 <= last <= 10 else many if last >= 11 else other  # noqa: PLR2004 - the rule's numbers
        return form.format(number)

    return count
