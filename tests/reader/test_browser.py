"""The site in Chromium: nothing scrolls sideways, nothing leaves, nothing complains."""

from __future__ import annotations

import io
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pypdf
import pytest

pytestmark = pytest.mark.browser

PATHS = [
    "/",
    "/thread/1001",
    "/thread/2001",
    "/thread/3001",
    "/thread/4001",
    "/thread/5001",
    "/thread/5",
    "/status/7",
    "/nowhere",
    "/help",
    "/privacy",
    "/terms",
]


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> Iterator[str]:
    """The site on a port of its own, with the scenes in its store."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "tests.reader.serve", str(port), str(tmp_path_factory.mktemp("media"))]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as server:
        try:
            _wait(f"{url}/healthz", server)
            yield url
        finally:
            server.terminate()


def _wait(url: str, server: subprocess.Popen) -> None:
    for _ in range(200):
        assert server.poll() is None, "the site did not start"
        try:
            httpx.get(url, timeout=1)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the site did not answer")


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def opened(browser, origin, complaints):
    """Opens a page at a width; what the console says and what leaves the origin is a complaint."""
    contexts = []

    def go(path: str, width: int = 1200, scheme: str = "light", height: int = 900):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: _complain(complaints, message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: _leaves(complaints, request.url, origin))
        page.goto(origin + path, wait_until="load")
        return page

    yield go
    for context in contexts:
        context.close()


def _complain(complaints: list[str], text: str) -> None:
    if "Failed to load resource" not in text or not ("404" in text or "410" in text):
        complaints.append(text)


def _leaves(complaints: list[str], url: str, origin: str) -> None:
    if not url.startswith(origin + "/"):
        complaints.append(f"asked for {url}")


@pytest.mark.parametrize("width", [390, 768, 1200, 1600])
def test_no_page_scrolls_sideways_or_asks_anybody_else(opened, origin, complaints, width):
    page = opened("/", width)
    for path in PATHS:
        page.goto(origin + path)
        page.evaluate("for (const d of document.querySelectorAll('details:not(.aa)')) d.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert complaints == []


def test_pictures_are_loaded_and_the_font_is_ours(opened, complaints):
    page = opened("/thread/1001")
    picture = page.locator("#p3 .zoom img")
    picture.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('#p3 .zoom img').naturalWidth > 0")
    assert page.evaluate("document.fonts.check('20px \"Source Serif 4\"')")
    assert complaints == []


def test_a_click_opens_the_lightbox_and_escape_closes_it(opened, complaints):
    page = opened("/thread/1001")
    box = page.locator("#p3 .lb")
    assert not box.is_visible()
    page.locator("#p3 .zoom").click()
    assert box.is_visible()
    page.keyboard.press("Escape")
    assert not box.is_visible()
    page.locator("#p3 .zoom").click()
    box.locator("button").click()
    assert not box.is_visible()
    assert complaints == []


def test_the_page_is_dark_for_those_who_like_it_dark(opened):
    colours = [
        opened("/thread/1001", scheme=scheme).evaluate(
            "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
        )
        for scheme in ("light", "dark")
    ]
    assert colours[0][0] != colours[1][0]
    assert colours[0][1] != colours[1][1]


def test_reading_settings_work_without_scripts(browser, origin):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(origin + "/thread/1001")
    colour = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(colour)
    page.locator(".aa summary").click()
    page.get_by_label("Dark").check()
    assert page.evaluate(colour) != before
    context.close()


def test_reading_settings_are_kept_and_there_before_the_first_paint(browser, origin, complaints):
    context = browser.new_context()
    page = context.new_page()
    page.on("console", lambda message: _complain(complaints, message.text))
    page.goto(origin + "/thread/1001")
    page.locator(".aa summary").click()
    for label in ("Sepia", "Sans", "L"):
        page.get_by_label(label, exact=True).check()
    # What a later page is at the moment its body begins: before that nothing is painted.
    page.add_init_script(
        "new MutationObserver((_, seen) => { if (document.body) { seen.disconnect();"
        "window.atFirst = {...document.documentElement.dataset} } })"
        ".observe(document, {childList: true, subtree: true})"
    )
    page.goto(origin + "/")
    assert page.evaluate("window.atFirst") == {"theme": "sepia", "type": "sans", "size": "large"}
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(246, 238, 221)"
    page.locator(".aa summary").click()
    assert page.get_by_label("Sepia").is_checked()
    page.get_by_label("Auto").check()
    page.goto(origin + "/thread/1001")
    assert "theme" not in page.evaluate("({...document.documentElement.dataset})")
    context.close()
    assert complaints == []


def test_paper_has_the_thread_and_no_buttons(opened):
    page = opened("/thread/1001")
    page.locator(".aa summary").click()
    page.get_by_label("Dark").check()
    page.emulate_media(media="print")
    assert page.locator("#p1").is_visible()
    for absent in (".panel", ".again", ".duo", "header.site"):
        assert not any(each.is_visible() for each in page.locator(absent).all()), absent
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(31, 29, 26)", "dark ink on white"


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_what_is_printed_is_the_thread_where_it_is_from_and_nothing_else(opened, origin, paper):
    page = opened("/thread/1001")
    sheets = [
        " ".join(each.extract_text().split())
        for each in pypdf.PdfReader(io.BytesIO(page.pdf(format=paper))).pages
    ]
    text = " ".join(sheets)
    for present in ("Mira Holt", "https://x.com/mira_holt/status/1001", f"{origin}/thread/1001"):
        assert present in sheets[0]
    assert re.search(r"last checked \d+ \w+ \d{4}, \d\d:\d\d UTC", sheets[0])
    assert "https://www.coastmuseum.example/essays/the-lens-that-saved-ten-thousand-ships" in joined(text)
    assert "An aside on the gull" in text, "what is folded on a screen is open on paper"
    for absent in ("Force a refresh", "More from", "Take it with you", "Privacy", "Search", "Save"):
        assert absent not in text
    [question] = [each for each in sheets if "what was the keepers" in each.lower()]
    assert "1,415 votes" in question, "a post that fits on a page is not broken"


def joined(text: str) -> str:
    """An address that runs on in another line."""
    return text.replace(" ", "")


def test_what_is_marked_as_sensitive_stays_folded_on_paper(opened):
    page = opened("/thread/1001")
    page.evaluate("document.querySelector('.fork').className = 'fold'")
    text = pypdf.PdfReader(io.BytesIO(page.pdf())).pages[0].extract_text()
    assert "An aside on the gull" not in text


def test_the_avatar_of_a_right_to_left_thread_is_on_the_right(opened):
    page = opened("/thread/2001")
    avatar, name = (page.locator(f".by .{part}").bounding_box() for part in ("pic", "name"))
    assert avatar["x"] > name["x"]


def test_alternative_texts_unfold(opened):
    page = opened("/thread/1001")
    caption = page.locator("#p5 figcaption ul")
    assert not caption.is_visible()
    page.locator("#p5 figcaption summary").click()
    assert caption.is_visible()


SHIFTS = """
window.moved = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.moved += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("late", [("",), (".woff2",), (".woff2", "/media/", ".js")], ids=["", "font", "all"])
def test_nothing_moves_while_a_page_comes_in(opened, origin, complaints, width, late):
    page = opened("/", width)
    page.add_init_script(SHIFTS)
    for each in filter(None, late):
        page.route(f"**/*{each}*", lambda route: (time.sleep(0.3), route.continue_()))
    page.goto(f"{origin}/thread/6001", wait_until="load")
    for part in range(1, 6):
        page.evaluate(f"scrollTo(0, document.body.scrollHeight * {part} / 5)")
        page.wait_for_timeout(60)
    assert page.locator("article .post").count() == 25
    assert page.evaluate("window.moved") == 0
    assert complaints == []


def test_a_page_of_25_posts_is_light(opened, origin):
    """Everything but pictures, as it comes over the wire, for somebody who was never here."""
    page = opened("/nowhere", 390)
    page.context.clear_cookies()
    sizes: dict[str, int] = {}
    page.on(
        "requestfinished", lambda request: sizes.update({request.url: request.sizes()["responseBodySize"]})
    )
    page.goto(f"{origin}/thread/6001", wait_until="networkidle")
    kinds = [url for url in sizes if "/media/" not in url]
    assert {Path(url).suffix for url in kinds} >= {"", ".css", ".js", ".woff2"}
    assert 0 < sum(sizes[url] for url in kinds) < 50_000, sizes
