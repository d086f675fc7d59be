"""A post's text and entities -> what a person reads. Pure.

X's offsets count code points of the HTML-escaped text, so the text is cut by offset first and each piece
is unescaped once; whoever renders a piece escapes it again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from html import unescape
from typing import Literal

from bot.domain import Entity, Post, Thread

# Silent reading of English prose, Brysbaert 2019; characters a minute for scripts written without spaces.
WORDS_PER_MINUTE = 238
CHARACTERS_PER_MINUTE = 500

SIGNS = {"url": ("",), "mention": ("@", "\uff20"), "hashtag": ("#", "\uff03"), "cashtag": ("$", "\uff04")}
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
RTL_LANGUAGES = frozenset({"ar", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi", "dv", "ckb"})

PieceKind = Literal["text", "link", "mention", "hashtag", "cashtag"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text. `text` is unescaped; `url` is where it leads; `title` is a link's full address."""

    kind: PieceKind
    text: str
    url: str | None = None
    title: str | None = None


def pieces(post: Post) -> tuple[Piece, ...]:
    """The post's words, links, mentions and tags in order, without what the page shows another way:
    the automatic reply prefix and the trailing links to the post's own media, quote or article.
    """
    placed = list(_placed(post))
    start = _prefix_end(post)
    end = _end_before_attachments(post, placed)
    found: list[Piece] = []
    at = start
    for entity in placed:
        if entity.start < at or entity.end > end:
            continue
        found.append(Piece("text", unescape(post.text[at : entity.start])))
        found.append(_piece(entity, unescape(post.text[entity.start : entity.end])))
        at = entity.end
    found.append(Piece("text", unescape(post.text[at:end])))
    return tuple(_trimmed([piece for piece in found if piece.text]))


def plain(post: Post) -> str:
    """The text of a post as a person reads it, links by their display address."""
    return "".join(piece.text for piece in pieces(post))


def cards(post: Post) -> tuple[Entity, ...]:
    """The links of a post that X describes with a title, each once; never the post's own attachments."""
    seen: dict[str, Entity] = {}
    for entity in post.entities:
        if entity.kind == "url" and entity.title and not _is_attachment(post, entity):
            seen.setdefault(entity.expanded_url or entity.value, entity)
    return tuple(seen.values())


def links(post: Post) -> tuple[Entity, ...]:
    """The links a reader can follow: every address in the text but the post's own media or quote."""
    return tuple(e for e in _placed(post) if e.kind == "url" and not _is_attachment(post, e))


def direction(lang: str | None, text: str) -> Literal["ltr", "rtl"]:
    """Writing direction: of the language where X names a telling one, else of the first strong letter."""
    if lang in RTL_LANGUAGES:
        return "rtl"
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in {"R", "AL"}:
            return "rtl"
        if kind == "L":
            return "ltr"
    return "ltr"


def word_count(texts: Iterable[str]) -> int:
    """Words of all texts; in scripts written without spaces two characters count as a word."""
    return sum(_words(text) for text in texts)


def reading_minutes(texts: Iterable[str]) -> int:
    """Minutes to read all texts in silence, never less than one."""
    minutes = 0.0
    for text in texts:
        unspaced = len(UNSPACED.findall(text))
        minutes += unspaced / CHARACTERS_PER_MINUTE + len(UNSPACED.sub(" ", text).split()) / WORDS_PER_MINUTE
    return max(1, round(minutes))


def thread_texts(thread: Thread) -> list[str]:
    return [plain(post) for post in thread.posts]


def opening(text: str, limit: int) -> str:
    """The first `limit` characters of a text on one line, cut at a word, with an ellipsis if it was cut."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    head = line[:limit]
    cut = head.rfind(" ")
    return (head[:cut] if cut > limit // 2 else head).rstrip(" ,;:-\u2013\u2014") + "\u2026"


def _words(text: str) -> int:
    unspaced = len(UNSPACED.findall(text))
    return (unspaced + 1) // 2 + len(UNSPACED.sub(" ", text).split())


def _placed(post: Post) -> Iterator[Entity]:
    """Entities in order of their place, each where its own words stand; the ones that cannot be placed,
    and those that overlap an earlier one, are left out.
    """
    placed = sorted(
        (moved for entity in post.entities if (moved := _place(post.text, entity)) is not None),
        key=lambda entity: (entity.start, -entity.end),
    )
    end = 0
    for entity in placed:
        if entity.start >= end:
            yield entity
            end = entity.end


def _place(text: str, entity: Entity) -> Entity | None:
    if _fits(text, entity, entity.start, entity.end):
        return entity
    length = len(entity.value) + (entity.kind != "url")
    starts = [
        match.start()
        for sign in SIGNS[entity.kind]
        for match in re.finditer(re.escape(sign + entity.value) + r"(?!\w)", text, re.IGNORECASE)
    ]
    if not starts or not entity.value:
        return None
    start = min(starts, key=lambda place: abs(place - entity.start))
    return replace(entity, start=start, end=start + length)


def _fits(text: str, entity: Entity, start: int, end: int) -> bool:
    if not 0 <= start < end <= len(text):
        return False
    words = text[start:end].casefold()
    return any(words == (sign + entity.value).casefold() for sign in SIGNS[entity.kind])


def _prefix_end(post: Post) -> int:
    """Where the post's own words begin. A long text may come without the prefix its short form has."""
    if 0 < post.display_start <= len(post.text) and post.text.startswith("@"):
        return post.display_start
    return 0


def _end_before_attachments(post: Post, placed: list[Entity]) -> int:
    end = len(post.text.rstrip())
    for entity in reversed(placed):
        if entity.end != end or not _is_attachment(post, entity):
            break
        end = len(post.text[: entity.start].rstrip())
    return end


def _is_attachment(post: Post, entity: Entity) -> bool:
    """A link that stands for what the page shows itself: own media, the quoted post, the article."""
    if entity.kind != "url":
        return False
    address = entity.expanded_url or ""
    if entity.media_key is not None:
        return not post.media or any(media.key == entity.media_key for media in post.media)
    path = address.split("?", 1)[0].rstrip("/")
    if post.quoted is not None and path.endswith(f"/status/{post.quoted}"):
        return True
    if post.article is not None and "/article/" in path:
        return True
    return bool(post.media) and any(
        f"/status/{version}/{kind}/" in path + "/"
        for version in post.versions or (post.id,)
        for kind in ("photo", "video")
    )


def _piece(entity: Entity, words: str) -> Piece:
    match entity.kind:
        case "url":
            return Piece("link", entity.display_url or words, entity.value, entity.expanded_url)
        case "mention":
            return Piece("mention", words, f"https://x.com/{entity.value}")
        case "hashtag":
            return Piece("hashtag", words, f"https://x.com/hashtag/{entity.value}")
        case "cashtag":
            return Piece("cashtag", words, f"https://x.com/search?q=%24{entity.value}")


def _trimmed(found: list[Piece]) -> list[Piece]:
    """Without white space around the whole; what lies between pieces stays."""
    if found and found[0].kind == "text":
        found[0] = Piece("text", found[0].text.lstrip())
    if found and found[-1].kind == "text":
        found[-1] = Piece("text", found[-1].text.rstrip())
    return [piece for piece in found if piece.text]
