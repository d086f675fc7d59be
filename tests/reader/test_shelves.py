"""Lists over HTTP, with a real store behind them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import feedparser
import jsonschema
import pytest

from bot.domain import Author
from bot.rules.listing import Listing
from bot.store import Store, open_store
from reader import shelves
from reader.app import create_app
from tests.reader import json_feed
from tests.reader.conftest import Visitor
from tests.reader.fakes import MIRA, FakeSettings
from tests.reader.parsing import Page
from tests.reader.shelf_scene import NOW, Shelf, fill

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Filled once; each test works on a copy."""
    folder = tmp_path_factory.mktemp("scene")
    store = open_store(f"sqlite:///{folder}/shelf.db")
    shelf = fill(store, folder / "media")
    store.close()
    return folder / "shelf.db", shelf


@pytest.fixture
def store(scene, tmp_path):
    shutil.copy(scene[0], tmp_path / "shelf.db")
    store = open_store(f"sqlite:///{tmp_path}/shelf.db")
    yield store
    store.close()


@pytest.fixture
def add(scene, store, tmp_path) -> Callable[..., int]:
    return Shelf(store, tmp_path / "media", scene[1].numbers).add


@pytest.fixture
def build(store: Store, tmp_path) -> Callable[..., Visitor]:
    def make(*, later: timedelta = timedelta(0), **settings) -> Visitor:
        chosen = replace(FakeSettings(tmp_path / "media"), **settings)
        return Visitor(create_app(store, chosen, lambda: NOW + later))

    return make


@pytest.fixture
def site(build) -> Visitor:
    return build()


def threads(page: str) -> list[str]:
    """The addresses of the threads a page lists, in order."""
    found = [a["href"] for a in Page(page).all("a") if a.get("href", "").startswith("/thread/")]
    return list(dict.fromkeys(found))


def read_on(site: Visitor, path: str) -> list[str]:
    found, turns = [], 0
    while path and turns < 9:
        answer = site.get(path)
        assert answer.status_code == 200
        found += threads(answer.text)
        further = [a["href"] for a in Page(answer.text).all("a", rel="next")]
        path, turns = (further[0] if further else ""), turns + 1
    return found


def test_an_authors_page_has_all_their_threads_by_month(site):
    answer = site.get("/user/mira_holt")
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "Mira Holt" in answer.text
    assert "40 threads here" in answer.text
    assert "May 2026" in answer.text
    assert "April 2026" in answer.text
    found = read_on(site, "/user/mira_holt")
    assert len(found) == len(set(found)) == 40
    assert found == sorted(found, reverse=True)


def test_any_case_and_old_names_lead_to_the_page(site, store, add):
    assert site.get("/user/MIRA_Holt").headers["location"] == "/user/mira_holt"
    add(replace(MIRA, username="mira"), "Under a new name", "Some words.", days=0)
    assert site.get("/user/mira_holt").headers["location"] == "/user/mira"
    assert site.get("/user/mira_holt/feed.xml").headers["location"] == "/user/mira/feed.xml"
    assert site.get("/user/Mira_Holt?before=0-5").headers["location"] == "/user/mira?before=0-5"
    assert "41 threads here" in site.get("/user/mira").text


@pytest.mark.parametrize("name", ["nobody", "x" * 80, "<script>", "a%00b", "%F0%9F%A7%B5"])
@pytest.mark.parametrize("end", ["", "/feed.xml", "/feed.json"])
def test_who_is_not_here_is_a_friendly_404(site, name, end):
    answer = site.get(f"/user/{name}{end}")
    assert answer.status_code == 404
    assert "<script>" not in answer.text


def test_by_default_only_what_two_people_asked_for_is_listed_and_indexed(site, add):
    once = add(MIRA, "Asked for once", "A wallaby stands here.", days=0, askers=(50,), reads=99)
    twice = add(MIRA, "Asked for twice", "A wombat stands here.", days=0, askers=(50, 51), reads=98)
    for path in ("/", "/recent", "/popular", "/search?q=stands", "/sitemap.xml"):
        found = site.get(path).text
        assert f"/thread/{once}" not in found, path
        assert f"/thread/{twice}" in found, path
    for path in ("/user/mira_holt", "/user/mira_holt/feed.xml", "/user/mira_holt/feed.json"):
        assert f"/thread/{once}" in site.get(path).text, path
    first, second = site.get(f"/thread/{once}"), site.get(f"/thread/{twice}")
    assert (first.headers["x-robots-tag"], "x-robots-tag" in second.headers) == ("noindex", False)
    assert ('content="noindex"' in first.text, 'content="noindex"' in second.text) == (True, False)
    assert site.get(f"/thread/{twice}.json").headers["x-robots-tag"] == "noindex"


