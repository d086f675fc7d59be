"""The search language: a query becomes a predicate on posts.

    conversation_id:1 from:ada to:ada -is:retweet (bridge OR "iron arch") has:images

Brackets bind first, then AND (by juxtaposition), then OR; `-` negates a term or a bracket. A query needs at
least one term that can stand alone: X refuses one made of `is:`, `has:`, `lang:` and negations only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.nouns import Author, Post

FindAuthor = Callable[[str], "Author | None"]
Predicate = Callable[["Post"], bool]
TOKEN = re.compile(
    r"\s*(?:"
    r"(?P<bracket>[()])"
    r'|(?P<sign>-?)(?:(?P<name>[a-z_]+):(?P<value>"[^"]*"|[^\s()]+)|"(?P<phrase>[^"]*)"|(?=(?P<group>\())'
    r'|(?P<word>[^\s()"]+))'
    r")"
)
HAS: dict[str, Predicate] = {
    "links": lambda post: any("media_key" not in url for url in post.entities.get("urls", [])),
    "media": lambda post: bool(post.media),
    "images": lambda post: any(medium.kind == "photo" for medium in post.media),
    "videos": lambda post: any(medium.kind == "video" for medium in post.media),
    "video_link": lambda post: any(medium.kind == "video" for medium in post.media),
    "mentions": lambda post: "mentions" in post.entities,
    "hashtags": lambda post: "hashtags" in post.entities,
    "cashtags": lambda post: "cashtags" in post.entities,
    "geo": lambda _: False,
}
IS: dict[str, Predicate] = {
    "reply": lambda post: post.replied_to_id is not None,
    "quote": lambda post: post.quoted_id is not None,
    "retweet": lambda _: False,
    "verified": lambda post: post.author.verified,
}


@dataclass(frozen=True)
class Query:
    """`conversation` and `authors` are what every match must have: they let the world look on the right
    shelf.
    """

    matches: Predicate
    conversation: str | None = None
    author: str | None = None


@dataclass(frozen=True)
class Term:
    matches: Predicate
    alone: bool = False
    conversation: str | None = None
    author: str | None = None


def parse(query: str, find_author: FindAuthor, *, max_length: int = 512) -> Query:
    """Raises ValueError, with a sentence for the user, for a query X would not take."""
    if len(query) > max_length:
        raise ValueError(f"Rules must be {max_length} characters or less; yours has {len(query)}.")
    term = _Parser(query, find_author).parse()
    if not term.alone:
        raise ValueError("Rules must contain at least one positive, non-stopword clause.")
    return Query(term.matches, term.conversation, term.author)


class _Parser:
    def __init__(self, query: str, find_author: FindAuthor) -> None:
        self._tokens = _split(query)
        self._at = 0
        self._find_author = find_author

    def parse(self) -> Term:
        if not self._tokens:
            raise ValueError("The query is empty.")
        term = self._any()
        if self._at < len(self._tokens):
            raise ValueError("There is a closing bracket without its opening one.")
        return term

    def _peek(self) -> tuple[str, ...] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _any(self) -> Term:
        terms = [self._all()]
        while self._peek() == ("word", "", "OR"):
            self._at += 1
            terms.append(self._all())
        return terms[0] if len(terms) == 1 else _either(terms)

    def _all(self) -> Term:
        terms: list[Term] = []
        while (token := self._peek()) not in (None, (")",), ("word", "", "OR")):
            if token != ("word", "", "AND"):
                terms.append(self._one())
            else:
                self._at += 1
        if not terms:
            raise ValueError("There is an operator or a bracket with nothing beside it.")
        return terms[0] if len(terms) == 1 else _both(terms)

    def _one(self) -> Term:
        token = self._tokens[self._at]
        self._at += 1
        if token == ("-",):
            return _negated(self._one())
        if token == ("(",):
            term = self._any()
            if self._peek() != (")",):
                raise ValueError("There is an opening bracket without its closing one.")
            self._at += 1
            return term
        kind, sign, *values = token
        term = self._operator(*values) if kind == "operator" else _words(values[0])
        return _negated(term) if sign else term

    def _operator(self, name: str, value: str) -> Term:
        if name == "conversation_id":
            if not value.isdecimal():
                raise ValueError(f"conversation_id:{value} is not an id.")
            return Term(lambda post: _is_below(post, value), alone=True, conversation=value)
        if name == "from":
            author_id = self._id_of(value)
            return Term(lambda post: post.author.id == author_id, alone=True, author=author_id)
        if name == "to":
            target = self._id_of(value)
            return Term(lambda post: post.in_reply_to_user_id == target, alone=True)
        if name in {"is", "has"}:
            known = IS if name == "is" else HAS
            if value not in known:
                raise ValueError(f"Reference to invalid operator '{name}:{value}'.")
            return Term(known[value])
        if name == "lang":
            return Term(lambda post: post.lang == value)
        if name == "url":
            return Term(lambda post: _has_url(post, value.lower()), alone=True)
        raise ValueError(f"Reference to invalid operator '{name}'.")

    def _id_of(self, name: str) -> str:
        author = self._find_author(name)
        return author.id if author else "nobody"


def _split(query: str) -> list[tuple[str, ...]]:
    tokens: list[tuple[str, ...]] = []
    at = 0
    query = query.rstrip()
    while at < len(query):
        match = TOKEN.match(query, at)
        if match is None:
            raise ValueError(f"The query cannot be read at position {at}: {query[at : at + 20]!r}.")
        tokens.append(_token(match))
        at = match.end()
    return tokens


def _token(match: re.Match[str]) -> tuple[str, ...]:
    if match["bracket"]:
        return (match["bracket"],)
    if match["group"]:
        return ("-",)
    if match["name"]:
        return ("operator", match["sign"], match["name"], match["value"].strip('"'))
    if match["phrase"] is not None:
        return ("phrase", match["sign"], match["phrase"])
    return ("word", match["sign"], match["word"])


def _negated(term: Term) -> Term:
    return Term(lambda post: not term.matches(post))


def _both(terms: Sequence[Term]) -> Term:
    return Term(
        lambda post: all(term.matches(post) for term in terms),
        alone=any(term.alone for term in terms),
        conversation=next((term.conversation for term in terms if term.conversation), None),
        author=next((term.author for term in terms if term.author), None),
    )


def _either(terms: Sequence[Term]) -> Term:
    return Term(
        lambda post: any(term.matches(post) for term in terms), alone=all(term.alone for term in terms)
    )


def _is_below(post: Post, conversation_id: str) -> bool:
    """X's index leaves the root out of its own conversation."""
    return post.conversation_id == conversation_id and not post.is_root


def _words(words: str) -> Term:
    """Whole words in a row, whatever their case."""
    pattern = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)", re.IGNORECASE)
    return Term(lambda post: pattern.search(_whole_text(post)) is not None, alone=True)


def _whole_text(post: Post) -> str:
    return unescape(post.note.text if post.note else post.text)


def _has_url(post: Post, part: str) -> bool:
    return any(part in str(url["expanded_url"]).lower() for url in post.entities.get("urls", []))
