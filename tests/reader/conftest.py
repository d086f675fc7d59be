from __future__ import annotations

import asyncio
import shutil

import httpx
import pytest
from playwright.sync_api import sync_playwright
from starlette.applications import Starlette

from reader.app import create_app
from tests.needs import unavailable
from tests.reader.fakes import FakeSettings, FakeStore

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Visitor:
    """Asks the site in this process; it neither follows redirects nor sees the errors behind a 500."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def get(self, path: str, **more) -> httpx.Response:
        return self.request("GET", path, **more)

    def head(self, path: str, **more) -> httpx.Response:
        return self.request("HEAD", path, **more)

    def request(self, method: str, path: str, **more) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="https://reader.example") as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def settings(tmp_path) -> FakeSettings:
    return FakeSettings(tmp_path / "media")


@pytest.fixture
def site(store, settings) -> Visitor:
    return Visitor(create_app(store, settings))


@pytest.fixture(scope="module")
def browser():
    """Chromium. While it is open no `asyncio.run` works in this thread: ask the site through it."""
    path = shutil.which("chromium")
    if path is None:
        unavailable("no chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()
