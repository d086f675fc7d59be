"""From what an author typed to what the API serves: prefix, t.co links, entities, the cut of long posts.

Offsets count code points of the HTML-escaped text. Every http(s) link is wrapped, also one to a bare host
such as localhost, which X would leave alone: the demo's own links must count as links.
"""

from __future__ import annotations

import hashlib
import re
import string
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from sandbox.nouns import Card, Entities, Note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MAX_WEIGHT = 280
LINK_WEIGHT = 23
WORD = r"\w\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0903\u093a-\u094f"
TOKEN = re.compile(
    r"(?P<url>https?://[^\s<>\"」』\uff09、。]+)"
    r"|(?<![\w@!#$%&*])[@\uff20](?P<mention>[A-Za-z0-9_]{1,15})(?![A-Za-z0-9_@])"
    rf"|(?<![{WORD}&/])[#\uff03](?P<hashtag>[{WORD}]*[^\W\d_][{WORD}]*)"
    r"|(?<!\S)\$(?P<cashtag>[A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?)(?![\w.])"
)
_EMOJI_UNIT = r"[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\u2300-\u23ff]"
EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|[0-9#*]\ufe0f?\u20e3"
    f"|{_EMOJI_UNIT}[\ufe0f\U0001f3fb-\U0001f3ff]*(?:\u200d{_EMOJI_UNIT}[\ufe0f\U0001f3fb-\U0001f3ff]*)*"
)


def weighted_length(text: str) -> int:
    """X's length: most of the Latin, Arabic and Hebrew ranges weigh 1, all else and an emoji 2, a link 23
    (twitter-text, configuration v3).
    """
    total, last = 0, 0
    for match in TOKEN.finditer(text):
        if match["url"]:
            total += _weight(text[last : match.start()]) + LINK_WEIGHT
            last = match.start() + len(_trim(match["url"]))
    return total + _weight(text[last:])


def _weight(text: str) -> int:
    plain, emoji = EMOJI.subn("", text)
    return 2 * emoji + sum(1 if _light(ord(char)) else 2 for char in plain)


def _light(code: int) -> bool:
    return code <= 4351 or 8192 <= code <= 8205 or 8208 <= code <= 8223 or 8242 <= code <= 8247


def _trim(url: str) -> str:
    """A link without the punctuation of the sentence around it."""
    url = url.rstrip(".,;:!?…'\u2019”*")
    return url[:-1] if url.endswith(")") and "(" not in url else url


def short_link(seed: str) -> str:
    alphabet = string.ascii_letters + string.digits
    digest = hashlib.sha256(seed.encode()).digest()
    return "https://t.co/" + "".join(alphabet[byte % 62] for byte in digest[:10])


def display_of(url: str) -> str:
    """A link as X shows it: no scheme, no www., 26 characters at most before the ellipsis."""
    bare = re.sub(r"^https?://(www\.)?", "", url).rstrip("/")
    return bare if len(bare) <= 27 else bare[:26] + "…"


@dataclass
class Draft:
    """Escaped text that grows from the left, and the entities found on the way."""

    text: str = ""
    entities: Entities = field(default_factory=dict)

    def add(self, words: str) -> None:
        self.text += escape(words, quote=False)

    def mark(self, kind: str, shown: str, **fields: Any) -> None:
        start = len(self.text)
        self.text += shown
        self.note(kind, start, **fields)

    def note(self, kind: str, start: int, **fields: Any) -> None:
        self.entities.setdefault(kind, []).append({"start": start, "end": len(self.text), **fields})

    def space(self) -> None:
        if self.text and not self.text.endswith((" ", "\n")):
            self.text += " "


@dataclass(frozen=True)
class Written:
    text: str
    entities: Entities
    display_text_range: tuple[int, int]
    note: Note | None


@dataclass(frozen=True)
class Attached:
    """Links X itself puts at the end: the quoted post, and the media that share one link."""

    quoted_url: str | None = None
    media_url: str | None = None
    media_keys: tuple[str, ...] = ()


