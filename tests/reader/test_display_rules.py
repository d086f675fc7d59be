"""X's display requirements, one by one, over the rendered page (docs.x.com, Display requirements)."""

from __future__ import annotations

import html
import re

import pytest

from bot.domain import Quote
from reader.app import create_app
from tests.reader import scenes
from tests.reader.conftest import Visitor
from tests.reader.fakes import (
    MIRA,
    FakePicture,
    FakeSaved,
    FakeSettings,
    link,
    paint,
    photo,
    post,
    tagged,
    thread,
)
from tests.reader.parsing import Page, assert_sound

WORDS = "Ask @harbour_desk, see #lighthouses and $LAMP: https://t.co/prism1\n  Two  spaces & a <b>sign</b>"
PROFILE = "https://x.com/mira_holt"


@pytest.fixture
def opened(site, store, tmp_path):
    """A thread with everything that a rule speaks of."""
    face = paint(tmp_path / "media", 96, 96, 20)
    quoted = post(9, "Words of somebody else", id=900, author_id=scenes.TOMAS.id, versions=(900,))
    escaped = html.escape(WORDS, quote=False)
    first = post(
        1,
        escaped,
        entities=(
            tagged("mention", escaped, "@harbour_desk"),
            tagged("hashtag", escaped, "#lighthouses"),
            tagged("cashtag", escaped, "$LAMP"),
            link(
                escaped,
                "https://t.co/prism1",
                "https://museum.example/a/long/way",
                "museum.example/a/lo\u2026",
            ),
        ),
    )
    second = post(2, "Second", versions=(1002, 1003), quoted=900, media=(photo("tower", "A tower"),))
    saved = FakeSaved(
        thread(first, second, quotes=(Quote(quoted, scenes.TOMAS),)),
        pictures={MIRA.avatar_url: face, second.media[0].url: FakePicture("e" * 64)},
    )
    store.threads.save(saved)
    return site.get("/thread/1001").text


def article(page: str) -> str:
    return page[page.index("<article") : page.index("</article>")]


def links(page: str) -> dict[str, list[str]]:
    """Every link of the article: its address and what stands in it, tags and all."""
    found: dict[str, list[str]] = {}
    for address, inside in re.findall(r'<a [^>]*?href="([^"]+)"[^>]*>(.*?)</a>', article(page), re.DOTALL):
        found.setdefault(address, []).append(inside)
    return found


def test_name_username_and_picture_lead_to_the_profile(opened):
    inside = "".join(links(opened)[PROFILE])
    assert "Mira Holt" in inside
    assert "@mira_holt" in inside
    assert '<img class="av"' in inside


def test_so_they_do_in_a_quote(opened):
    inside = "".join(links(opened)["https://x.com/tomas_lindqvist"])
    assert "Tomas Lindqvist" in inside
    assert "@tomas_lindqvist" in inside
    assert 'class="av"' in inside


@pytest.mark.parametrize("address", [f"{PROFILE}/status/1001", f"{PROFILE}/status/1002"])
def test_the_time_leads_to_the_post_with_view_on_x_beside_it(opened, address):
    [own] = [inside for inside in links(opened)[address] if 'class="t"' in inside]
    assert "<time" in own
    assert "View on X" in own
    assert 'href="#xl"' in own


def test_the_threads_own_time_leads_to_its_first_post(opened):
    header = opened[opened.index('<header class="by"') : opened.index("</header>", opened.index('"by"'))]
    assert re.search(rf'<a href="{PROFILE}/status/1001"[^>]*><time', header)
    assert "View on X" in header


def test_the_time_of_a_quote_leads_to_it(opened):
    [inside] = links(opened)["https://x.com/tomas_lindqvist/status/900"]
    assert "<time" in inside
    assert "View on X" in inside


def test_the_text_is_not_altered(opened):
    body = re.search(r'id="p1".*?</section>', opened, re.DOTALL)[0]
    lines = [Page(each).text for each in re.split(r"</h1>|<br>|</p>", body)]
    said = " ".join(" ".join(lines).split())
    wanted = WORDS.replace("https://t.co/prism1", "museum.example/a/lo\u2026")
    assert " ".join(wanted.split()) in said


def test_links_show_their_display_address_and_go_by_t_co(opened):
    assert links(opened)["https://t.co/prism1"] == ["museum.example/a/lo\u2026"]
    assert "https://museum.example/a/long/way" not in links(opened)


def test_mentions_hashtags_and_cashtags_lead_to_x(opened):
    found = {inside: address for address, many in links(opened).items() for inside in many}
    for words in ("@harbour_desk", "#lighthouses", "$LAMP"):
        assert found[words].startswith("https://x.com/"), words


def test_an_edited_post_says_so_and_no_other(opened):
    first, second = (re.search(rf'id="p{n}".*?</section>', opened, re.DOTALL)[0] for n in (1, 2))
    assert 'class="ed">edited' in second
    assert "edited" not in first


def test_the_logo_of_x_is_there_to_be_seen(opened):
    page = Page(opened)
    assert page.all("symbol", id="xl")
    assert len(page.all("use", href="#xl")) >= 4


def test_nothing_is_framed_and_nothing_hangs_on_a_single_post(opened):
    page = Page(opened)
    assert not page.all("iframe")
    assert "<form" not in article(opened)
    for word in ("Like", "Repost", "Comment", "Follow", "Subscribe", "Share"):
        assert not re.search(rf">\s*{word}\b", article(opened)), word


def test_of_right_to_left_text_the_picture_stands_on_the_right(site, store):
    saved = scenes.hebrew()
    store.threads.save(saved)
    page = site.get(f"/thread/{saved.thread.id}").text
    assert '<article dir="rtl">' in page
    header = article(page)[: article(page).index("</header>")]
    assert header.index('class="pic"') < header.index('class="name"')
    sheet = site.get(Page(page).all("link", rel="stylesheet")[0]["href"]).text
    rules = "".join(re.findall(r"\.(?:by|pic|name)\b[^{]*\{[^}]*\}", sheet))
    assert not re.search(r"(?:^|[^-\w])(?:left|right|float|direction)\s*:", rules)


def test_the_site_says_what_it_keeps_and_that_nobody_has_named_themself(site):
    for path in ("/privacy", "/terms"):
        page = site.get(path)
        assert page.status_code == 200
        assert "OPERATOR_NAME is not set" in page.text
        assert "OPERATOR_CONTACT is not set" in page.text
    assert "within 24 hours" in site.get("/privacy").text
    front = Page(site.get("/").text)
    assert front.all("a", href="/privacy")
    assert front.all("a", href="/terms")


@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        ("mail@operator.example", 'href="mailto:mail@operator.example"'),
        ("the harbour office", ">Or write to the harbour office."),
        ("https://operator.example/me", 'href="h'),
    ],
)
def test_the_operator_is_named_with_an_address(store, tmp_path, contact, shown):
    settings = FakeSettings(tmp_path, operator_name="Nora <Lamp>", operator_contact=contact)
    site = Visitor(create_app(store, settings))
    for path in ("/privacy", "/terms"):
        page = site.get(path).text
        assert_sound(Page(page))
        assert "Nora &lt;Lamp&gt;." in page
        assert "not set" not in page
        assert contact in page
        assert shown in page
