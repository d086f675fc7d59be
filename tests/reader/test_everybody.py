"""Every page of the site in Chromium: axe finds nothing, nothing scrolls sideways, nobody else is asked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from sandbox.broker import free_port
from tests.reader.test_browser import _leaves, _wait
from tests.reader.whole_site import PAGES, still

pytestmark = pytest.mark.browser

UNFOLDED = "for (const each of document.querySelectorAll('details')) each.open = true"
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
SEPIA = "document.documentElement.dataset.theme = 'sepia'"


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> Iterator[str]:
    """The site on a port of its own, with one of every page."""
    port = free_port()
    url, folder = f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("whole")
    command = [sys.executable, "-m", "tests.reader.whole_site", str(port), str(folder)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as server:
        try:
            _wait(f"{url}/healthz", server)
            yield url
        finally:
            server.terminate()


@pytest.mark.parametrize("part", range(3))
def test_nobody_is_kept_out(browser, origin, part):
    """All rules in light; in dark and sepia those about colours, which is all that changes."""
    context = browser.new_context()
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: _leaves(complaints, request.url, origin))
    still(page)
    for shown in PAGES[part::3]:
        page.emulate_media(color_scheme="light")
        shown.open(page, origin)
        page.evaluate(UNFOLDED)
        for width in (360, 1200):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (shown.name, width)
        _looked_at(page, f"{shown.name}, light")
        page.emulate_media(color_scheme="dark")
        _looked_at(page, f"{shown.name}, dark", CONTRAST)
        page.evaluate(SEPIA)
        _looked_at(page, f"{shown.name}, sepia", CONTRAST)
    assert complaints == []
    context.close()


def _looked_at(page, what: str, options: dict | None = None) -> None:
    found = Axe().run(page, options=options)
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"
