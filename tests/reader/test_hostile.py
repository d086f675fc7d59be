"""Whatever people write, it stays text: on every page and in every form."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.domain import (
    Article,
    Author,
    Entity,
    Fork,
    Gap,
    Media,
    Poll,
    PollOption,
    Quote,
    Variant,
)
from tests.reader.fakes import NOON, FakeJob, FakeMention, FakePicture, FakeSaved, photo, post, thread
from tests.reader.parsing import Page, assert_sound

HOSTILE = [
    "<script>alert(1)</script>",
    "</title></script></style><img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//https://x.com",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "//evil.example/a.png",
    'https://evil.example/"onmouseover="alert(1)',
    "https://evil.example\\@x.com",
    "http://[broken",
    "{{ 7*7 }} {% raw %} ${7*7} #{7*7}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u202egnp.exe \u2066left\u2067right\u200f",
    "--><!-- <![CDATA[",
    "\x00\x08\x1b[31m\x7f\ud800",
    "a\r\nSet-Cookie: x=1\r\n\r\n<b>",
    "<plaintext><base href=//evil.example><meta http-equiv=refresh content=0>",
    "Z\u0351\u036b\u0343" * 200,
    "",
    " \n\n \t",
    "W" * 4000,
]


def everything(evil: str) -> FakeSaved:
    """A thread with the same words in every place that somebody else fills."""
    author = Author(501, evil, evil, evil, evil)
    entities = (
        Entity("url", 0, len(evil), evil, evil, evil, evil, evil, evil),
        Entity("mention", 0, len(evil), evil),
        Entity("hashtag", 0, len(evil), evil),
        Entity("cashtag", 0, len(evil), evil),
    )
    marked = [
        post(
            number,
            evil if number == 1 else f"words {evil} words",
            lang=evil,
            entities=(replace(entity, start=start, end=start + len(evil)),),
            media=(
                Media("1", "photo", evil, None, evil, 10, 10),
                photo("kept", evil),
                Media("2", "video", None, evil, evil, 10, 10, 5, (Variant(evil, evil),)),
            ),
            poll=Poll(1, (PollOption(evil, 1), PollOption(evil, 0)), NOON),
            article=Article(evil, evil),
            quoted=900,
            sensitive=number == 3,
        )
        for number, (entity, start) in enumerate(zip(entities, (0, 6, 6, 6), strict=True), start=1)
    ]
    quoted = post(5, evil, id=900, versions=(900,), lang=evil, media=(photo("kept", evil),))
    found = thread(
        *marked,
        author=author,
        quotes=(Quote(quoted, author),),
        forks=(Fork(1001, (post(9, evil),)),),
        gaps=(Gap(1001, "deleted"), Gap(None, "protected", 5)),
    )
    pictures = {photo("kept").url: FakePicture("a" * 64), evil: FakePicture(evil, evil)}
    return FakeSaved(found, pictures=pictures)


@pytest.mark.parametrize("evil", HOSTILE)
def test_nothing_breaks_out_of_a_threads_page(site, store, evil):
    store.threads.save(everything(evil))
    answer = site.get("/thread/1001")
    assert answer.status_code == 200
    page = Page(answer.text)
    assert_sound(page)
    outside = {a["href"].split("/")[2] for a in page.all("a") if a["href"].startswith("http")}
    if not evil.startswith("http"):
        assert outside == {"x.com"}
    assert "{{" in evil or "49" not in page.all("h1")
    assert not [a for a in page.all("meta") if a.get("http-equiv")]


@pytest.mark.parametrize("evil", HOSTILE)
def test_nothing_breaks_out_of_an_export(site, store, evil):
    store.threads.save(everything(evil))
    document = json.loads(site.get("/thread/1001.json").content)
    assert len(document["posts"]) == 4
    markdown = site.get("/thread/1001.md").text
    unescaped = [line for line in markdown.splitlines() if "<script" in line.replace("\\<", "")]
    assert unescaped == []
    for target in ("](javascript:", "](data:", "](<javascript:", "](<data:", "](<vbscript:"):
        assert target not in markdown.lower()
    for suffix in ("json", "md", "txt"):
        answer = site.get(f"/thread/1001.{suffix}")
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "text/html" not in answer.headers["content-type"]
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("evil", HOSTILE)
def test_nothing_breaks_out_of_a_short_page(site, store, evil):
    store.notes.author = Author(9, evil, evil)
    store.jobs[1] = FakeJob(evil, evil)
    store.jobs[2] = FakeJob("refused", evil)
    store.mentions[3] = FakeMention(evil, evil)
    for path in ("/status/1", "/status/2", "/status/3", "/status/4", "/thread/4", "/", "/nowhere"):
        assert_sound(Page(site.get(path).text))


@pytest.mark.parametrize(
    "path", ["/<script>", "/thread/<script>", "/status/%00", "/%2e%2e/%2e%2e/etc/passwd", "/thread/\u202e"]
)
def test_an_address_is_never_echoed(site, path):
    answer = site.get(path)
    assert answer.status_code == 404
    page = Page(answer.text)
    assert_sound(page)
    assert "passwd" not in page.text


def test_names_are_isolated_from_what_stands_beside_them(site, store):
    store.threads.save(FakeSaved(thread(post(1, "Words"), author=Author(1, "eve", "\u202eEve \u2066"))))
    text = site.get("/thread/1001").text
    assert "<bdi>Eve</bdi>" in text
    assert "\u202e" not in text
