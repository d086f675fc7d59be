"""Pictures in Chromium, on a page that the bot itself made: the right copy, no jump, nobody else asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import uvicorn

from reader.app import create_app
from tests.reader.served import origin_of, running
from tests.reader.test_films import filmed

pytestmark = pytest.mark.browser

WATCH_JUMPS = """
window.jumps = [];
new PerformanceObserver(list => window.jumps.push(...list.getEntries().map(each => each.value)))
    .observe({type: "layout-shift", buffered: true});
"""
SCROLL = """
async () => {
    for (let y = 0; y < document.body.scrollHeight; y += 300) {
        scrollTo(0, y);
        await new Promise(done => setTimeout(done, 30));
    }
    const shown = document.querySelectorAll("main article img:not(.lb img)");
    await Promise.all([...shown].map(each => each.decode()));
}
"""


PLAY = """
each => new Promise(done => {
    each.addEventListener("timeupdate", () => each.currentTime > 0.1 && done());
    each.muted = true;
    each.play();
})
"""


@contextmanager
def served(app) -> Iterator[str]:
    """On a port of its own, until the test is done."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=5
    )
    with running(config) as server:
        yield origin_of(server)


def in_pieces(app, *cuts: bytes):
    """The same site on a slow line: each of its thread pages comes to a halt before every cut."""

    async def slow(scope, receive, send):
        async def sent(message):
            for cut in cuts if message["type"] == "http.response.body" else ():
                piece, _, rest = message["body"].partition(cut)
                await send({**message, "body": piece, "more_body": True})
                await asyncio.sleep(0.4)
                message = {**message, "body": cut + rest}
            await send(message)

        page = scope["path"].startswith("/thread/")
        plain = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}
        await app(plain, receive, sent if page else send)

    return slow


def test_each_screen_loads_its_own_copy_and_nothing_jumps(house, world, browser):
    texts = [
        {"text": "Wide.", "media": ["lighthouse-2000x1200.jpg"]},
        {"text": "Tall.", "media": ["bridge-900x2400.jpg"]},
        {"text": "Two of them.", "media": ["hills-1600x1200.jpg", "chart-1600x900.png"]},
        "The end.",
    ]
    root = world.thread(world.author("ada"), texts, ago=timedelta(hours=2))[0]
    house.ask(root)
    house.illustrate(root.number)
    pictures = house.store.threads.find(root.number).pictures
    wide = {copy.width: copy.name for copy in _named(pictures, "lighthouse").copies}
    assert sorted(wide) == [160, 400, 800, 1200, 1600]
    with served(create_app(house.store, house.parts.settings, world.now)) as origin:
        for width, density, chosen in ((390, 1, 400), (390, 3, 1200), (1200, 1, 800), (1200, 2, 1200)):
            context = browser.new_context(
                viewport={"width": width, "height": 800}, device_scale_factor=density
            )
            page = context.new_page()
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.route("**/media/*", lambda route: (time.sleep(0.1), route.continue_()))
            page.add_init_script(WATCH_JUMPS)
            page.goto(f"{origin}/thread/{root.number}")
            page.evaluate(SCROLL)
            first = page.locator("#p1 .zoom img")
            assert first.evaluate("each => each.currentSrc") == f"{origin}/media/{wide[chosen]}"
            assert page.evaluate("window.jumps") == [], (width, density)
            assert {url.split("/", 3)[2] for url in asked} == {origin.split("/")[2]}
            assert not any(kept.sha256 in url for kept in pictures.values() if kept.copies for url in asked)
            tall = page.locator("#p2 .zoom img").bounding_box()
            assert tall["height"] <= 705
            assert abs(tall["width"] / tall["height"] - 900 / 2400) < 0.01
            context.close()


def test_who_clicks_sees_the_original_without_a_script(house, world, browser):
    root = world.thread(
        world.author("ada"),
        [{"text": "Wide.", "media": ["lighthouse-2000x1200.jpg"]}, "End."],
        ago=timedelta(hours=2),
    )[0]
    house.ask(root)
    house.illustrate(root.number)
    original = _named(house.store.threads.find(root.number).pictures, "lighthouse")
    with served(create_app(house.store, house.parts.settings, world.now)) as origin:
        context = browser.new_context(java_script_enabled=False, viewport={"width": 1200, "height": 800})
        page = context.new_page()
        page.goto(f"{origin}/thread/{root.number}")
        page.locator("#p1 .zoom").click()
        assert page.locator(".lb img").is_visible()
        assert page.locator(".lb img").get_attribute("src") == f"/media/{original.copies[-1].name}"
        with page.expect_navigation() as answer:
            page.get_by_role("link", name="Original").click()
        assert (answer.value.status, answer.value.headers["content-type"]) == (200, "image/jpeg")
        page.go_back()
        page.locator("#p1 .zoom").click()
        page.get_by_role("button", name="Close").click()
        assert not page.locator(".lb img").is_visible()
        context.close()


def test_a_video_plays_from_our_own_copy_once_it_is_started(house, world, browser):
    root = filmed(house, world)
    with served(create_app(house.store, house.parts.settings, world.now)) as origin:
        context = browser.new_context(viewport={"width": 390, "height": 800})
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.add_init_script(WATCH_JUMPS)
        page.goto(f"{origin}/thread/{root.number}")
        page.evaluate(SCROLL)
        video = page.locator("#p1 video")
        src = origin + video.get_attribute("src")
        assert src not in asked, "nothing is loaded before it is wanted"
        assert video.get_attribute("aria-label") == "Gears of a clock"
        assert origin + video.get_attribute("poster") in asked
        box = video.bounding_box()
        assert abs(box["width"] / box["height"] - 1280 / 720) < 0.01
        video.evaluate(PLAY)
        assert src in asked
        assert page.evaluate("window.jumps") == []
        assert {url.split("/", 3)[2] for url in asked} == {origin.split("/")[2]}
        context.close()


def test_nothing_jumps_while_a_post_is_still_on_its_way(house, world, browser):
    root = filmed(house, world)
    app = create_app(house.store, house.parts.settings, world.now)
    with served(in_pieces(app, b"<figcaption", b"</section>")) as origin:
        for width in (390, 1200):
            context = browser.new_context(viewport={"width": width, "height": 800})
            page = context.new_page()
            page.add_init_script(WATCH_JUMPS)
            page.goto(f"{origin}/thread/{root.number}")
            assert page.locator("#p1 .mk").count() == 1
            assert page.evaluate("window.jumps") == []
            context.close()


def _named(pictures, word):
    return next(picture for url, picture in pictures.items() if word in url)
