"""Somebody at the site in Chromium, with the whole house behind it: asks, waits, reads, checks again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

import pypdf
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe

from bot.flows.export import make_exports
from reader.app import create_app
from reader.exports.making import Maker
from tests.conftest import House
from tests.reader.served import origin_of, running

pytestmark = pytest.mark.browser


@dataclass
class Place:
    """A house with its site on a port of its own."""

    house: House
    origin: str

    def bot_works(self) -> None:
        self.house.poll()
        self.house.work()

    def a_thread(self, posts: int = 3):
        texts = [f"Part {n}: the lamp is the easy part of it." for n in range(1, posts + 1)]
        return self.house.world.thread(self.house.author(), texts, ago=timedelta(hours=1))


@pytest.fixture
def open_place(build) -> Iterator[Callable[..., Place]]:
    with ExitStack() as stack:

        def opened(**settings) -> Place:
            house = build(**settings)
            house.poll()
            app = create_app(house.store, house.parts.settings, house.world.now)
            config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical")
            return Place(house, origin_of(stack.enter_context(running(config))))

        yield opened


@pytest.fixture
def place(open_place) -> Place:
    return open_place()


@pytest.fixture
def page_of(browser):
    contexts = []

    def opened(address: str, *, scripts: bool = True, **more):
        context = browser.new_context(java_script_enabled=scripts, **more)
        contexts.append(context)
        page = context.new_page()
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_link_is_pasted_and_the_thread_arrives_by_itself(place, page_of, scripts):
    posts = place.a_thread()
    page = page_of(place.origin, scripts=scripts)
    page.get_by_label("The link of any post").fill(f"https://x.com/ada/status/{posts[1].number}?s=20")
    page.get_by_role("button", name="Unroll").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Unrolling"
    place.bot_works()
    page.wait_for_url(f"{place.origin}/thread/{posts[0].number}")
    assert page.locator(".post").count() == 3


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_page_is_checked_again_and_leads_back_to_what_is_new(place, page_of, scripts):
    posts = place.a_thread()
    place.house.ask(posts[0])
    page = page_of(f"{place.origin}/thread/{posts[0].number}", scripts=scripts)
    place.house.world.post(place.house.author(), "Part 4: the late one of them.", reply_to=posts[-1])
    place.house.settle_index()
    page.get_by_role("button", name="Force a refresh").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Looking again"
    place.bot_works()
    page.wait_for_url(f"{place.origin}/thread/{posts[0].number}#checked")
    assert page.locator(".post").count() == 4


def test_all_of_it_by_keyboard_alone(place, page_of):
    posts = place.a_thread()
    page = page_of(place.origin)
    _tab_to(page, "#post")
    page.keyboard.type(str(posts[0].number))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{place.origin}/unroll/{posts[0].number}")
    place.bot_works()
    page.wait_for_url(f"{place.origin}/thread/{posts[0].number}")
    place.house.settle_index()
    _tab_to(page, ".again button")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{place.origin}/thread/{posts[0].number}/refresh")
    place.bot_works()
    page.wait_for_url(f"{place.origin}/thread/{posts[0].number}#checked")


def test_the_settings_are_reached_by_keyboard(place, page_of):
    page = page_of(place.origin)
    _tab_to(page, ".aa summary")
    page.keyboard.press("Enter")
    _tab_to(page, ".aa input[name=theme]")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_what_is_no_link_is_said_beside_the_field(place, page_of):
    page = page_of(place.origin)
    page.get_by_label("The link of any post").fill("https://evil.example/status/20")
    page.get_by_role("button", name="Unroll").click()
    field = page.get_by_label("The link of any post")
    assert field.input_value() == "https://evil.example/status/20"
    assert "x.com" in page.get_by_role("alert").inner_text()
    assert page.evaluate("document.activeElement.id") == "post"


def test_another_sites_form_is_turned_away(place, browser):
    """A page of another origin, in a real browser, with all the headers that one sends."""
    posts = place.a_thread()
    bait = (
        f'<form method="post" action="{place.origin}/unroll"><input name="post" value="{posts[0].number}">'
        "<button>Win a prize</button></form>"
    )
    page = browser.new_page()
    page.route("http://evil.example/", lambda route: route.fulfill(content_type="text/html", body=bait))
    page.goto("http://evil.example/")
    page.get_by_role("button").click()
    assert page.get_by_role("heading", level=1).inner_text() == "That was sent from another site"
    assert place.house.store.jobs.count_by_state() == {}
    page.context.close()


def test_a_link_is_copied_with_a_script_and_can_be_marked_without(place, page_of):
    posts = place.a_thread()
    place.house.ask(posts[0])
    address = f"{place.origin}/thread/{posts[0].number}"
    page = page_of(address, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("status").get_by_text("Copied").wait_for()
    link = page.get_by_label("The link to this page").input_value()
    assert page.evaluate("navigator.clipboard.readText()") == link
    assert link.endswith(f"/thread/{posts[0].number}")
    plain = page_of(address, scripts=False)
    assert plain.get_by_label("The link to this page").input_value() == link
    assert not plain.get_by_role("button", name="Copy link").is_visible()


def test_the_browsers_own_sharing_is_offered_where_there_is_one(place, browser):
    posts = place.a_thread()
    place.house.ask(posts[0])
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(
        "Object.defineProperty(navigator, 'share', {configurable: true, value: "
        "given => { window.given = given; return Promise.resolve() }})"
    )
    page.goto(f"{place.origin}/thread/{posts[0].number}")
    page.get_by_role("button", name="Share", exact=True).click()
    assert page.evaluate("window.given.url").endswith(f"/thread/{posts[0].number}")
    context.close()


OFFERS = {
    "practice_post_url": "https://x.com/unrollbot/status/5",
    "membership_url": "https://members.example/join",
    "membership_price": "$3 a month",
    "paypal_url": "https://paypal.example/unroll",
    "crypto_addresses": (("Bitcoin", "bc1qexample0000"),),
    "follow_links": (("Mastodon", "https://social.example/@unroll"),),
}


@pytest.mark.parametrize("theme", ["light", "dark", "sepia"])
def test_nobody_is_kept_out(open_place, browser, theme):
    """On every page and in every theme, axe finds nothing to complain about."""
    place = open_place(**OFFERS)
    posts = place.a_thread()
    place.house.ask(posts[0])
    waiting = place.house.world.thread(place.house.author("ben"), ["One of two.", "Two of two."])
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(f"localStorage.setItem('reading-theme', '{theme}')")
    page.goto(place.origin)
    page.get_by_label("The link of any post").fill(str(waiting[0].number))
    page.get_by_role("button", name="Unroll").click()
    mistake = page.evaluate(
        "fetch('/unroll', {method: 'POST', headers: {'content-type': 'application/x-www-form-urlencoded'}, "
        "body: 'post=x'}).then(answer => answer.status, () => 'blocked')"
    )
    assert mistake == "blocked", "no script of a page talks to anybody"
    page.route("**/unroll/*", _standing_still)
    page.route("**/*.pdf", _standing_still)
    page.goto(f"{place.origin}/thread/{posts[0].number}.pdf")
    export = place.house.store.exports.claim(now=place.house.world.now())
    place.house.store.exports.tell(export, "pictures", 2, 3)
    paths = ("/", f"/unroll/{waiting[0].number}", f"/thread/{posts[0].number}", "/help", "/privacy", "/terms")
    for path in (*paths, "/status/5", "/thread/20", f"/thread/{posts[0].number}.pdf"):
        page.goto(place.origin + path)
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        page.set_viewport_size({"width": 360, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        page.set_viewport_size({"width": 1200, "height": 900})
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
    context.close()


def _standing_still(route) -> None:
    """A page that waits, without leaving while it is looked at."""
    answer = route.fetch()
    route.fulfill(response=answer, headers={k: v for k, v in answer.headers.items() if k != "refresh"})


def _tab_to(page, selector: str, most: int = 80) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("sought => document.activeElement?.matches(sought)", selector):
            return
    pytest.fail(f"{selector} is not reached by keyboard")


@pytest.mark.parametrize("scripts", [True, False])
def test_somebody_takes_a_pdf_along(place, page_of, scripts):
    posts = place.a_thread()
    place.house.ask(posts[1])
    page = page_of(f"{place.origin}/thread/{posts[0].number}", scripts=scripts)
    page.get_by_role("link", name="PDF").click()
    page.get_by_role("heading", name="Your PDF is being made").wait_for()
    maker = Maker(place.house.parts.settings.public_url, lambda _: None)
    with page.expect_download() as coming:  # by itself, when it is there
        make_exports(place.house.parts, maker.make)
    assert coming.value.suggested_filename == f"thread-{posts[0].number}.pdf"
    page.get_by_role("heading", name="Your PDF is ready").wait_for()
    words = "\n".join(each.extract_text() for each in pypdf.PdfReader(coming.value.path()).pages)
    assert "Part 3: the lamp is the easy part of it." in " ".join(words.split())
    page.get_by_role("link", name="Back to the thread").click()
    page.get_by_role("link", name="View on X").first.wait_for()
