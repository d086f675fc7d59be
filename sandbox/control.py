from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.routing import Route

    from sandbox.scenes import Scene
    from sandbox.world import World


def control_routes(world: World, scenes: list[Scene]) -> list[Route]:
    return []
