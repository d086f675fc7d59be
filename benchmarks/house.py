"""What storms and soaks stand on: a database of its own, and settings that lead every process to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.settings import Settings
from sandbox import broker
from sandbox.nouns import Credentials
from sandbox.run import serve
from sandbox.world import World
from tests.store import postgres
from tests.store.databases import Server

BIN = Path(sys.executable).parent


@dataclass
class House:
    """What a storm may shake beside our own processes: a restarted server where there is one."""

    url: str
    restart: Callable[[], None] | None = None

    @property
    def kind(self) -> str:
        return self.url.split(":", 1)[0].split("+", 1)[0]


@contextmanager
def housed(database: str, name: str, folder: Path) -> Iterator[House]:
    """An empty database: `sqlite` in the folder, `postgres` where TEST_DATABASE_URL says, or on our own."""
    if database == "sqlite":
        yield House(f"sqlite:///{folder}/unroll.db")
        return
    with ExitStack() as stack:
        if named := os.environ.get("TEST_DATABASE_URL"):
            address, restart = named, None
        else:
            own = stack.enter_context(postgres.running())
            address, restart = own.url, own.restart
        server = Server(address, prefix=f"unroll_{name}")
        stack.callback(server.close)
        yield House(stack.enter_context(server.empty()), restart)


def settings_for(
    keys: Credentials, *, x_url: str, redis_url: str, database_url: str, folder: Path, **others: str
) -> dict[str, str]:
    """The environment of every process: nothing waits for money or for a person's limit."""
    return {
        **os.environ,
        "X_API_URL": x_url,
        "X_CONSUMER_KEY": keys.consumer_key,
        "X_CONSUMER_SECRET": keys.consumer_secret,
        "X_ACCESS_TOKEN": keys.access_token,
        "X_ACCESS_TOKEN_SECRET": keys.access_token_secret,
        "X_BEARER_TOKEN": keys.bearer_token,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "MEDIA_DIR": str(folder / "media"),
        "PUBLIC_URL": "https://reader.example",
        "DAILY_BUDGET_USD": "100000",
        "REQUESTS_PER_CONVERSATION_PER_HOUR": "100000",
        "REQUESTS_PER_AUTHOR_PER_DAY": "100000",
        "LOG_FORMAT": "json",
        **others,
    }


def keyed(
    keys: Credentials, *, x_url: str, redis_url: str, database_url: str, folder: Path, **others: Any
) -> Settings:
    """The same for what runs in this process."""
    told = settings_for(
        keys, x_url=x_url, redis_url=redis_url, database_url=database_url, folder=folder, **others
    )
    values = {name: told[name.upper()] for name in Settings.model_fields if name.upper() in told}
    return Settings(_env_file=None, **values)


@contextmanager
def furnished(world: World, database: str, name: str, **others: str) -> Iterator[tuple[dict[str, str], Path]]:
    """A world that is served, a broker and an empty database: what our processes are told, and a folder."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix=f"unroll-{name}-")))
        house = stack.enter_context(housed(database, name, folder))
        x = stack.enter_context(serve(world))
        redis_url = stack.enter_context(broker.serve(folder / "broker"))
        told = {"x_url": x.url, "redis_url": redis_url, "database_url": house.url}
        yield settings_for(world.credentials, **told, folder=folder, **others), folder
