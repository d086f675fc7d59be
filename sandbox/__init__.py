"""A local X (API v2) to try the bot against: a world to talk to, served over HTTP as X would.

It shares no code with the bot, so it cannot share its mistakes.
"""

from sandbox.nouns import Author, Card, Media, Poll, Post
from sandbox.run import run, serve
from sandbox.world import World

__all__ = ["Author", "Card", "Media", "Poll", "Post", "World", "run", "serve"]
