"""The same thread for tools: JSON to the letter, Markdown and text."""

from __future__ import annotations

import json
from datetime import timedelta

from bot.domain import Fork, Gap, Media, Poll, PollOption, Post, Quote, Variant
from tests.reader import scenes
from tests.reader.fakes import MIRA, NOON, FakePicture, FakeSaved, link, photo, post, thread

TEXT = "Salt &amp; time https://t.co/a1 https://t.co/pic"


def the_thread() -> FakeSaved:
    first = post(
        1,
        TEXT,
        entities=(
            link(
                TEXT,
                "https://t.co/a1",
                "https://soup.example/x",
                "soup.example/x",
                title="Soup",
                description="Of salt",
            ),
            link(
                TEXT,
                "https://t.co/pic",
                "https://x.com/mira_holt/status/1001/photo/1",
                "pic.x.com/1",
                media_key="3_p1",
            ),
        ),
        media=(photo("p1", "A pot"),),
        quoted=900,
    )
    second = post(
        2,
        "Well?",
        poll=Poll(1, (PollOption("Yes", 3), PollOption("No", 1)), NOON + timedelta(days=1), open=True),
        media=(
            Media(
                "7_1",
                "video",
                None,
                "https://pbs.twimg.com/v.jpg",
                None,
                1280,
                720,
                9000,
                (
                    Variant("https://video.twimg.com/v.mp4", "video/mp4", 832000),
                    Variant("https://video.twimg.com/w.mp4", "video/mp4", 2176000),
                ),
            ),
        ),
        versions=(1002, 1003),
    )
    quoted = Post(900, 502, 900, NOON, "Letters &lt;1931&gt;", versions=(900,), media=(photo("q1"),))
    return FakeSaved(
        thread(
            first,
            second,
            gaps=(Gap(None, "not-found", 3), Gap(1001, "deleted")),
            forks=(Fork(1001, (post(7, "Aside"),)),),
            quotes=(Quote(quoted, scenes.TOMAS),),
            complete=False,
        ),
        pictures={
            photo("p1").url: FakePicture("a" * 64),
            "https://pbs.twimg.com/v.jpg": FakePicture("b" * 64),
            "https://video.twimg.com/v.mp4": FakePicture("c" * 64, "video/mp4"),
        },
    )


def test_json_to_the_letter(site, store):
    store.threads.save(the_thread())
    answer = site.get("/thread/1001.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "id": "1001",
        "url": "https://reader.example/thread/1001",
        "author": {"id": "501", "username": "mira_holt", "name": "Mira Holt"},
        "posts": [
            {
                "id": "1001",
                "created_at": "2026-05-03T12:01:00Z",
                "text": "Salt & time soup.example/x",
                "links": [
                    {
                        "url": "https://t.co/a1",
                        "expanded_url": "https://soup.example/x",
                        "display_url": "soup.example/x",
                        "title": "Soup",
                        "description": "Of salt",
                    }
                ],
                "media": [
                    {
                        "type": "photo",
                        "url": "https://reader.example/media/" + "a" * 64,
                        "alt_text": "A pot",
                        "width": 1200,
                        "height": 800,
                    }
                ],
                "quote": {
                    "id": "900",
                    "url": "https://x.com/tomas_lindqvist/status/900",
                    "author": {"id": "502", "username": "tomas_lindqvist", "name": "Tomas Lindqvist"},
                    "created_at": "2026-05-03T12:00:00Z",
                    "text": "Letters <1931>",
                    "media": [
                        {
                            "type": "photo",
                            "url": "https://pbs.twimg.com/media/q1.jpg",
                            "alt_text": None,
                            "width": 1200,
                            "height": 800,
                        }
                    ],
                },
                "poll": None,
                "edited": False,
            },
            {
                "id": "1002",
                "created_at": "2026-05-03T12:02:00Z",
                "text": "Well?",
                "links": [],
                "media": [
                    {
                        "type": "video",
                        "url": None,
                        "alt_text": None,
                        "width": 1280,
                        "height": 720,
                        "preview_url": "https://reader.example/media/" + "b" * 64,
                        "variants": [
                            {
                                "url": "https://reader.example/media/" + "c" * 64,
                                "content_type": "video/mp4",
                                "bit_rate": 832000,
                            },
                            {
                                "url": "https://video.twimg.com/w.mp4",
                                "content_type": "video/mp4",
                                "bit_rate": 2176000,
                            },
                        ],
                    }
                ],
                "quote": None,
                "poll": {
                    "options": [{"label": "Yes", "votes": 3}, {"label": "No", "votes": 1}],
                    "ends_at": "2026-05-04T12:00:00Z",
                    "open": True,
                },
                "edited": True,
            },
        ],
        "gaps": [{"after": None, "reason": "not-found"}, {"after": "1001", "reason": "deleted"}],
        "forks": [
            {
                "at": "1001",
                "posts": [
                    {
                        "id": "1007",
                        "created_at": "2026-05-03T12:07:00Z",
                        "text": "Aside",
                        "links": [],
                        "media": [],
                        "quote": None,
                        "poll": None,
                        "edited": False,
                    }
                ],
            }
        ],
        "complete": False,
        "words": 5,
        "minutes": 1,
        "fetched_at": "2026-05-03T13:00:00Z",
    }


