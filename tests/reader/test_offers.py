"""What stands below a thread: sharing, trying it, giving, following."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.settings import BadSettings, load
from reader.app import create_app
from tests.reader.conftest import Visitor
from tests.reader.fakes import MIRA, FakeSaved, post, renamed, thread
from tests.reader.parsing import Page, assert_sound


@pytest.fixture
def below(store, settings):
    """The page of a thread on a site with these settings."""

    def page(**chosen) -> Page:
        store.threads.save(FakeSaved(thread(post(1, "Waiting & seeing"), post(2, "More"))))
        page = Page(Visitor(create_app(store, replace(settings, **chosen))).get("/thread/1001").text)
        assert_sound(page)
        return page

    return page


def test_what_is_not_set_is_not_shown(below):
    page = below()
    assert "Try it yourself" in page.text
    assert "@unrollbot unroll" in page.text
    assert page.all("a", href="/help")
    for absent in ("Did this help you?", "Follow", "Practice", "PayPal", "member"):
        assert absent not in page.text


def test_all_that_is_set_is_shown(below, store, settings):
    chosen = {
        "practice_post_url": "https://x.com/unrollbot/status/5",
        "membership_url": "https://members.example/join",
        "membership_price": "$3 a month",
        "paypal_url": "https://paypal.example/unroll",
        "crypto_addresses": (("Bitcoin", "bc1qexample0000"), ("Coffeecoin", "beans:1234567")),
        "follow_links": (("Mastodon", "https://social.example/@unroll"),),
    }
    page = below(**chosen)
    for address in ("practice_post_url", "membership_url", "paypal_url"):
        assert page.all("a", href=chosen[address])
    assert page.all("a", href="https://social.example/@unroll")
    assert "Membership is $3 a month." in page.text
    assert page.all("input", value="bc1qexample0000")
    site = Visitor(create_app(store, replace(settings, **chosen)))
    codes = [site.get(image["src"]) for image in page.all("img") if "QR code" in image["alt"]]
    assert len({code.content for code in codes}) == 2
    assert {code.headers["content-type"] for code in codes} == {"image/svg+xml"}


def test_a_page_is_made_anew_when_an_offer_changes(store, settings):
    store.threads.save(FakeSaved(thread(post(1, "Words"))))
    etags = {
        Visitor(create_app(store, replace(settings, paypal_url=url))).get("/thread/1001").headers["etag"]
        for url in ("", "https://paypal.example/a", "https://paypal.example/b")
    }
    assert len(etags) == 3


def test_the_link_goes_to_x_and_into_a_mail_as_it_is(below):
    page = below()
    link = "https://reader.example/thread/1001"
    assert page.all("input", value=link)
    [on_x] = [a["href"] for a in page.all("a") if "intent/post" in a["href"]]
    assert parse_qs(urlsplit(on_x).query)["url"] == [link]
    assert parse_qs(urlsplit(on_x).query)["text"] == ["A thread by @mira_holt: 2 posts, 1 min read"]
    [mail] = [a["href"] for a in page.all("a") if a["href"].startswith("mailto:")]
    said = parse_qs(urlsplit(mail).query)
    assert said["subject"] == ["Waiting & seeing"]
    assert link in said["body"][0].splitlines()


def test_a_name_cannot_add_to_a_mail(store, settings):
    author = renamed(MIRA, "Mira&bcc=everybody@example.com\r\nX: y")
    store.threads.save(FakeSaved(thread(post(1, "A?b&c=d\r\ne"), post(2, "f"), author=author)))
    page = Page(Visitor(create_app(store, settings)).get("/thread/1001").text)
    [mail] = [a["href"] for a in page.all("a") if a["href"].startswith("mailto:")]
    assert set(parse_qs(urlsplit(mail).query)) == {"subject", "body"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CRYPTO_ADDRESSES", "bc1qexample0000"),
        ("CRYPTO_ADDRESSES", "Bitcoin=<script>"),
        ("FOLLOW_LINKS", "Mastodon=javascript:alert(1)"),
        ("PAYPAL_URL", "paypal.me/unroll"),
    ],
)
def test_a_wrong_offer_is_named_at_the_door(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings, match=f"^{name}: "):
        load()


def test_offers_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("CRYPTO_ADDRESSES", "Bitcoin=bc1qexample0000, Monero=4Aexample0000")
    monkeypatch.setenv("FOLLOW_LINKS", "X=https://x.com/unrollbot")
    settings = load()
    assert settings.crypto_addresses == (("Bitcoin", "bc1qexample0000"), ("Monero", "4Aexample0000"))
    assert settings.follow_links == (("X", "https://x.com/unrollbot"),)
