"""A page that many read: looked up once a second, rendered once for all processes, packed once."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from reader import quick
from reader.app import create_app
from reader.packing import takes_packed
from tests.reader.conftest import Visitor
from tests.reader.fakes import FakeSaved, post, thread

PLAIN = {"accept-encoding": "identity"}


@pytest.fixture
def saved(store) -> FakeSaved:
    return store.threads.save(FakeSaved(thread(post(1, "Words of a page. " * 9), post(2, "More"))))


@pytest.fixture
def clock(monkeypatch) -> SimpleNamespace:
    """The monotonic clock, in seconds; a test moves it."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(quick, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def busy(store, settings, saved) -> Visitor:
    """A site as `unroll web` serves it."""
    return Visitor(create_app(store, settings, lasts=timedelta(seconds=1)))


def test_a_page_is_packed_for_those_who_take_that(site, saved):
    packed = site.get("/thread/1001", headers={"accept-encoding": "gzip, br"})
    plain = site.get("/thread/1001", headers=PLAIN)
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.text == plain.text
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert packed.headers["etag"] == plain.headers["etag"]


@pytest.mark.parametrize("suffix", [".json", ".md", ".txt"])
def test_so_are_the_other_forms(site, saved, suffix):
    packed = site.get(f"/thread/1001{suffix}", headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == site.get(f"/thread/1001{suffix}", headers=PLAIN).text


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("deflate, gzip ; q=1.0", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("xgzip", False),
    ],
)
def test_who_takes_what(accepted, takes):
    assert takes_packed(accepted) is takes


def test_the_short_way_says_what_the_long_way_says(site, saved):
    short, long = site.get("/thread/1001"), site.head("/thread/1001")
    assert dict(short.headers) == dict(long.headers)


def test_a_page_is_looked_up_once_a_second(busy, store, clock, monkeypatch):
    looks = []
    look = store.prints.find
    monkeypatch.setattr(store.prints, "find", lambda number: looks.append(number) or look(number))
    for _ in range(5):
        assert busy.get("/thread/1001").status_code == 200
    assert len(looks) == 1
    clock.now += 1.0
    etag = busy.get("/thread/1001").headers["etag"]
    assert busy.get("/thread/1001", headers={"if-none-match": etag}).status_code == 304
    assert len(looks) == 2


def test_a_page_that_goes_is_gone_a_second_later(busy, store, saved, clock):
    assert busy.get("/thread/1001").status_code == 200
    store.threads.save(replace(saved, gone=True))
    clock.now += 1.0
    answer = busy.get("/thread/1001")
    assert answer.status_code == 410
    assert "Words of a page" not in answer.text


def test_a_store_that_is_away_does_not_take_a_page_for_gone(busy, store, clock, monkeypatch):
    assert busy.get("/thread/1001").status_code == 200
    clock.now += 1.0
    with monkeypatch.context() as patch:
        patch.setattr(store.prints, "find", lambda number: 1 / 0)
        patch.setattr(store.threads, "stamp", lambda number: 1 / 0)
        assert busy.get("/thread/1001").status_code == 500
    assert busy.get("/thread/1001").status_code == 200


def test_what_one_process_rendered_the_next_need_not(store, settings, saved):
    first, second = create_app(store, settings), create_app(store, settings)
    page = Visitor(first).get("/thread/1001").text
    first.state.site.rack.flush()
    rendered = store.threads.finds
    assert Visitor(second).get("/thread/1001").text == page
    assert store.threads.finds == rendered
    assert gzip.decompress(store.prints.kept[1001][1]).decode() == page


def test_what_was_rendered_for_another_look_is_rendered_again(store, settings, saved):
    first, second = (
        create_app(store, settings),
        create_app(store, replace(settings, membership_url="https://m.example")),
    )
    Visitor(first).get("/thread/1001")
    first.state.site.rack.flush()
    assert "https://m.example" in Visitor(second).get("/thread/1001").text


def test_a_store_that_takes_no_page_keeps_nobody_from_reading(store, settings, saved, monkeypatch):
    app = create_app(store, settings)
    monkeypatch.setattr(store.prints, "keep", lambda pages: 1 / 0)
    Visitor(app).get("/thread/1001")
    app.state.site.rack.flush()
    assert Visitor(app).get("/thread/1001").status_code == 200
