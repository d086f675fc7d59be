"""`unroll sandbox`."""

from __future__ import annotations

from contextlib import suppress

import typer

from bot.cli import output
from bot.cli.ports import refused
from sandbox.run import listen, run_on
from sandbox.scenes import play
from sandbox.world import World


def serve_sandbox(port: int) -> None:
    """Serves X on loopback until Ctrl-C, and prints the settings that lead a bot to it."""
    try:
        listener = listen("127.0.0.1", port)
    except OSError as error:
        output.fail(f"--port {port}: {refused(error, port)}")
    with listener, suppress(KeyboardInterrupt):
        world = World()
        scenes = play(world)
        keys = world.credentials
        address = f"127.0.0.1:{port}"
        output.say(f"A local X at [link]http://{address}/[/link]: type a mention, watch the reply.")
        output.say("To lead the bot to it, put these lines into .env. Ctrl-C ends it.")
        for name, value in {
            "X_API_URL": f"http://{address}",
            "X_CONSUMER_KEY": keys.consumer_key,
            "X_CONSUMER_SECRET": keys.consumer_secret,
            "X_ACCESS_TOKEN": keys.access_token,
            "X_ACCESS_TOKEN_SECRET": keys.access_token_secret,
            "X_BEARER_TOKEN": keys.bearer_token,
            "MEDIA_HOSTS": address,
        }.items():
            typer.echo(f"{name}={value}")
        run_on(listener, world, scenes)
