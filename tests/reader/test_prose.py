"""Paragraphs and titles: the author's words, all of them, in their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.text import Piece
from reader import prose


def told(text: str) -> list[str]:
    return [prose.words(paragraph) for paragraph in prose.paragraphs([Piece("text", text)])]


@given(st.text(st.characters() | st.sampled_from("\n\r \t"), max_size=80))
def test_no_word_is_lost(text):
    found = prose.paragraphs([Piece("text", text)])
    kept = "".join(prose.words(paragraph) for paragraph in found)
    assert "".join(kept.split()) == "".join(prose.clean(text).split())
    title, rest = prose.heading(found)
    whole = "".join(prose.words(paragraph) for paragraph in ((title,) if title else ()) + rest)
    assert "".join(whole.split()) == "".join(kept.split())


def test_any_number_of_blank_lines_parts_paragraphs():
    assert told("one\n\n\n \n\ntwo\nthree\r\n\r\nfour\u2028five") == ["one", "two\nthree", "four\nfive"]


def test_a_link_holds_two_paragraphs_together_only_where_it_stands():
    link = Piece("link", "soup.example", "https://t.co/1", "https://soup.example/")
    found = prose.paragraphs([Piece("text", "See\n\n"), link, Piece("text", "\n\nand go")])
    assert [prose.words(paragraph) for paragraph in found] == ["See", "soup.example", "and go"]
    assert found[1][0].url == "https://t.co/1"


def test_a_first_line_with_a_link_is_no_title():
    link = Piece("link", "soup.example", "https://t.co/1", None)
    assert prose.heading(prose.paragraphs([Piece("text", "See "), link]))[0] is None


def test_a_mention_may_stand_in_a_title():
    name = Piece("mention", "@ben_o", "https://x.com/ben_o")
    title, rest = prose.heading(
        prose.paragraphs([Piece("text", "What "), name, Piece("text", " said\nwas soup")])
    )
    assert title is not None
    assert prose.words(title) == "What @ben_o said"
    assert [prose.words(paragraph) for paragraph in rest] == ["was soup"]


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("en", "en"),
        ("iw", "he"),
        ("in", "id"),
        ("zh-TW", "zh-TW"),
        ("und", None),
        ("qme", None),
        ("zxx", None),
        (None, None),
    ],
)
def test_languages_as_html_knows_them(code, known):
    assert prose.language(code) == known
