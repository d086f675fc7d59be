"""What the bot says with a thread: short, harmless and rarely the same."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Author, Goal
from bot.rules.reply import MAX_WEIGHT, SIGNS, compose, weight
from bot.rules.thread import assemble
from tests.rules.making import chain_of, known

URL = "https://reader.example/thread/2117587594245046272"
POSTS = chain_of(12)
THREAD = assemble(known(*POSTS), Goal(POSTS[0].id))


def by(name, thread=THREAD):
    return replace(thread, author=Author(1, "somebody", name))


def saying(name, seed=1, attempt=0):
    return compose(by(name), URL, seed=seed, attempt=attempt)


seeds = st.integers(1, 1 << 62)


@given(st.text(max_size=200), seeds, st.integers(0, 200))
def test_any_name_leaves_it_within_xs_length_with_its_link(name, seed, attempt):
    text = saying(name, seed, attempt)
    assert weight(text) <= MAX_WEIGHT
    assert text.count(URL) == 1
    assert len(re.findall(r"https?://", text)) == 1


@given(st.text(SIGNS + "ab.c/:\u202e\u2066\u200d ", max_size=60), seeds)
def test_no_name_calls_anybody_tags_anything_or_turns_the_text(name, seed):
    rest = saying(name, seed).replace(URL, "")
    assert not set(rest) & set(SIGNS + "\u202e\u2066")
    assert not re.search(r"\w\.\w", rest)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ada Quill", "Ada Quill"),
        ("J.R. Quill", "J. R. Quill"),
        ("ada@quill #1", "adaquill 1"),
        ("visit lamp.example now", "visit lamp. example now"),
        ("see https://lamp.example/x ok", "see ok"),
        ("Familie 👨‍👩‍👧‍👦", "Familie 👨‍👩‍👧‍👦"),
        ("नमस्ते क्‍ष", "नमस्ते क्‍ष"),
        ("two\nlines", "two lines"),
        ("a" * 80, "a" * 49 + "…"),
    ],
)
def test_names_are_shown_as_they_are_as_far_as_they_do_no_harm(name, shown):
    assert shown.casefold() in saying(name).casefold()


@given(seeds, st.integers(0, 10))
def test_the_same_mention_always_gets_the_same_words(seed, attempt):
    assert saying("Ada", seed, attempt) == saying("Ada", seed, attempt)


@given(seeds)
def test_the_next_attempts_are_all_different(seed):
    assert len({saying("Ada", seed, attempt) for attempt in range(100)}) == 100


def test_neighbouring_mentions_rarely_get_the_same_words():
    start = 2_124_623_951_098_281_984
    said = [saying("Ada", start + n * 4096) for n in range(60)]
    assert len(set(said)) > 40
    assert sum(one == other for one, other in pairwise(said)) <= 3


def test_of_five_wordings_in_a_row_x_has_hardly_ever_heard_all():
    """Twenty people ask for one thread: each takes the wording after the last one's."""
    said = [saying("Ada", seed, attempt) for attempt, seed in enumerate(range(10**9, 10**9 + 20))]
    assert len(set(said)) >= 15


@pytest.mark.parametrize("name", ["", "@@@", "\u202e", "\u200d", " \n "])
def test_where_nothing_is_left_of_a_name_no_hole_is(name):
    assert "  " not in saying(name)
    assert saying(name) != saying("Ada")


def test_it_says_how_much_there_is_to_read():
    assert "12 posts" in saying("Ada")
    assert "1 min" in saying("Ada")
    one = replace(THREAD, posts=THREAD.posts[:1])
    assert "1 post" in compose(by("Ada", one), URL, seed=1)
    assert "1 posts" not in compose(by("Ada", one), URL, seed=1)


@given(seeds, st.integers(0, 50))
def test_nothing_of_the_thread_is_repeated(seed, attempt):
    secret = replace(THREAD, posts=tuple(replace(post, text="Zanzibar quartz") for post in THREAD.posts))
    text = compose(secret, URL, seed=seed, attempt=attempt)
    assert "Zanzibar" not in text
    assert "quartz" not in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc", 3),
        ("漢字", 4),
        ("", 0),
        ("a https://example.com/very/long/indeed b", 27),
        ("é", 1),
        ("e\u0301", 1),
    ],
)
def test_weight(text, expected):
    assert weight(text) == expected