def test_a_lone_surrogate_does_not_break_the_document(site, store):
    store.threads.save(FakeSaved(thread(post(1, "half \ud83d here"))))
    assert json.loads(site.get("/thread/1001.json").content)["posts"][0]["text"] == "half  here"
    assert site.get("/thread/1001").status_code == 200
    assert site.get("/thread/1001.md").status_code == 200


def test_markdown_holds_the_thread_in_order(site, store):
    store.threads.save(the_thread())
    answer = site.get("/thread/1001.md")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    text = answer.text
    order = [
        "could not be found",
        r"Salt \& time [soup.example/x](<https://t.co/a1>)",
        "![A pot](<https://reader.example/media/" + "a" * 64,
        "> [Tomas Lindqvist (@tomas\\_lindqvist)](<https://x.com/tomas_lindqvist/status/900>):",
        "> Letters \\<1931\\>",
        "was deleted",
        "> Aside",
        "Well?",
        "- Yes: 75% (3 votes)",
        "Text and pictures belong to their author",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_words_that_look_like_markdown_stay_words(site, store):
    store.threads.save(
        FakeSaved(
            thread(
                post(
                    1, "x" * 95 + "\n\n# not a title\n1. not a list\n- nor this\n=== \n*plain* [a](b) <b> `c`"
                )
            )
        )
    )
    text = site.get("/thread/1001.md").text
    assert "\\# not a title\\\n1\\. not a list\\\n\\- nor this\\\n\\===" in text
    assert "\\*plain\\* \\[a\\](b) \\<b\\> \\`c\\`" in text


def test_plain_text_holds_the_thread(site, store):
    store.threads.save(the_thread())
    answer = site.get("/thread/1001.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("Mira Holt (@mira_holt)\n3 May 2026, 2 posts, 1 min read\n")
    assert "1/2\n\nSalt & time soup.example/x\n\n[Picture: A pot]" in answer.text
    assert "2/2 (edited)" in answer.text
    assert "[A post here was deleted.]" in answer.text
    assert "    1/1\n\n    Aside" in answer.text


def test_an_export_that_is_not_there_says_so_in_its_own_form(site):
    answer = site.get("/thread/77.json")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    assert answer.text == "Nobody has unrolled this yet.\n"


def test_names_for_files_hold_only_our_own_words(site, store):
    store.threads.save(FakeSaved(thread(post(1, "Words"), author=MIRA)))
    assert site.get("/thread/1001.md").headers["content-disposition"] == 'inline; filename="thread-1001.md"'
