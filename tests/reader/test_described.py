"""What machines are told of a page: schema.org in its head, and oEmbed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from tests.reader.fakes import MIRA, NOON, FakeSaved, post, thread
from tests.reader.parsing import Page


class Data(HTMLParser):
    """The words of the page's data blocks, as a browser would hand them to a reader of JSON."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.blocks: list[str] = []
        self.inside = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.inside = tag == "script" and dict(attrs).get("type") == "application/ld+json"

    def handle_data(self, data):
        if self.inside:
            self.blocks.append(data)

    def handle_endtag(self, tag):
        self.inside = False


@pytest.fixture
def saved(store):
    kept = FakeSaved(thread(post(1, "Fog & patience", lang="en"), post(2, "Two"), author=MIRA))
    store.threads.save(kept)
    return kept


def test_the_head_says_whose_the_page_is_and_where_it_is_from(site, saved):
    [block] = Data(site.get("/thread/1001").text).blocks
    told = json.loads(block)
    assert told["@type"] == "SocialMediaPosting"
    assert told["headline"] == "Fog & patience"
    assert told["author"]["alternateName"] == f"@{MIRA.username}"
    assert told["isBasedOn"].endswith("/status/1001")
    assert told["inLanguage"] == "en"


def test_words_that_end_a_script_do_not_end_it(site, store):
    evil = "</script><img src=x onerror=alert(1)>"
    store.threads.save(FakeSaved(thread(post(1, evil), author=replace(MIRA, name=evil))))
    html = site.get("/thread/1001").text
    [block] = Data(html).blocks
    assert json.loads(block)["author"]["name"] == evil
    assert not Page(html).all("img", src="x")


def test_who_links_to_a_page_can_show_its_title_and_author(site, saved):
    [link] = Page(site.get("/thread/1001").text).all("link", type="application/json+oembed")
    answer = site.get(re.sub(r"^https?://[^/]+", "", link["href"]))
    told = answer.json()
    assert answer.headers["access-control-allow-origin"] == "*"
    assert (told["type"], told["version"], told["title"]) == ("link", "1.0", "Fog & patience")
    assert told["author_name"] == MIRA.name
    assert told["author_url"].endswith(f"/user/{MIRA.username}")


@pytest.mark.parametrize(
    "url", ["", "soup", "https://elsewhere.example/thread/1001", "{site}/thread/7", "{site}/thread/x"]
)
def test_what_is_no_page_of_ours_is_not_found(site, saved, url):
    [canonical] = Page(site.get("/thread/1001").text).all("link", rel="canonical")
    public = canonical["href"].removesuffix("/thread/1001")
    assert site.get("/oembed", params={"url": url.format(site=public)}).status_code == 404


def test_another_format_is_not_spoken(site, saved):
    assert site.get("/oembed", params={"url": "x", "format": "xml"}).status_code == 501


def test_a_page_that_is_gone_is_not_told_of(site, store, saved):
    [link] = Page(site.get("/thread/1001").text).all("link", type="application/json+oembed")
    store.threads.save(replace(saved, gone=True))
    assert site.get(re.sub(r"^https?://[^/]+", "", link["href"])).status_code == 404


def test_a_page_that_x_has_not_confirmed_is_not_told_of(site, store, saved, monkeypatch):
    [link] = Page(site.get("/thread/1001").text).all("link", type="application/json+oembed")
    late = replace(store.threads.stamp(1001), confirmed_at=NOON - timedelta(days=30))
    monkeypatch.setattr(store.threads, "stamp", lambda _number: late)
    assert site.get(re.sub(r"^https?://[^/]+", "", link["href"])).status_code == 404
