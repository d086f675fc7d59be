"""Somebody in Chromium follows an author by e-mail, with scripts and without, and axe has nothing to say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from sandbox.broker import free_port
from tests.mail.conftest import CLEO, Desk, words
from tests.reader.conftest import browser
from tests.reader.test_browser import _leaves, _wait

pytestmark = pytest.mark.browser
__all__ = ["browser"]

# A letter is shown inside of somebody's site.
OF_SITES = ("region", "landmark-one-main")
SITE = [sys.executable, "-c", "from bot.cli import main; main()", "web", "--port"]


@pytest.fixture
def town(sit, tmp_path) -> Iterator[Desk]:
    """The site in a process of its own, on the database of a house with a post office."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    desk = sit(public_url=url)
    desk.thread("What a lighthouse keeper knows\n\nThe lamp is the easy part.", "Then comes the waiting.")
    settings = desk.house.parts.settings
    told = {
        "DATABASE_URL": settings.database_url,
        "PUBLIC_URL": url,
        "REDIS_URL": settings.redis_url,
        "MEDIA_DIR": str(tmp_path / "media"),
        "SMTP_URL": desk.office.url,
        "MAIL_FROM": settings.mail_from,
        "LOG_LEVEL": "ERROR",
    }
    with subprocess.Popen(
        [*SITE, str(port)], env={**os.environ, **told}, cwd=Path(__file__).parents[2]
    ) as site:
        try:
            _wait(f"{url}/healthz", site)
            yield desk
        finally:
            site.terminate()


def links(letter, what: str) -> str:
    """The address of a link in the letter, as a person would click it."""
    [address] = set(re.findall(rf'href="(http[^"]*/{what}/[^"]+)"', words(letter, "html")))
    return address


@pytest.mark.parametrize(("scripts", "scheme"), [(True, "light"), (False, "dark")])
def test_somebody_follows_confirms_reads_and_leaves(browser, town, scripts, scheme):
    url = town.house.parts.settings.public_url
    context = browser.new_context(color_scheme=scheme, java_script_enabled=scripts)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: _leaves(complaints, request.url, url))

    def looked_at() -> None:
        for width in (360, 1200):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
        if scripts:  # axe is one
            found = Axe().run(page)
            assert found.violations_count == 0, f"{page.url}: {found.generate_report()}"

    page.goto(f"{url}/user/ada")
    looked_at()
    page.get_by_role("link", name="What a lighthouse keeper knows").click()
    looked_at()
    page.get_by_label("A letter for each new thread").fill(CLEO)
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_role("heading", name="Look into your mailbox").wait_for()
    looked_at()

    [question] = town.post()
    page.goto(links(question, "subscribe"))
    looked_at()
    page.get_by_role("button", name="Yes, write to me").click()
    page.get_by_role("heading", name="You follow by e-mail now").wait_for()
    looked_at()

    town.thread("How fog got its bells\n\nIt asked for them.", "Nobody else would have.")
    [letter] = town.post()
    page.goto(links(letter, "thread"))
    assert page.get_by_role("heading", name="How fog got its bells").is_visible()
    page.goto(links(letter, "unsubscribe"))
    looked_at()
    page.get_by_role("button", name="End these letters").click()
    page.get_by_role("heading", name="No more letters", exact=True).wait_for()
    looked_at()
    assert town.followers() == []
    assert complaints == []
    context.close()


def test_letters_are_for_everybody(browser, sit):
    """Without the site: Chromium's loop keeps its visitor of this process out."""
    desk = sit()
    desk.thread()
    ada, now = desk.house.store.cards.author("ada"), desk.house.world.now
    subscriptions = desk.house.store.subscriptions
    subscriptions.ask(CLEO, ada.id, now=now())
    [question] = desk.post()
    token = links(question, "subscribe").rpartition("/")[2]
    assert subscriptions.confirm(token, 2**31, now=now())
    desk.thread("How fog got its bells\n\nIt asked for them.", "Nobody else would have.")
    [letter] = desk.post()
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        for one in (question, letter):
            page.set_content(words(one, "html"))
            for width in (360, 1200):
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width
            found = Axe().run(page, options={"rules": {rule: {"enabled": False} for rule in OF_SITES}})
            assert found.violations_count == 0, f"{scheme}: {found.generate_report()}"
        context.close()
