"""The site around the threads: headers, health, files, requests."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from bot.domain import CommandKind, GapReason
from bot.errors import DatabaseAway
from reader import assets, reasons
from reader.app import create_app
from reader.shelf import Shelf
from tests.reader.conftest import Visitor
from tests.reader.fakes import (
    NOON,
    FakeJob,
    FakeMention,
    FakePicture,
    FakeSaved,
    keep,
    paint,
    photo,
    post,
    thread,
)
from tests.reader.parsing import Page, assert_sound

POLICY = (
    "default-src 'none'; script-src 'self'; img-src 'self'; style-src 'self'; font-src 'self'; "
    "media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

FILE_OF_OURS = r' src="/static/[0-9a-f]+/[a-z]+\.js"(?: defer)?></script>'
ONLY_DATA = r' type="application/ld\+json">'  # which no browser runs

GUARDS = {
    "content-security-policy",
    "referrer-policy",
    "x-content-type-options",
    "x-frame-options",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "strict-transport-security",
}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/thread/1001",
        "/thread/1001.json",
        "/thread/1002",
        "/thread/5",
        "/status/1",
        "/media/x",
        "/healthz",
        "/readyz",
        "/static/0/site.css",
        "/nowhere",
        "/broken",
    ],
)
def test_every_answer_is_guarded(site, store, path):
    store.threads.save(FakeSaved(thread(post(1, "Words"), post(2, "More"))))
    headers = site.get(path).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "set-cookie" not in headers
    if path.startswith(("/thread", "/status", "/media")):
        assert headers["x-robots-tag"] == "noindex"


def test_an_error_of_ours_is_said_plainly_and_guarded(site, store, monkeypatch):
    monkeypatch.setattr(store.threads, "stamp", lambda number: 1 / 0)
    answer = site.get("/thread/1001")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.text
    assert "division" not in answer.text
    assert answer.headers["content-security-policy"] == POLICY


def test_pages_are_for_reading_only(site):
    answer = site.request("POST", "/thread/1001")
    assert answer.status_code == 405
    assert answer.headers["allow"]
    assert_sound(Page(answer.text))


def test_no_page_has_a_script_or_a_style_written_into_it(site, store):
    store.threads.save(FakeSaved(thread(post(1, "Words"))))
    for path in ("/", "/thread/1001", "/status/1", "/nowhere"):
        text = site.get(path).text
        assert not re.search(rf"<script(?!{FILE_OF_OURS}|{ONLY_DATA})", text)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", text)


def test_transport_is_strict_where_it_is_encrypted(store, settings):
    strict = "strict-transport-security"
    assert Visitor(create_app(store, settings)).get("/").headers[strict] == "max-age=31536000"
    plain = replace(settings, public_url="http://127.0.0.1:8000")
    assert strict not in Visitor(create_app(store, plain)).get("/").headers


def test_an_errors_page_is_guarded_like_the_others(site, store, monkeypatch):
    monkeypatch.setattr(store.threads, "stamp", lambda number: 1 / 0)
    guards = {name: value for name, value in site.get("/").headers.items() if name in GUARDS}
    assert len(guards) == len(GUARDS)
    assert guards.items() <= dict(site.get("/thread/1001").headers).items()


def test_health_needs_no_store(site, store):
    store.error = OSError("no")
    answer = site.get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["version"]


def test_readiness_is_the_stores(site, store):
    assert site.get("/readyz").json() == {"status": "ok"}
    store.error = OSError("postgresql://me:secret@db")
    answer = site.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "reason": "the store does not answer: OSError"}


def test_the_front_page_says_what_to_do(site):
    answer = site.get("/")
    page = Page(answer.text)
    assert_sound(page)
    assert "@unrollbot unroll" in page.text
    assert "belong to the people who wrote and made them" in page.text
    assert "x-robots-tag" not in answer.headers


def test_own_files_are_kept_for_good_under_their_hash(site):
    page = Page(site.get("/").text)
    style = page.all("link", rel="stylesheet")[0]["href"]
    answer = site.get(style)
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    font = page.all("link", rel="preload")[0]["href"]
    assert f"url({font})" in answer.text
    assert site.get(font).headers["content-type"] == "font/woff2"
    assert site.get(page.all("link", rel="icon")[0]["href"]).headers["content-type"] == "image/svg+xml"
    old = site.get("/static/000000000000/site.css")
    assert (old.status_code, old.headers["cache-control"]) == (200, "no-cache")
    assert site.get("/static/0/../site.py").status_code == 404
    assert "SIL OPEN FONT LICENSE" in site.get("/static/0/source-serif-4-LICENCE.txt").text


def test_a_stored_picture_is_sent_as_what_it_is(site, settings):
    picture = paint(settings.media_dir, 32, 24, 10)
    answer = site.get(f"/media/{picture.sha256}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.content.startswith(b"\xff\xd8")


def test_a_stored_file_that_is_no_picture_is_never_shown(site, settings):
    file = keep(settings.media_dir, b"<html><script>alert(1)</script>", "image/png")
    answer = site.get(f"/media/{file.sha256}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment"


@pytest.mark.parametrize("name", ["a" * 64, "A" * 64, "a" * 63, "a" * 65, "..%2f..%2fetc%2fpasswd", "g" * 64])
def test_other_names_are_no_pictures(site, settings, name):
    (settings.media_dir).mkdir(parents=True)
    assert site.get(f"/media/{name}").status_code == 404


def test_a_request_that_is_done_leads_to_its_thread(site, store):
    store.jobs[7] = FakeJob("done", thread_id=1001)
    answer = site.get("/status/7")
    page = Page(answer.text)
    assert page.all("a", href="/thread/1001")
    assert page.all("a", href="https://x.com/i/status/7")
    assert "refresh" not in answer.headers


@pytest.mark.parametrize("state", ["queued", "running", "waiting"])
def test_a_request_that_goes_on_refreshes_itself(site, store, state):
    store.jobs[7] = FakeJob(state, "rate-limited", not_before=NOON + timedelta(hours=1))
    answer = site.get("/status/7")
    assert answer.headers["cache-control"] == "no-store"
    page = Page(answer.text)
    assert int(answer.headers["refresh"]) > 0
    if state == "waiting":
        assert "X lets us ask only so often" in page.text
        assert "3 May 2026, 13:00 UTC" in page.text


def test_an_answer_can_be_looked_up_on_x(site, store):
    store.jobs[7] = FakeJob("done", thread_id=1001, reply_id=77)
    assert Page(site.get("/status/7").text).all("a", href="https://x.com/i/status/77")


@pytest.mark.parametrize("kind", get_args(CommandKind))
def test_a_command_is_not_spoken_of_as_a_thread(site, store, kind):
    for state in ("running", "done", "refused"):
        store.jobs[7] = FakeJob(state, "not-yours" if state == "refused" else None, kind=kind)
        text = Page(site.get("/status/7").text).text
        assert "unrolled" not in text
        assert "fetched" not in text


def test_a_page_that_was_deleted_is_not_linked_to(site, store):
    store.jobs[7] = FakeJob("done", thread_id=1001, kind="delete")
    assert not Page(site.get("/status/7").text).all("a", href="/thread/1001")


@pytest.mark.parametrize("reason", sorted(reasons.REASONS))
def test_a_refusal_is_said_in_a_sentence(site, store, reason):
    store.jobs[7] = FakeJob("refused", reason)
    assert Page(site.get("/status/7").text).text.count(reasons.REASONS[reason]) == 1


def test_a_reason_nobody_foresaw_is_named(site, store):
    store.jobs[7] = FakeJob("failed", "moon-phase")
    text = Page(site.get("/status/7").text).text
    assert "gave up" in text
    assert "moon-phase" in text


def test_a_mention_that_asked_for_nothing_is_told_why(site, store):
    store.mentions[8] = FakeMention("refusal", "no-keyword")
    text = Page(site.get("/status/8").text).text
    assert "asks for nothing" in text
    store.mentions[9] = FakeMention("request")
    assert int(site.get("/status/9").headers["refresh"]) > 0


def test_a_newer_version_of_a_request_is_not_told_how_to_ask(site, store):
    store.mentions[8] = FakeMention("refusal", "edited")
    text = Page(site.get("/status/8").text).text
    assert "a post that asked before" in text
    assert "Not a request" not in text
    assert "To ask for a thread" not in text


@pytest.mark.parametrize("name", ["5", "soup", "9" * 40, "-3"])
def test_an_unknown_request_is_not_found_kindly(site, name):
    answer = site.get(f"/status/{name}")
    assert answer.status_code == 404
    assert "We do not know of this request" in answer.text


def test_every_gap_has_a_sentence():
    assert set(reasons.GAPS) == set(GapReason.__args__)


def test_pages_kept_are_bounded():
    shelf = Shelf(2)
    made = []
    for key in ("a", "b", "a", "c", "a", "b"):
        shelf.get(key, lambda key=key: made.append(key) or key.encode())
    assert made == ["a", "b", "c", "b"]


def test_a_picture_of_no_size_takes_xs_word(site, store):
    item = photo("p1")
    store.threads.save(
        FakeSaved(
            thread(post(1, "Look", media=(item,))),
            pictures={item.url: FakePicture("a" * 64, width=0, height=0)},
        )
    )
    image = Page(site.get("/thread/1001").text).all("img")[0]
    assert (image["width"], image["height"]) == ("1056", "704"), "1200 x 800, no higher than a screen"


def test_a_database_that_does_not_answer_is_apologised_for(site, store, monkeypatch):
    """And a proxy knows when to ask again; what ails the database is nobody's business outside."""

    def away(*_, **__):
        raise DatabaseAway("the database does not answer: postgresql://me:secret@db is gone")

    monkeypatch.setattr(store.jobs, "find_by_mention", away)
    answer = site.get("/status/20")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "try again in a minute" in answer.text
    assert "secret" not in answer.text
    assert_sound(Page(answer.text))


def test_a_style_sheet_loses_only_what_a_browser_does_not_read():
    sheet = """
    /* A reason; and { braces } */
    .a > .b , .c { content: " / "; margin: 0 1px; }
    @media (min-width: 1px) { .d :is(p, b) { color: red; } }
    """
    assert assets.tight(sheet) == (
        '.a > .b,.c{content: " / ";margin: 0 1px}@media (min-width: 1px){.d :is(p,b){color: red}}'
    )
