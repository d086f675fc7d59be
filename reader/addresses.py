"""Where things are: on X, and here. Whatever is not plainly http(s) has no address at all."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

MEDIA_NAME = re.compile(r"[0-9a-f]{24}([0-9a-f]{40})?")
POST_ID = re.compile(r"[0-9]{1,19}")
LARGEST_ID = 2**63 - 1
MAILBOX = re.compile(r"[^\s@:/]+@[^\s@:/]+")
USERNAME = re.compile(r"[A-Za-z0-9_]{1,20}")


def web(url: str | None) -> str | None:
    """The address if a browser may be sent there, else None."""
    if not url or any(character <= " " or character == "\\" for character in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme.lower() in {"http", "https"} and parts.hostname else None


def contact(words: str) -> str | None:
    """Where somebody is written to: a page, or a mailbox; None for words that are neither."""
    return f"mailto:{quote(words, safe='@+')}" if MAILBOX.fullmatch(words) else web(words)


def post_id(text: str) -> int | None:
    if not POST_ID.fullmatch(text):
        return None
    number = int(text)
    return number if 0 < number <= LARGEST_ID else None


def profile(username: str) -> str:
    return f"https://x.com/{_part(username)}"


def post(username: str | None, number: int) -> str:
    """A post on X; without its author's name X finds it by its number."""
    return f"https://x.com/{_part(username) if username else 'i'}/status/{number}"


def _part(text: str) -> str:
    return quote(text, safe="", errors="replace")


def thread(number: int, suffix: str = "") -> str:
    return f"/thread/{number}{suffix}"


def card(number: int, etag: str) -> str:
    """The picture that stands for a thread where its link is shown; another etag, another address."""
    return f"/thread/{number}/card/{_part(etag)}.png"


def refreshed(number: int) -> str:
    return f"/thread/{number}/refresh"


def checked(number: int) -> str:
    """The line of a thread's page that says when it was last checked."""
    return f"/thread/{number}#checked"


def asked(number: int) -> str:
    return f"/unroll/{number}"


def author(username: str, suffix: str = "") -> str:
    """Our own page of an author: all their threads that are here."""
    return f"/user/{_part(username)}{suffix}"


def hashtag(name: str) -> str:
    return f"/hashtag/{_part(name)}"


def media(sha256: str) -> str:
    return f"/media/{sha256}"


def confirmation(token: str) -> str:
    """Where the letter leads that asks whether somebody wants letters."""
    return f"/subscribe/{_part(token)}"


def leaving(token: str, suffix: str = "") -> str:
    """Where letters are ended."""
    return f"/unsubscribe/{_part(token)}{suffix}"
