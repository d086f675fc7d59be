"""The sandbox's one page for people."""

from __future__ import annotations

from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from sandbox.fields import entities_of
from sandbox.state import requests_in, seconds_between

if TYPE_CHECKING:
    from sandbox.nouns import Post
    from sandbox.scenes import Scene
    from sandbox.world import World

SHOWN = 30
templates = Environment(
    loader=PackageLoader("sandbox"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


@dataclass(frozen=True)
class Exchange:
    """A mention, the post it stands under, and what the bot said; `seconds` from the one to the other."""

    mention: Post
    under: Post | None
    replies: list[Post]
    seconds: float | None


def home(world: World, scenes: list[Scene], *, watch: bool = False) -> str:
    exchanges = [_exchange(world, mention) for mention in requests_in(world)[:SHOWN]]
    return templates.get_template("home.html").render(
        bot=world.bot,
        scenes=scenes,
        authors=sorted({planned.who for scene in scenes for planned in scene.mentions}),
        exchanges=exchanges,
        watch=watch and not all(exchange.replies for exchange in exchanges),
        ledger=world.ledger,
        html_of=html_of,
        plain=plain,
    )


def _exchange(world: World, mention: Post) -> Exchange:
    replies = world.replies_to(mention)
    seconds = seconds_between(mention, replies[0]) if replies else None
    return Exchange(mention, world.get(mention.replied_to_id), replies, seconds)


def plain(post: Post, length: int = 90) -> str:
    """The beginning of what the author typed, on one line."""
    line = " ".join(post.raw.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def html_of(post: Post) -> Markup:
    """The post's text with its links as links. Only http(s) addresses become links: entities have no
    others.
    """
    parts, last = [], post.display_text_range[0]
    for url in sorted(entities_of(post.entities, "").get("urls", []), key=lambda url: int(url["start"])):
        if url["start"] < last or "media_key" in url:
            continue
        parts.append(escape(unescape(post.text[last : url["start"]])))
        parts.append(
            Markup('<a href="{}" rel="noreferrer">{}</a>').format(url["expanded_url"], url["display_url"])
        )
        last = url["end"]
    parts.append(escape(unescape(post.text[last : max(last, post.display_text_range[1])])))
    return Markup("").join(parts)
