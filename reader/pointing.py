"""Which post does a person mean who pastes something into the field? Pure: no address is ever fetched."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.rules.request import post_id_of

AROUND = "<>()[]{}\"'\u201c\u201d.,;!"
ON_X = re.compile(r"(?:https?://)?(?:(?:www|mobile|m)\.)?(?:x|twitter)\.com(?:[/:?#]|$)", re.IGNORECASE)
SHORTENED = re.compile(r"(?:https?://)?t\.co/", re.IGNORECASE)

NOTHING = "Paste the link of a post first, or its number."
A_SHORT_LINK = "A t.co link does not say where it leads. Open it, and copy the link of the post."
NO_POST = "That is a page on X, but not a post: the link of a post has /status/ and a number in it."
ELSEWHERE = "Only posts on X can be unrolled: paste a link that begins with x.com or twitter.com."


@dataclass(frozen=True, slots=True)
class Missed:
    """Why what was pasted names no post, in one line that says what to do."""

    why: str


def pointed_at(pasted: str, public_url: str) -> int | Missed:
    """The id of the post: by its link, alone or among words, by its number, or by its page here."""
    words = [word.strip(AROUND) for word in pasted.split()]
    for word in words:
        here = word.removeprefix(f"{public_url}/thread/")
        number = post_id_of(re.split(r"[.?#]", here)[0] if here != word else word)
        if number is not None:
            return number
    if not any(words):
        return Missed(NOTHING)
    for shape, why in ((SHORTENED, A_SHORT_LINK), (ON_X, NO_POST)):
        if any(shape.match(word) for word in words):
            return Missed(why)
    return Missed(ELSEWHERE)
