"""A long thread: sixty bridges, one post each, and the words around them."""

from __future__ import annotations

from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sandbox.nouns import Media
from sandbox.scenes.kinds import Planned, Scene

if TYPE_CHECKING:
    from sandbox.world import World

FIRST = (
    "This year I walked across sixty bridges in and around the river town where I live, one a week and then, "
    "towards the end, faster. No records, no sponsors, one pair of boots. Here they all are, one post each."
)
LAST = (
    "That is sixty. I set out to learn about engineering and learned mostly about the people who stand in "
    "the middle of bridges looking down. If you walk one of these, tell me which way the water was going. "
    "Good night."
)
PICTURE_EVERY = 10
BRIDGES = files("sandbox.scenes").joinpath("sixty.txt").read_text("utf-8").splitlines()


def play(world: World) -> Scene:
    ned = world.author(
        "nedoverwater", name="Ned Overwater", bio="Retired surveyor. Crosses things. Sixty bridges in a year."
    )
    world.author("calla_finch", name="Calla Finch", bio="Walks. Bakes. Forgets umbrellas.")
    posts = world.thread(
        ned, [FIRST, *map(_post, range(1, 61)), LAST], ago=timedelta(hours=30), every=timedelta(minutes=2)
    )
    return Scene(
        "bridges",
        "Sixty bridges, one at a time (a long thread)",
        ned,
        posts,
        [Planned("calla_finch", posts[31], "Saving this for Sunday. @unrollbot unroll")],
    )


def _post(number: int) -> dict[str, Any]:
    post: dict[str, Any] = {"text": f"{number}. {BRIDGES[number - 1]}"}
    if number % PICTURE_EVERY == 0:
        post["media"] = Media(f"bridge-number-{number}", alt=f"Bridge number {number}, seen from the water.")
    return post