class Writer:
    """Writes the text of one post. `find_id` gives the id of a username, or None for nobody's name: X still
    marks the mention, without an id.
    """

    def __init__(self, post_id: str, find_id: Callable[[str], str | None], links: Mapping[str, Card]) -> None:
        self.post_id = post_id
        self._find_id = find_id
        self._links = links

    def write(self, raw: str, prefix: Iterable[str], attached: Attached) -> Written:
        draft = Draft()
        for username in prefix:
            self._mention(draft, "@" + username, username)
            draft.add(" ")
        start = len(draft.text)
        if weighted_length(raw) > MAX_WEIGHT:
            return self._write_long(raw, draft, start, attached)
        self._tokens(draft, raw)
        end = self._attach(draft, attached)
        return Written(draft.text, draft.entities, (start, end), None)

    def _write_long(self, raw: str, draft: Draft, start: int, attached: Attached) -> Written:
        """X serves the first part and a link to the post itself; the whole is in the note, which has the
        prefix but none of the trailing links.
        """
        whole = Draft(draft.text, {kind: list(found) for kind, found in draft.entities.items()})
        self._tokens(whole, raw)
        self._tokens(draft, cut(raw))
        draft.add("… ")
        self._link(draft, f"https://x.com/i/web/status/{self.post_id}", Card())
        end = self._attach(draft, attached)
        return Written(draft.text, draft.entities, (start, end), Note(whole.text, whole.entities))

    def _tokens(self, draft: Draft, raw: str) -> None:
        last = 0
        for start, end, kind, value in tokens(raw):
            draft.add(raw[last:start])
            if kind == "url":
                self._link(draft, value, self._links.get(value))
            elif kind == "mention":
                self._mention(draft, raw[start:end], value)
            else:
                draft.mark(kind + "s", raw[start:end], tag=value)
            last = end
        draft.add(raw[last:])

    def _mention(self, draft: Draft, shown: str, username: str) -> None:
        user_id = self._find_id(username)
        draft.mark("mentions", shown, username=username, **({"id": user_id} if user_id else {}))

    def _link(self, draft: Draft, url: str, card: Card | None) -> None:
        fields: dict[str, Any] = {
            "url": short_link(f"{self.post_id} {url} {len(draft.text)}"),
            "expanded_url": url,
            "display_url": display_of(url),
        }
        if card is not None:
            fields |= _card_fields(card, url)
        draft.mark("urls", fields["url"], **fields)

    def _attach(self, draft: Draft, attached: Attached) -> int:
        """Where the shown text ends: after the quoted post's link, before the media's."""
        if attached.quoted_url:
            draft.space()
            self._link(draft, attached.quoted_url, None)
        shown_to = len(draft.text)
        if attached.media_url and attached.media_keys:
            draft.space()
            start = len(draft.text)
            url = short_link(f"{self.post_id} media")
            draft.text += url
            fields = {
                "url": url,
                "expanded_url": attached.media_url,
                "display_url": "pic.x.com/" + url.rpartition("/")[2],
            }
            for key in attached.media_keys:
                draft.note("urls", start, **fields, media_key=key)
        return shown_to


def tokens(raw: str) -> Iterator[tuple[int, int, str, str]]:
    """Start, end, kind and value of each link, mention, hashtag and cashtag of a typed text."""
    for match in TOKEN.finditer(raw):
        kind = str(match.lastgroup)
        value = _trim(match[kind]) if kind == "url" else match[kind]
        end = match.start() + len(value) if kind == "url" else match.end()
        if kind != "url" or value.rpartition("/")[2] or value.count("/") > 2:
            yield match.start(), end, kind, value


def _card_fields(card: Card, url: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"status": card.status} if card.title else {}
    if card.title or card.unwound_url:
        fields["unwound_url"] = card.unwound_url or url
    if card.title:
        fields["title"] = card.title
    if card.description:
        fields["description"] = card.description
    if card.image:
        fields["images"] = [
            {"name": card.image, "width": 1200, "height": 628},
            {"name": card.image, "width": 150, "height": 150},
        ]
    return fields


def cut(raw: str) -> str:
    """The first part of a long text: whole words, with room for the ellipsis and the link."""
    room = MAX_WEIGHT - LINK_WEIGHT - 3
    end = 0
    for match in re.finditer(r"\S+\s*", raw):
        if weighted_length(raw[: match.end()].rstrip()) > room:
            break
        end = match.end()
    return raw[:end].rstrip() or raw[: room // 2]


SCRIPTS = (
    ("ja", r"[\u3040-\u30ff]"),
    ("ar", r"[\u0600-\u06ff]"),
    ("iw", r"[\u0590-\u05ff]"),
    ("ko", r"[\uac00-\ud7af]"),
    ("zh", r"[\u4e00-\u9fff]"),
    ("ru", r"[\u0400-\u04ff]"),
    ("el", r"[\u0370-\u03ff]"),
    ("en", r"[A-Za-z]"),
)


def guess_language(text: str) -> str:
    """By script alone, with X's codes: `iw` is Hebrew, `zxx` a text without words."""
    bare = TOKEN.sub("", text)
    return next((code for code, script in SCRIPTS if re.search(script, bare)), "zxx")
