"""`python -m sandbox --port 8080 --scenes`: an X of one's own on loopback."""

from __future__ import annotations

import argparse
from contextlib import suppress

from sandbox.run import listen, run_on
from sandbox.scenes import play
from sandbox.world import World


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Serve a local X (API v2).")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one")
    parser.add_argument("--scenes", action="store_true", help="begin with the invented threads")
    parser.add_argument("--summon", action="store_true", help="and with the mentions planned for them")
    told = parser.parse_args()
    world = World()
    scenes = play(world) if told.scenes or told.summon else []
    if told.summon:
        for scene in scenes:
            scene.summon(world)
    with suppress(KeyboardInterrupt), listen("127.0.0.1", told.port) as listener:
        _greet(world, listener.getsockname()[1])
        run_on(listener, world, scenes)


def _greet(world: World, port: int) -> None:
    """Where it is, and the made-up keys that open it."""
    keys = world.credentials
    lines = {
        "X_API_URL": f"http://127.0.0.1:{port}",
        "X_CONSUMER_KEY": keys.consumer_key,
        "X_CONSUMER_SECRET": keys.consumer_secret,
        "X_ACCESS_TOKEN": keys.access_token,
        "X_ACCESS_TOKEN_SECRET": keys.access_token_secret,
        "X_BEARER_TOKEN": keys.bearer_token,
    }
    for name, value in lines.items():
        print(f"{name}={value}", flush=True)  # noqa: T201 the settings are this command's output


if __name__ == "__main__":
    main()
