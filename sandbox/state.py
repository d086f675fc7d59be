"""What is going on in a world, as values: the page shows them and scripts read them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.ledger import Call
    from sandbox.nouns import Post
    from sandbox.scenes import Scene
    from sandbox.world import World

NEWEST = 200


def requests_in(world: World) -> list[Post]:
    """Visible posts of others that call the bot by name, newest first, the newest 200."""
    naming = world.shelves.naming(world.bot.id).newest_first()
    asking = (
        post
        for post in naming
        if post.author is not world.bot
        and post.names_explicitly(world.bot.username)
        and world.standing(post) == "visible"
        and post.is_newest_version
    )
    return list(islice(asking, NEWEST))


def state_of(world: World, scenes: list[Scene]) -> dict[str, Any]:
    """One JSON object; ids are strings, times ISO 8601, money US dollars."""
    return {
        "now": world.now().isoformat(),
        "bot": {"id": world.bot.id, "username": world.bot.username},
        "scenes": [_scene(scene) for scene in scenes],
        "mentions": [_mention(world, post) for post in requests_in(world)],
        "ledger": {
            "total_usd": float(world.ledger.total),
            "by_resource": dict(world.ledger.by_resource),
        },
        "calls": [_call(call) for call in world.ledger.calls[-NEWEST:]],
        "call_count": len(world.ledger.calls),
    }


def _scene(scene: Scene) -> dict[str, Any]:
    return {
        "name": scene.name,
        "title": scene.title,
        "author": scene.author.username,
        "post_ids": [post.id for post in scene.posts],
        "planned": [
            {"author": planned.who, "under": planned.under.id, "text": planned.text}
            for planned in scene.mentions
        ],
    }


def _mention(world: World, mention: Post) -> dict[str, Any]:
    replies = world.replies_to(mention)
    return {
        "id": mention.id,
        "author": mention.author.username,
        "text": mention.text,
        "under": mention.replied_to_id,
        "conversation_id": mention.conversation_id,
        "created_at": mention.created_at.isoformat(),
        "replies": [_reply(reply) for reply in replies],
        "replied_at": replies[0].created_at.isoformat() if replies else None,
        "seconds": seconds_between(mention, replies[0]) if replies else None,
    }


def _reply(reply: Post) -> dict[str, Any]:
    return {
        "id": reply.id,
        "text": reply.text,
        "raw": reply.raw,
        "urls": [url["expanded_url"] for url in reply.entities.get("urls", [])],
        "created_at": reply.created_at.isoformat(),
    }


def seconds_between(mention: Post, reply: Post) -> float:
    return round((reply.created_at - mention.created_at).total_seconds(), 2)


def _call(call: Call) -> dict[str, Any]:
    return {
        "endpoint": call.endpoint,
        "path": call.path,
        "query": call.query,
        "status": call.status,
        "billed": call.billed,
        "usd": call.micros / 1_000_000,
        "at": call.at.isoformat(),
    }
