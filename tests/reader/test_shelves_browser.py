"""Lists in Chromium: nothing scrolls sideways, nothing leaves, axe has nothing to complain about."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.reader.test_browser import _leaves, _wait

pytestmark = pytest.mark.browser

PATHS = (
    *("/", "/user/mira_holt", "/user/noa_tal", "/recent", "/popular", "/for/cleo", "/hashtag/fog"),
    *("/search", "/search?q=lamp+winter", "/search?q=%E7%81%AF%E5%8F%B0", "/search?q=zzzz", "/user/nobody"),
)


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> Iterator[str]:
    """The site on a port of its own, with a few dozen threads."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url, folder = f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("shelf")
    command = [sys.executable, "-m", "tests.reader.shelf_scene", str(port), str(folder)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as server:
        try:
            _wait(f"{url}/healthz", server)
            yield url
        finally:
            server.terminate()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lists_are_for_everybody_at_every_width(browser, origin, scheme):
    [thread, *_] = re.findall(r'href="(/thread/\d+)"', httpx.get(f"{origin}/user/mira_holt").text)
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: _leaves(complaints, request.url, origin))
    for path in (*PATHS, thread):
        page.goto(origin + path)
        for width in (360, 768, 1200):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
    assert complaints == []
    context.close()


def test_from_a_search_to_a_thread_and_on_to_its_author_by_keyboard_alone(browser, origin):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{origin}/search")
    page.locator("#q:focus").wait_for()
    page.keyboard.type("letters towers")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=letters+towers")
    page.get_by_role("link", name="Letters between towers").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/thread/*")
    page.get_by_role("link", name="Read all threads").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/user/mira_holt")
    page.get_by_role("link", name="More threads").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/user/mira_holt?before=*")
    assert page.get_by_role("heading", level=2).count() >= 1
    context.close()
