"""Pages of posts: the parameters that choose them, their 400s, and the tokens that lead on and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from sandbox.clock import snowflake
from sandbox.problems import invalid

if TYPE_CHECKING:
    from sandbox.nouns import Post
    from sandbox.shelves import Shelf

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
MARK = "b26v"
"""Every token begins with it, so that any other string is refused."""


@dataclass(frozen=True)
class Range:
    """Ids strictly between `above` and `below`."""

    above: int
    below: int


@dataclass(frozen=True)
class Page:
    posts: list[Post]
    next_token: str | None = None
    previous_token: str | None = None

    @property
    def meta(self) -> dict[str, Any]:
        meta: dict[str, Any] = {"result_count": len(self.posts)}
        if self.posts:
            meta |= {"newest_id": self.posts[0].id, "oldest_id": self.posts[-1].id}
        if self.next_token:
            meta["next_token"] = self.next_token
        if self.previous_token:
            meta["previous_token"] = self.previous_token
        return meta


@dataclass(frozen=True)
class _Token:
    """Where a page ended; `backward` leads to the newer posts before it."""

    edge: int
    backward: bool


def page_of(
    shelf: Shelf,
    query: Mapping[str, str],
    fits: Callable[[Post], bool],
    size: int,
    *,
    newest: int | None = None,
) -> Page:
    """One page, newest first, of the posts on a shelf that fit; `newest` bounds how many can be reached."""
    token, chosen = _token_of(query), range_of(query)
    if newest is not None:
        oldest = next(islice(filter(fits, shelf.newest_first()), newest - 1, None), None)
        chosen = Range(max(chosen.above, oldest.number - 1 if oldest else 0), chosen.below)
    if token and token.backward:
        return _page_before(
            filter(fits, shelf.newest_first(chosen.below)), max(chosen.above, token.edge), size
        )
    below = min(chosen.below, token.edge) if token else chosen.below
    found = list(islice(_down_to(chosen.above, filter(fits, shelf.newest_first(below))), size + 1))
    posts, more = found[:size], len(found) > size
    return Page(
        posts,
        next_token=_write(posts[-1], backward=False) if more else None,
        previous_token=_write(posts[0], backward=True) if token and posts else None,
    )


def _page_before(newest_first: Iterator[Post], edge: int, size: int) -> Page:
    newer = list(_down_to(edge, newest_first))
    posts = newer[-size:]
    return Page(
        posts,
        next_token=_write(posts[-1], backward=False) if posts else None,
        previous_token=_write(posts[0], backward=True) if len(newer) > size else None,
    )


def _down_to(edge: int, newest_first: Iterator[Post]) -> Iterator[Post]:
    return takewhile(lambda post: post.number > edge, newest_first)


def page_size(query: Mapping[str, str], low: int, high: int, default: int) -> int:
    value = query.get("max_results", str(default))
    if not value.isdecimal() or not low <= int(value) <= high:
        message = f"The `max_results` query parameter value [{value}] is not between {low} and {high}"
        raise invalid("max_results", value, message)
    return int(value)


def range_of(query: Mapping[str, str]) -> Range:
    """From since_id, until_id (both exclusive), start_time (inclusive) and end_time (exclusive)."""
    above = max(_id(query, "since_id", 0), _moment(query, "start_time", 0) - 1)
    below = min(_id(query, "until_id", 1 << 63), _moment(query, "end_time", 1 << 63))
    return Range(above, below)


def ids_of(query: Mapping[str, str], parameter: str, pattern: str = r"[0-9]{1,19}") -> list[str]:
    """One to a hundred values, each of the right form."""
    values = [value.strip() for value in query.get(parameter, "").split(",")]
    if not values[0]:
        raise invalid(parameter, "", f"The `{parameter}` query parameter can not be empty")
    if len(values) > 100:
        message = f"size must be between 1 and 100, you asked for {len(values)}"
        raise invalid(parameter, query[parameter], message)
    for value in values:
        check_id(parameter, value, pattern)
    return list(dict.fromkeys(values))


def check_id(parameter: str, value: str, pattern: str = r"[0-9]{1,19}") -> str:
    if not re.fullmatch(pattern, value):
        message = f"The `{parameter}` query parameter value [{value}] is not valid"
        raise invalid(parameter, value, message)
    return value


def time_in(query: Mapping[str, str], parameter: str) -> datetime | None:
    value = query.get(parameter)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        message = f"The `{parameter}` query parameter value [{value}] is not a time in RFC 3339"
        raise invalid(parameter, value, message) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(query: Mapping[str, str], parameter: str, default: int) -> int:
    moment = time_in(query, parameter)
    return default if moment is None else snowflake(moment)


def _id(query: Mapping[str, str], parameter: str, default: int) -> int:
    value = query.get(parameter)
    return default if value is None else int(check_id(parameter, value))


def _token_of(query: Mapping[str, str]) -> _Token | None:
    name = "next_token" if "next_token" in query else "pagination_token"
    token = query.get(name)
    if token is None:
        return None
    if not re.fullmatch(MARK + "[0-9a-z]+", token):
        raise invalid(name, token, f"The `{name}` query parameter value [{token}] is not valid")
    edge, backward = divmod(int(token.removeprefix(MARK), 36), 2)
    return _Token(edge, backward=bool(backward))


def _write(edge: Post, *, backward: bool) -> str:
    number, text = edge.number * 2 + backward, ""
    while number:
        number, digit = divmod(number, 36)
        text = DIGITS[digit] + text
    return MARK + text
