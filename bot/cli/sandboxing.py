"""`unroll sandbox`."""

from __future__ import annotations

from contextlib import suppress

from bot.cli import output
from sandbox.run import run
from sandbox.scenes import play
from sandbox.world import World


def serve_sandbox(port: int) -> None:
    """Serves X on loopback until Ctrl-C, and prints the settings that lead a bot to it."""
    world = World()
    scenes = play(world)
    keys = world.credentials
    output.err.print(f"A local X: http://127.0.0.1:{port}/ (type a mention, watch the reply; Ctrl-C ends it)")
    output.err.print("To run the bot against it, copy these into .env:")
    for name, value in {
        "X_API_URL": f"http://127.0.0.1:{port}",
        "X_CONSUMER_KEY": keys.consumer_key,
        "X_CONSUMER_SECRET": keys.consumer_secret,
        "X_ACCESS_TOKEN": keys.access_token,
        "X_ACCESS_TOKEN_SECRET": keys.access_token_secret,
        "X_BEARER_TOKEN": keys.bearer_token,
        "MEDIA_HOSTS": f"127.0.0.1:{port}",
    }.items():
        print(f"{name}={value}", flush=True)  # noqa: T201 - made-up keys, and this command's output
    with suppress(KeyboardInterrupt):
        run(world, port, scenes=scenes)
