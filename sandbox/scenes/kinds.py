"""What a scene is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.nouns import Author, Post
    from sandbox.world import World


@dataclass(frozen=True)
class Planned:
    """A mention to come: who calls the bot, under which post, in which words."""

    who: str
    under: Post
    text: str


@dataclass(frozen=True)
class Scene:
    """A thread of `author`: `posts` are the ones an unrolling should find, in order."""

    name: str
    title: str
    author: Author
    posts: list[Post]
    mentions: list[Planned] = field(default_factory=list)

    def summon(self, world: World) -> list[Post]:
        """Make the planned mentions, now."""
        return [world.mention(planned.who, planned.under, planned.text) for planned in self.mentions]
