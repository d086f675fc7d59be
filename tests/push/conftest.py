"""The house with a site that X can reach: a real server on loopback, called by the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from threading import Thread

import pytest
import uvicorn

from bot.flows.push import turn_on
from reader.app import create_app
from sandbox.run import QuickServer, listen
from tests.conftest import House


@contextmanager
def site_at(listener, house: House) -> Iterator[None]:
    app = create_app(house.store, house.parts.settings, house.world.now)
    config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None, access_log=False)
    server = QuickServer(config)
    thread = Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join(10)


@pytest.fixture
def told(build) -> Iterator[Callable[..., House]]:
    """Builds a house whose site X knows, and turns push on."""
    with ExitStack() as stack:

        def make(**settings) -> House:
            listener = stack.enter_context(listen("127.0.0.1", 0))
            url = "http://{}:{}".format(*listener.getsockname()[:2])
            house = build(**{"mentions": "webhook", "public_url": url, **settings})
            stack.enter_context(site_at(listener, house))
            house.poll()
            turn_on(house.parts)
            house.world.ledger.calls.clear()
            return house

        yield make


@pytest.fixture
def posts(world):
    return world.thread(world.author("ada"), ["One.", "Two.", "Three."], ago=timedelta(hours=2))


def deliver(house: House) -> None:
    house.world.push.courier.deliver()
