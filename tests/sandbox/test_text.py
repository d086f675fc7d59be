"""What an author typed becomes what the API serves; offsets are held to the escaped text."""

from __future__ import annotations

from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox import Media, World
from sandbox.text import MAX_WEIGHT, guess_language, weighted_length

PIECES = st.sampled_from(
    [
        "Tom & Jerry ",
        "<3 ",
        "霧の朝 ",
        "👩‍👩‍👧‍👦🇯🇵1️⃣ ",
        "مرحبا ",
        "@ada ",
        "@nobody_here, ",
        "#tag ",
        "#زراعة_الأسطح ",
        "#霧の喫茶店 ",
        "$TSLA ",
        "https://example.org/a?b=1&c=2. ",
        "(http://localhost:8000/t/1) ",
        "line\n",
        "e\u0301 ",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=40), st.integers(0, 3), st.booleans())
def test_every_entity_is_where_it_says(pieces, photos, is_reply):
    world = World()
    root = world.post("ada", "root")
    media = [Media(f"hills-{number}") for number in range(photos)]
    raw = "".join(pieces)
    post = world.post("bob", raw, media=media, reply_to=root if is_reply else None, quote=root)
    _check(post.text, post.entities)
    if post.note:
        _check(post.note.text, post.note.entities)
        assert weighted_length(raw) > MAX_WEIGHT
    start, end = post.display_text_range
    assert post.text[:start] == ("@ada " if is_reply else "")
    assert len([url for url in post.entities["urls"] if "media_key" in url]) == photos
    assert all(url["start"] > end for url in post.entities["urls"] if "media_key" in url)


def _check(text, entities):
    shown = {
        "urls": lambda one: one["url"],
        "mentions": lambda one: "@" + one["username"],
        "hashtags": lambda one: "#" + one["tag"],
        "cashtags": lambda one: "$" + one["tag"],
    }
    for kind, found in entities.items():
        for one in found:
            assert text[one["start"] : one["end"]] == shown[kind](one)


def test_a_link_is_wrapped_and_keeps_what_x_knows_of_it():
    world = World()
    address = "https://example.org/bread?loaf=112&mood=good"
    post = world.post(
        "ada", f"See {address}.", links={address: {"title": "Bread", "image": "chart-bread.png"}}
    )
    (url,) = post.entities["urls"]
    assert post.text == f"See {url['url']}."
    assert url["expanded_url"] == url["unwound_url"] == address
    assert url["display_url"] == "example.org/bread?loaf=112…"
    assert url["title"] == "Bread"
    assert len(url["url"]) == weighted_length(address) == 23


def test_a_long_post_is_cut_and_whole_in_its_note():
    world = World()
    raw = "Word & word. " * 40
    post = world.post("ada", raw)
    assert unescape(post.note.text) == raw
    assert "… https://t.co/" in post.text
    assert weighted_length(unescape(post.text)) <= MAX_WEIGHT


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("abc", 3),
        ("霧の朝", 6),
        ("👨‍👩‍👧‍👦", 2),
        ("🇯🇵", 2),
        ("1️⃣", 2),
        ("مرحبا", 5),
        ("a https://x.example/" + "y" * 90, 25),
    ],
)
def test_the_length_is_weighted(text, weight):
    assert weighted_length(text) == weight


@pytest.mark.parametrize(
    ("text", "language"),
    [("Hello", "en"), ("霧の朝", "ja"), ("مرحبا", "ar"), ("שלום", "iw"), ("🙂 https://x.example", "zxx")],
)
def test_the_language_is_guessed_by_script(text, language):
    assert guess_language(text) == language
