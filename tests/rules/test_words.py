# ruff: noqa: RUF001 - people write in letters that look like English ones
"""Words as a search compares them: in any script, and the same for a text and a question about it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.words import MOST_WORDS, distinct, passage, question, tag, words


def folded(text: str) -> list[str]:
    return [word.folded for word in words(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Crème BRÛLÉE", ["creme", "brulee"]),
        ("Straße, İstanbul, ısı", ["strasse", "istanbul", "isi"]),
        ("Łódź Øresund", ["lodz", "oresund"]),
        ("@mira_holt's #lamps", ["mira", "holt", "s", "lamps"]),
        ("मेरा नाम", ["मेरा", "नाम"]),
        ("שָׁלוֹם مُحَمَّد", ["שלום", "محمد"]),
        ("한국어 사랑", ["한국어", "사랑"]),
        ("灯台守", ["灯台", "台守", "守"]),
        ("ｶﾞﾗｽ", ["ガラ", "ラス", "ス"]),
        ("2024年", ["2024", "年"]),
        ("ﬁn ½", ["fin", "1", "2"]),
        ("… — 🧵", []),
    ],
)
def test_words_of_many_scripts(text, found):
    assert folded(text) == found


@given(st.text())
def test_any_text_has_words_where_it_says_and_no_sign_of_a_query_among_them(text):
    end = 0
    for word in words(text):
        assert 0 <= word.start < word.end <= len(text)
        assert word.end >= end
        end = word.end
        assert word.folded
        assert not set(word.folded) & set(" '\"\\:*&|!()<>-\0")


@given(
    st.lists(
        st.text(st.characters(categories=["L", "N", "M", "P", "Z"]) | st.sampled_from("ab ")), max_size=5
    )
)
def test_different_words_are_those_of_the_texts_in_their_order(texts):
    told = list(dict.fromkeys(word for text in texts for word in folded(text)))
    assert list(distinct(texts, 1_000)) == told
    assert list(distinct(texts, 3)) == told[:3]


@given(st.text(st.characters(categories=["L", "N", "M", "P", "Z"]), max_size=80))
def test_a_text_fulfils_every_question_made_of_it(text):
    asked = question(text)
    found = set(folded(text))
    assert all(word in found for word in asked.words)
    assert all(any(word.startswith(beginning) for word in found) for beginning in asked.beginnings)
    assert len(asked.words) + len(asked.beginnings) <= MOST_WORDS


@given(st.text(), st.text(max_size=20))
def test_a_passage_is_the_texts_own_words(text, asked):
    shown = "".join(piece for piece, _ in passage(text, question(asked)))
    bare = shown.removeprefix("…").removesuffix("…")
    assert "".join(bare.split()) in "".join(text.split())


def test_the_last_word_may_still_be_in_the_typing():
    assert question("the lamp").beginnings == ("lamp",)
    assert question("the la").beginnings == ()
    assert question("灯台 守").beginnings == ("守",)
    assert question("灯台 日誌").beginnings == ()


def test_a_passage_shows_where_most_of_the_words_stand_together():
    dull = "Nothing of note. " * 40
    text = f"A lamp here. {dull} At last the lamp and the bell. {dull}"
    shown = passage(text, question("lamp bell"))
    assert [piece for piece, hit in shown if hit] == ["lamp", "bell"]
    assert shown[0] == ("…", False)
    assert passage("Nothing of it.", question("lamp")) == (("Nothing of it.", False),)
    assert passage("昔の灯台守の話", question("灯台守")) == (
        ("昔の", False),
        ("灯台守", True),
        ("の話", False),
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [("#Crème", "creme"), ("＃灯台", "灯台"), ("snake_case", "snake_case"), ("#", ""), ("", "")],
)
def test_hashtags_are_compared_as_words_are(text, found):
    assert tag(text) == found
