"""Threads to try things on: invented people, written to look like what one meets.

`play(world)` makes the posts. The mentions are only planned: `scene.summon(world)` makes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.scenes import bridges, fog, garden, lighthouse, sourdough
from sandbox.scenes.kinds import Planned, Scene

if TYPE_CHECKING:
    from sandbox.world import World

__all__ = ["Planned", "Scene", "play"]


def play(world: World) -> list[Scene]:
    """Every scene, oldest thread first."""
    stage = (bridges, garden, lighthouse, fog, sourdough)
    return [scene.play(world) for scene in stage]
