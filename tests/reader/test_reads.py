"""Who counts as a reader, and that what was counted arrives."""

import asyncio

import pytest

from reader.app import create_app
from reader.reads import is_reading
from tests.reader.conftest import Visitor
from tests.reader.fakes import FakeSaved, post, thread

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
BROWSER = {"user-agent": FIREFOX}


@pytest.mark.parametrize(
    ("method", "headers", "counts"),
    [
        ("GET", {}, True),
        ("GET", {"sec-fetch-dest": "document"}, True),
        ("HEAD", {}, False),
        ("GET", {"sec-purpose": "prefetch;prerender"}, False),
        ("GET", {"purpose": "prefetch"}, False),
        ("GET", {"sec-fetch-dest": "empty"}, False),
        ("GET", {"user-agent": "curl/8.5.0"}, False),
        ("GET", {"user-agent": ""}, False),
        ("GET", {"user-agent": f"{FIREFOX} Twitterbot/1.0"}, False),
        ("GET", {"user-agent": "Mozilla/5.0 (compatible; Yonder; +https://yonder.example)"}, False),
        ("GET", {"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"}, True),
    ],
)
def test_people_are_counted_and_programs_are_not(method, headers, counts):
    assert is_reading(method, BROWSER | headers) is counts


@pytest.fixture
def app(store, settings):
    store.threads.save(FakeSaved(thread(post(1, "One."), post(2, "Two."))))
    return create_app(store, settings)


def test_pages_are_counted_and_other_forms_are_not(app, store):
    site = Visitor(app)
    etag = site.get("/thread/1001", headers=BROWSER).headers["etag"]
    site.get("/thread/1001", headers=BROWSER | {"If-None-Match": etag})
    site.get("/thread/1001", headers={"user-agent": "curl/8.5.0"})
    for path in ("/thread/1002", "/thread/1001.json", "/thread/1001.md", "/thread/77", "/"):
        site.get(path, headers=BROWSER)
    app.state.site.tally.flush()
    assert dict(store.reads) == {1001: 2}


def test_what_was_counted_arrives_when_the_site_stops(app, store):
    async def one_visit() -> None:
        async with app.router.lifespan_context(app):
            await asyncio.to_thread(Visitor(app).get, "/thread/1001", headers=BROWSER)

    asyncio.run(one_visit())
    assert dict(store.reads) == {1001: 1}


def test_a_store_that_is_away_gets_it_later(app, store, monkeypatch):
    site, tally = Visitor(app), app.state.site.tally

    def away(*_, **__):
        raise OSError("away")

    with monkeypatch.context() as patch:
        patch.setattr(store.reads, "add", away)
        site.get("/thread/1001", headers=BROWSER)
        tally.flush()
    site.get("/thread/1001", headers=BROWSER)
    tally.flush()
    assert dict(store.reads) == {1001: 2}