def test_a_page_is_indexed_from_the_moment_a_second_person_asks(site, store, scene, add):
    once = add(MIRA, "Asked for once", "Some words.", days=0, askers=(50,))
    etag = site.get(f"/thread/{once}").headers["etag"]
    scene[1].__class__(store, None, scene[1].numbers).ask(once, 51, at=NOW)
    answer = site.get(f"/thread/{once}", headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert "x-robots-tag" not in answer.headers


def test_an_operator_lists_everything_or_nothing(build, add):
    once = add(MIRA, "Asked for once", "A wallaby stands here.", days=0, askers=(50,))
    everything, nothing = build(listing="all"), build(listing="none")
    assert f"/thread/{once}" in everything.get("/recent").text
    assert "x-robots-tag" not in everything.get(f"/thread/{once}").headers
    for path in ("/", "/recent", "/popular", "/search?q=lamp", "/hashtag/fog", "/sitemap.xml"):
        assert threads(nothing.get(path).text) == [], path
    assert "keeps no lists" in nothing.get("/search?q=lamp").text
    assert len(threads(nothing.get("/user/mira_holt").text)) == 30


def test_unlisted_gone_and_unconfirmed_pages_are_nowhere(build, store, add):
    ids = [add(MIRA, f"Title {n}", "A wombat stands here.", days=0, reads=99) for n in range(2)]
    beside = add(MIRA, "Beside", "Something.", days=0.5)
    paths = (
        *("/", "/recent", "/popular", "/search?q=wombat", "/sitemap.xml", f"/thread/{beside}"),
        *("/user/mira_holt", "/user/mira_holt/feed.xml", "/user/mira_holt/feed.json", "/for/cleo"),
    )
    site = build()
    for path in paths:
        assert all(f"/thread/{i}" in site.get(path).text for i in ids), path
    store.pages.unlist(ids[0], now=NOW)
    store.threads.bury(ids[1], NOW)
    for path in paths:
        assert not any(f"/thread/{i}" in site.get(path).text for i in ids), path
    unlisted = site.get(f"/thread/{ids[0]}")
    assert (unlisted.status_code, unlisted.headers["x-robots-tag"]) == (200, "noindex")
    later = build(later=DAY)
    assert later.get("/user/mira_holt").status_code == 404
    assert threads(later.get("/recent").text) == []
    assert len(threads(build(later=DAY, hide_unconfirmed=False).get("/recent").text)) == 30


def test_more_from_the_author_is_shown_on_the_page_and_changes_with_what_they_have(site, store, add):
    newest = add(MIRA, "The newest", "Some words.", days=0)
    [second, third] = threads(site.get("/user/mira_holt").text)[1:3]
    answer = site.get(second)
    more = [one for one in threads(answer.text) if one.count("/") == 2 and "." not in one]
    assert more[0] == f"/thread/{newest}"
    assert third in more
    assert second not in more
    assert len(more) == 6
    assert "More from" in answer.text
    store.threads.bury(newest, NOW)
    again = site.get(second, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 200
    assert f"/thread/{newest}" not in again.text


def test_what_is_shown_beside_a_page_is_not_kept_longer_than_it_may_be(build, add):
    """Beside a page of today stands one that was confirmed yesterday: it is gone before its day is over."""
    old = add(
        Author(77, "eve", "Eve"), "Yesterday's", "Words.", days=2, at=NOW - timedelta(hours=21, minutes=30)
    )
    new = add(Author(77, "eve", "Eve"), "Today's", "Words.", days=1)
    now, soon = build(), build(later=timedelta(hours=1))
    first = now.get(f"/thread/{new}")
    assert f"/thread/{old}" in first.text
    second = soon.get(f"/thread/{new}", headers={"If-None-Match": first.headers["etag"]})
    assert second.status_code == 200
    assert f"/thread/{old}" not in second.text


def test_an_author_with_one_thread_has_no_more(site, add):
    only = add(Author(77, "eve", "Eve"), "The only one", "Words.", days=0)
    page = site.get(f"/thread/{only}").text
    assert "More from" not in page
    assert 'href="/user/eve/feed.xml"' in page


def test_a_search_shows_where_the_words_stand(site, add):
    add(MIRA, "A title of its own", f"{'Much is said before. ' * 30} Then the Crème Brûlée came.", days=0)
    page = site.get("/search?q=creme+brul").text
    assert "<mark>Crème</mark> <mark>Brûlée</mark>" in page
    assert len(threads(page)) == 1
    assert read_on(site, "/search?q=lamp") == sorted(read_on(site, "/search?q=lamp"), reverse=True)


@pytest.mark.parametrize(
    ("q", "says"),
    [
        ("", "any language"),
        ("%20%20", "any language"),
        ("%E2%80%A6", "no word"),
        ("x" * 201, "too long"),
        ("zzzz", "Fewer words"),
        ("%22)%20OR%20*:*%20NOT(%27", "Fewer words"),
        ("%00%ff", "no word"),
        ("%3Cscript%3Ealert(1)%3C/script%3E", "Fewer words"),
    ],
)
def test_a_search_for_nothing_sensible_says_so_in_one_line(site, q, says):
    answer = site.get(f"/search?q={q}")
    assert answer.status_code == 200
    assert says in answer.text
    assert "<script>alert" not in answer.text


def test_hashtags_in_any_letters(site):
    assert len(read_on(site, "/hashtag/FOG")) == 11
    assert threads(site.get("/hashtag/%D7%9E%D7%92%D7%93%D7%9C%D7%95%D7%A8").text)
    assert site.get("/search?q=%23fog").headers["location"] == "/hashtag/fog"
    nothing = site.get("/hashtag/nowhere")
    assert nothing.status_code == 404
    assert "No thread listed here has #nowhere" in nothing.text
    assert site.get("/hashtag/%20").status_code == 404


def test_popular_goes_by_what_was_read(site, store, add):
    one = add(MIRA, "Read by many", "Some words.", days=0)
    store.reads.add({one: 500}, today=NOW.date())
    assert threads(site.get("/popular").text)[0] == f"/thread/{one}"
    assert threads(site.get("/").text)[0] == f"/thread/{one}"
    store.reads.drop_old(today=NOW.date() + 8 * DAY)
    assert threads(site.get("/popular").text) == []


def test_what_somebody_asked_for_by_name_and_by_number(site, store):
    for path in ("/for/cleo", "/for/CLEO", "/for/50"):
        page = site.get(path).text
        assert len(threads(page)) == 29
        assert "In the queue, asked on 20 May 2026" in page
        assert "What @cleo asked for" in page
    assert len(read_on(site, "/for/cleo")) == 44
    assert site.get("/for/cleo").headers["x-robots-tag"] == "noindex"


def test_the_status_of_a_request_leads_to_all_that_its_asker_asked_for(site, store):
    asked, _, _ = store.cards.asked_by(51, Listing("all"), limit=1)
    assert 'href="/for/51"' in site.get(f"/status/{asked[0].job.mention_id}").text


@pytest.mark.parametrize("who", ["nobody", "someone", "99", "0", "9" * 30, "%3Cb%3E"])
def test_who_asked_for_nothing_or_is_not_to_be_shown(site, who):
    answer = site.get(f"/for/{who}")
    assert answer.status_code == 404
    assert "No requests of theirs are here" in answer.text


def test_who_opted_out_or_wants_no_answers_is_not_listed_as_an_asker(site, store):
    store.people.obey(50, "stop", now=NOW)
    assert site.get("/for/cleo").status_code == 404


@pytest.mark.parametrize("before", ["1-1", "x", "-5", "99999999999999999999-1", "0-0", "1-2-3", "%00"])
@pytest.mark.parametrize("path", ["/user/mira_holt", "/recent", "/popular", "/search?q=lamp", "/hashtag/fog"])
def test_wherever_a_list_is_said_to_go_on_it_answers(site, path, before):
    answer = site.get(f"{path}{'&' if '?' in path else '?'}before={before}")
    assert answer.status_code in {200, 303, 404}


@pytest.mark.parametrize("path", ["/recent", "/user/mira_holt", "/user/mira_holt/feed.xml", "/sitemap.xml"])
def test_lists_are_asked_for_again_and_sent_only_when_they_changed(site, path, add):
    first = site.get(path)
    assert "no-cache" in first.headers["cache-control"]
    again = site.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    add(MIRA, "Something new", "Words.", days=0)
    assert site.get(path, headers={"If-None-Match": first.headers["etag"]}).status_code == 200


def test_the_atom_feed_is_read_by_feedparser(site, add):
    newest = add(MIRA, "Lamps & <bells>", "Some words.", days=0, tags=("fog",))
    answer = site.get("/user/mira_holt/feed.xml")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    feed = feedparser.parse(answer.content)
    assert not feed.bozo
    assert feed.version == "atom10"
    assert feed.feed.title == "Threads by Mira Holt (@mira_holt)"
    assert {link.href for link in feed.feed.links} == {
        "https://reader.example/user/mira_holt",
        "https://reader.example/user/mira_holt/feed.xml",
    }
    assert len(feed.entries) == 30
    entry = feed.entries[0]
    assert entry.link == entry.id == f"https://reader.example/thread/{newest}"
    assert entry.title == "Lamps & <bells>"
    assert entry.summary.startswith("Some words.")
    assert "content" not in entry
    assert [tag.term for tag in entry.tags] == ["fog"]


def test_the_json_feed_fulfils_its_schema(site):
    answer = site.get("/user/mira_holt/feed.json")
    assert answer.headers["content-type"] == "application/feed+json"
    feed = json.loads(answer.content)
    jsonschema.validate(feed, json_feed.FEED, format_checker=jsonschema.FormatChecker())
    assert feed["feed_url"] == "https://reader.example/user/mira_holt/feed.json"
    assert feed["authors"][0]["url"] == "https://x.com/mira_holt"
    assert feed["authors"][0]["avatar"].startswith("https://reader.example/media/")
    assert len(feed["items"]) == 30
    assert feed["items"][0]["content_text"].count("My grandfather") < 3


def test_feeds_carry_the_whole_text_if_the_operator_says_so(build, add):
    add(MIRA, "Lamps <b>", "Some words & more.", days=0, posts=4)
    site = build(feed_full_text=True)
    feed = json.loads(site.get("/user/mira_holt/feed.json").content)
    jsonschema.validate(feed, json_feed.FEED, format_checker=jsonschema.FormatChecker())
    assert feed["items"][0]["content_text"].count("Some words & more.") == 4
    entry = feedparser.parse(site.get("/user/mira_holt/feed.xml").content).entries[0]
    assert entry.content[0].value.count("Some words &amp; more.") == 4
    assert "Lamps &lt;b&gt;" in entry.content[0].value


def test_robots_may_read_pages_and_find_the_map(site):
    robots = site.get("/robots.txt").text
    assert "Sitemap: https://reader.example/sitemap.xml" in robots
    assert "Disallow: /thread" not in robots
    found = site.get("/sitemap.xml")
    assert found.headers["content-type"].startswith("application/xml")
    assert found.text.count("<url>") == 1 + 36


def test_a_large_map_comes_in_parts(site, monkeypatch):
    def links(path: str) -> list[str]:
        return re.findall("<url><loc>(.*?)</loc>", site.get(path).text)

    whole = links("/sitemap.xml")
    monkeypatch.setattr(shelves, "IN_MAP_PART", 10)
    index = site.get("/sitemap.xml").text
    parts = re.findall(r"<sitemap><loc>https://reader\.example(/sitemap-\d+\.xml)</loc></sitemap>", index)
    assert len(parts) == 4
    assert [link for part in parts for link in links(part)] == whole
    assert site.get("/sitemap-1.xml").text.count("<url>") == 1 + 10
    for beyond in ("0", "5", "501", "9" * 30):
        assert site.get(f"/sitemap-{beyond}.xml").status_code == 404


def test_no_list_shows_what_a_name_or_a_text_would_do_to_it(site, add):
    evil = '"><script>alert(1)</script>'
    add(Author(78, "mallory", f"{evil}\u202e"), evil, f"{evil} \x07\u2028 words", days=0, reads=999)
    for path in ("/user/mallory", "/recent", "/popular", "/search?q=alert", "/user/mallory/feed.xml", "/"):
        answer = site.get(path)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text, path
        assert "\u202e" not in answer.text, path
    assert not feedparser.parse(site.get("/user/mallory/feed.xml").content).bozo
