"""Letters to those who follow an author by e-mail: how often, how long, and what a server's no means. Pure.

A thread is told of once to each who follows its author. The first letter goes out at once; what comes within
an hour after it is gathered into one that goes when the hour is over, so that a busy author fills no mailbox.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.domain import Author
from bot.rules.cards import Card

AT_MOST_EVERY = timedelta(hours=1)

# News is no news any more when letters could not be made for so long.
NEWS_FOR = timedelta(days=3)

# Somebody asked for letters to an address: it has so long to say yes, and is asked once a day at most. An
# answer clears that, so that who follows a second author on the same day need not wait.
CONFIRM_WITHIN = timedelta(days=3)
ASKED_AT_MOST_EVERY = timedelta(days=1)

# A server that says "later" means minutes (greylisting) or hours (a full mailbox): ten times are two days.
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=8)
MAX_REFUSALS = 10
DOUBLED_AT_MOST = 16

# One that cannot be reached, or does not let us in, keeps all letters where they are, for so long.
FIRST_AWAY = timedelta(minutes=1)
LONGEST_AWAY = timedelta(minutes=30)
TOO_OLD = timedelta(days=3)

# What is kept of a letter that was dealt with, so that nothing is told twice.
KEPT_FOR = timedelta(days=30)

Kind = Literal["confirm", "threads"]
Step = Literal["sender", "address", "letter"]
Fate = Literal["later", "never", "no-such-address", "misconfigured"]

# RFC 5321, 4.2.3 and RFC 3463: 421 ends the connection, x.1.x is about the address, 5.2.1 a closed mailbox.
GOES_AWAY = 421
PERMANENT = 500
NO_SUCH_ADDRESS = frozenset({550, 551, 553, 556})
ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to one address. `pending` are the authors that a confirmation asks about, `author` and
    `cards` what another tells of; `token` is what its link carries.
    """

    id: int
    kind: Kind
    to: str
    token: str
    created_at: datetime
    author: Author | None = None
    cards: tuple[Card, ...] = ()
    pending: tuple[Author, ...] = ()
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class Body:
    """What a letter says; `leave` is the address that ends it with one click (RFC 8058)."""

    subject: str
    text: str
    html: str
    leave: str | None = None


def fate(step: Step, code: int, words: str) -> Fate:
    """What becomes of a letter that a server refused at this step, by its code and its words."""
    if code < PERMANENT:
        return "later"
    status = enhanced(words)
    if status.startswith("5.1.") and status not in {"5.1.7", "5.1.8"} and step != "sender":
        return "no-such-address"
    if step == "sender":
        return "misconfigured"
    if step == "address" and (status == "5.2.1" or (not status and code in NO_SUCH_ADDRESS)):
        return "no-such-address"
    return "never"


def enhanced(words: str) -> str:
    """The enhanced status code in front of a server's words, which may go on to name the address."""
    found = ENHANCED.match(words)
    return found[1] if found else ""


def after_refusal(refusals: int) -> timedelta:
    """How long until the next try, with jitter: letters that were refused together come back apart."""
    return _grown(FIRST_WAIT, LONGEST_WAIT, refusals)


def while_away(failures: int) -> timedelta:
    return _grown(FIRST_AWAY, LONGEST_AWAY, failures)


def _grown(first: timedelta, longest: timedelta, times: int) -> timedelta:
    whole = min(longest, first * float(2 ** min(max(0, times - 1), DOUBLED_AT_MOST)))
    return whole * random.uniform(0.75, 1.25)
