"""What a script can have done to the world over HTTP: one JSON object, one deed.

{"do": "thread", "author": "ada", "posts": ["One.", {"text": "Two."}]}
{"do": "post", "author": "ada", "text": "...", "reply_to": "123"}
{"do": "edit", "post": "123", "text": "..."}
{"do": "delete" | "withhold" | "index_hole" | "limit_replies", "post": "123"}
{"do": "protect" | "suspend" | "block", "author": "ada"}
{"do": "advance", "seconds": 60}
{"do": "revoke" | "restore"}
{"do": "limit", "endpoint": "POST /2/tweets", "limit": 15, "seconds": 60}
{"do": "dialect", "name": "asked" | "old" | "new"}
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.world import World

Told = dict[str, Any]


def is_username(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_]{1,15}", name) is not None


def post_id(link_or_id: str) -> str:
    """The id in a link to a post, or the id itself; ValueError for anything else."""
    match = re.search(r"(?:^|/status/)(\d{1,19})(?:[/?#]|$)", link_or_id.strip())
    if match is None:
        raise ValueError(f"{link_or_id!r} is neither the id of a post nor a link to one")
    return match[1]


def do(world: World, told: Told) -> Told:
    """Raises LookupError, TypeError or ValueError for what cannot be done."""
    deed = told.pop("do", None)
    if deed in ON_POSTS:
        getattr(world, deed)(world.find(post_id(str(told["post"]))))
    elif deed in ON_AUTHORS:
        getattr(world, deed)(_username(told))
    elif deed in OTHERS:
        return OTHERS[deed](world, told)
    else:
        raise ValueError(
            f"nothing to do for {deed!r}; there are: {', '.join([*ON_POSTS, *ON_AUTHORS, *OTHERS])}"
        )
    return {"done": deed}


def _username(told: Told) -> str:
    name = str(told.pop("author", "")).removeprefix("@")
    if not is_username(name):
        raise ValueError(f"{name!r} is not a username")
    return name


def _thread(world: World, told: Told) -> Told:
    ago = timedelta(seconds=float(told.get("ago_seconds", 3600)))
    posts = world.thread(_username(told), told["posts"], ago=ago, reply_to=told.get("reply_to"))
    return {"ids": [post.id for post in posts]}


def _post(world: World, told: Told) -> Told:
    return {"id": world.post(_username(told), **told).id}


def _edit(world: World, told: Told) -> Told:
    return {"id": world.edit(post_id(str(told["post"])), str(told["text"])).id}


def _advance(world: World, told: Told) -> Told:
    world.advance(timedelta(seconds=float(told["seconds"])))
    return {"now": world.now().isoformat()}


def _tokens(world: World, *, revoked: bool) -> Told:
    world.revoke() if revoked else world.restore()
    return {"revoked": revoked}


def _limit(world: World, told: Told) -> Told:
    world.limits.set(**told)
    return {"done": "limit"}


def _dialect(world: World, told: Told) -> Told:
    if told.get("name") not in {"asked", "old", "new"}:
        raise ValueError("a dialect is asked, old or new")
    world.dialect = told["name"]
    return {"dialect": world.dialect}


ON_POSTS = ("delete", "withhold", "index_hole", "limit_replies")
ON_AUTHORS = ("protect", "suspend", "block")
OTHERS: dict[str, Callable[[World, Told], Told]] = {
    "thread": _thread,
    "post": _post,
    "edit": _edit,
    "advance": _advance,
    "revoke": lambda world, _: _tokens(world, revoked=True),
    "restore": lambda world, _: _tokens(world, revoked=False),
    "limit": _limit,
    "dialect": _dialect,
}
