"""A page that many read: looked up once a second, rendered once for all processes, packed once; and the short
way to it says what the long way says, whatever else happens on the connection.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Event
from types import SimpleNamespace

import pytest

from bot.metrics import PAGES
from reader import ready
from reader.app import create_app
from reader.packing import takes_packed
from tests.reader.conftest import Visitor
from tests.reader.fakes import FakeSaved, post, thread
from tests.reader.served import Served, served
from tests.waiting import until

PLAIN = {"accept-encoding": "identity"}


@pytest.fixture
def saved(store) -> FakeSaved:
    return store.threads.save(FakeSaved(thread(post(1, "Words of a page. " * 9), post(2, "More"))))


@pytest.fixture
def clock(monkeypatch) -> SimpleNamespace:
    """The monotonic clock, in seconds; a test moves it."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(ready, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def busy(store, settings, saved, clock) -> Iterator[Served]:
    """A site as `unroll web` serves it, whose pages have been rendered."""
    with served(create_app(store, settings, lasts=timedelta(seconds=1))) as site:
        assert site.get("/thread/1001").status_code == 200
        yield site


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


def test_a_page_is_looked_up_once_a_second(busy, store, clock, monkeypatch):
    looks = []
    look = store.prints.find
    monkeypatch.setattr(store.prints, "find", lambda numbers: looks.append(numbers) or look(numbers))
    for _ in range(5):
        assert busy.get("/thread/1001").status_code == 200
    assert looks == [(1001,)]
    clock.now += 1.0
    etag = busy.get("/thread/1001").headers["etag"]
    assert busy.get("/thread/1001", headers={"if-none-match": etag}).status_code == 304
    assert looks == [(1001,), (1001,)]


def test_pages_asked_for_meanwhile_are_looked_up_together_and_each_once(busy, store, clock, monkeypatch):
    """One lookup stands still until four more have been asked for, two of them for the same page."""
    for start in (1, 2, 3):
        store.threads.save(FakeSaved(thread(post(start * 100, "Page"), post(start * 100 + 1, "More"))))
        assert busy.get(f"/thread/{1000 + start * 100}").status_code == 200
    clock.now += 1.0
    monkeypatch.setattr(ready, "PATIENCE_SECONDS", 60)
    looks, go_on, look = [], Event(), store.prints.find

    def find(numbers):
        looks.append(sorted(numbers))
        assert go_on.wait(20)
        return look(numbers)

    monkeypatch.setattr(store.prints, "find", find)
    with ThreadPoolExecutor(5) as visitors:
        first = visitors.submit(busy.get, "/thread/1001")
        until(lambda: looks)
        others = [visitors.submit(busy.get, f"/thread/{number}") for number in (1100, 1200, 1300, 1300)]
        until(lambda: sum(map(len, busy.answers._asked.values())) == 4)
        go_on.set()
        assert [each.result().status_code for each in (first, *others)] == [200] * 5
    assert looks == [[1001], [1100, 1200, 1300]]


def test_while_one_page_is_looked_up_for_long_others_are_not_kept_waiting(busy, store, clock, monkeypatch):
    store.threads.save(FakeSaved(thread(post(100, "Page"))))
    assert busy.get("/thread/1100").status_code == 200
    clock.now += 1.0
    go_on, look = Event(), store.prints.find
    monkeypatch.setattr(ready, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(store.prints, "find", lambda n: (1001 not in n or go_on.wait(20)) and look(n))
    with ThreadPoolExecutor(1) as visitors:
        slow = visitors.submit(busy.get, "/thread/1001")
        until(lambda: busy.answers._looking)
        assert busy.get("/thread/1100").status_code == 200
        assert not slow.done()
        go_on.set()
        assert slow.result().status_code == 200


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
        patch.setattr(store.prints, "find", lambda numbers: 1 / 0)
        patch.setattr(store.threads, "stamp", lambda number: 1 / 0)
        assert busy.get("/thread/1001").status_code == 500
    assert busy.get("/thread/1001").status_code == 200


def test_reads_and_answers_are_counted_on_either_way(busy, store):
    browser = {"user-agent": "Mozilla/5.0 (X11)"}
    before = PAGES.labels("/thread/{post}", "200")._value.get()
    for headers in (browser, browser, browser | {"connection": "close"}, {"user-agent": "a bot"}):
        assert busy.get("/thread/1001", headers=headers).status_code == 200
    assert busy.tally._counts[1001] == 3
    assert PAGES.labels("/thread/{post}", "200")._value.get() == before + 4


def test_what_one_process_rendered_the_next_need_not(busy, store, settings):
    page = busy.get("/thread/1001").text
    busy.app.state.site.rack.flush()
    rendered = store.threads.finds
    with served(create_app(store, settings)) as second:
        assert second.get("/thread/1001").text == page
    assert store.threads.finds == rendered
    assert gzip.decompress(store.prints.kept[1001][1]).decode() == page


def test_what_was_rendered_for_another_look_is_rendered_again(busy, store, settings):
    busy.app.state.site.rack.flush()
    with served(create_app(store, replace(settings, membership_url="https://m.example"))) as second:
        assert "https://m.example" in second.get("/thread/1001").text


def test_a_store_that_takes_no_page_keeps_nobody_from_reading(store, settings, saved, monkeypatch):
    app = create_app(store, settings)
    monkeypatch.setattr(store.prints, "keep", lambda pages: 1 / 0)
    Visitor(app).get("/thread/1001")
    app.state.site.rack.flush()
    assert Visitor(app).get("/thread/1001").status_code == 200
