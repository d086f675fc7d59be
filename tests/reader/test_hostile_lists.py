"""Whatever people write, it stays text: in lists, feeds, search, what links show, and where one waits."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

import feedparser
import jsonschema
import pytest

from bot.domain import Author, Goal, Mention, Post, Request
from bot.store import open_store
from reader.app import create_app
from tests.reader import json_feed
from tests.reader.conftest import Visitor
from tests.reader.fakes import FakeSaved, post, thread
from tests.reader.parsing import Page, assert_sound
from tests.reader.test_hostile import HOSTILE, everything
from tests.reader.whole_site import Everything, keep

# No database takes NUL or one half of a pair of surrogates; what X sends is rid of them when it is decoded.
WORDS = [evil.encode("utf-8", "replace").decode().replace("\x00", "") for evil in HOSTILE]
PAGES = ("/recent", "/popular", "/search?q=words", "/", "/sitemap.xml")


def whose(number: int) -> str:
    return f"writer_{number}"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Each of the corpus as a thread that two people asked for, by somebody of that name."""
    folder, now = tmp_path_factory.mktemp("hostile"), datetime.now(UTC)
    store = open_store(f"sqlite:///{folder}/site.db")
    for number, evil in enumerate(WORDS):
        author = Author(900 + number, whose(number), evil, evil, evil)
        saved = everything(evil).thread
        words = [post(1, f"{evil}\n\nwords"), *(replace(one, author_id=author.id) for one in saved.posts[1:])]
        first = 10_000 * (number + 1)
        posts = tuple(
            replace(
                one,
                id=first + at,
                versions=(first + at,),
                author_id=author.id,
                conversation_id=first,
                quoted=None,
            )
            for at, one in enumerate(words)
        )
        keep(store, FakeSaved(replace(thread(*posts, author=author), conversation_id=first)), now)
        for asker in (1, 2):
            asked = Mention(Post(first + 100 + asker, asker, first, now, evil), {})
            store.people.obey(asker, "start", now=now, username=f"asker_{asker}")
            [recorded] = store.mentions.record([(asked, Request(Goal(first)))], now=now)
            job = store.jobs.claim(recorded.job_id, now=now, worker="scene")
            store.jobs.set_thread(job, first, now=now)
            store.jobs.finish(job, None, now=now)
        store.reads.add({first: 1}, today=now.date())
        waiting = store.jobs.add(Goal(first + 5000), now=now, from_site=True)
        store.jobs.give_up(
            store.jobs.claim(waiting, now=now, worker="scene"), evil or "?", now=now, refused=True
        )
    yield Visitor(create_app(store, Everything(folder)))
    store.close()


def paths() -> list[str]:
    firsts = [10_000 * (number + 1) for number in range(len(WORDS))]
    own = [f"/user/{whose(number)}" for number in range(len(WORDS))]
    return [
        *PAGES,
        *own,
        *(f"/search?q={quote(evil)}" for evil in WORDS),
        *(f"/hashtag/{quote(evil, safe='')}" for evil in WORDS if evil.strip()),
        *(f"/thread/{first}" for first in firsts),
        *(f"/unroll/{first + 5000}" for first in firsts),
        *(f"/status/{first + 101}" for first in firsts),
        *(f"/thread/{first}.pdf" for first in firsts),
        *(f"/user/{quote(evil, safe='')}" for evil in WORDS if evil.strip()),
        "/for/asker_1",
    ]


def test_nothing_breaks_out_of_any_page(place):
    seen = 0
    for path in paths():
        answer = place.get(path)
        assert answer.status_code < 500, (path, answer.status_code)
        assert "set-cookie" not in answer.headers
        if answer.headers.get("content-type", "").startswith("text/html"):
            page, seen = Page(answer.text), seen + 1
            assert_sound(page)
            assert not [meta for meta in page.all("meta") if meta.get("http-equiv")], path
            outside = {a["href"].split("/")[2] for a in page.all("a") if (a["href"] or "").startswith("http")}
            ours = {"x.com", "social.example", "members.example", "paypal.example", "evil.example", "[broken"}
            assert outside <= ours, (path, outside)
    assert seen > 5 * len(WORDS)
    assert "/thread/10000" in place.get("/recent").text, "the corpus is in the lists"


@pytest.mark.parametrize("number", range(len(WORDS)))
def test_feeds_stay_feeds(place, number):
    atom = place.get(f"/user/{whose(number)}/feed.xml")
    found = feedparser.parse(atom.content)
    assert not found.bozo
    [entry] = found.entries
    assert entry.link == f"https://reader.example/thread/{10_000 * (number + 1)}"
    assert entry.title_detail["type"] == "text/plain"
    assert not re.search(r"<[^p/]", entry.summary), "a reader of feeds takes the summary for HTML"
    told = place.get(f"/user/{whose(number)}/feed.json").json()
    jsonschema.validate(told, json_feed.FEED)


@pytest.mark.parametrize("number", range(len(WORDS)))
def test_what_a_link_shows_stays_data(place, number):
    first = 10_000 * (number + 1)
    told = place.get(f"/oembed?url=https://reader.example/thread/{first}").json()
    assert told["type"] == "link"
    assert told["author_url"] == f"https://reader.example/user/{whose(number)}"
    text = place.get(f"/thread/{first}").text
    [data] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    assert json.loads(data)["url"] == f"https://reader.example/thread/{first}"
    assert "<" not in data
