"""A post's text and entities, as a person reads them."""

from dataclasses import replace
from html import escape, unescape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain import Article, Entity, Media, Post
from bot.rules.text import cards, direction, links, opening, pieces, plain, reading_minutes, word_count
from tests.rules.making import make_post

UNICODE = [
    "plain words",
    "emoji 😀 and flags 🇩🇪🇫🇷",
    "a family 👨‍👩‍👧‍👦 and a wave 👋🏽",
    "漢字かな交じり文",
    "e\u0301 n\u0303 Z\u0351\u036b\u0343",
    "مرحبا بالعالم",
    "שלום עולם",
    "astral 𐍈𐌰 letters",
    "a < b && c > d &amp; &lt;",
    "1️⃣ keycaps ❤️",
]
wild = st.one_of(st.sampled_from(UNICODE), st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
names = st.text("abcdefghijklmnop_0123456789", min_size=1, max_size=12)


@st.composite
def entities(draw):
    """What the author typed and how X marks it: its words in the text, and the entity without offsets."""
    kind, sign = draw(st.sampled_from([("mention", "@"), ("hashtag", "#"), ("cashtag", "$"), ("url", "")]))
    value = f"https://t.co/{draw(names)}" if kind == "url" else draw(names)
    more = {"display_url": f"example.com/{value[-3:]}"} if kind == "url" else {}
    return sign + value, {"kind": kind, "value": value, **more}


NOWHERE_ELSE = st.just(0)


@st.composite
def written(draw, shift=NOWHERE_ELSE):
    """A post, and what a person should read in it."""
    text, said, marks = "", "", []
    for words, found in draw(st.lists(st.tuples(wild, st.none() | entities()), max_size=6)):
        text += escape(words, quote=False)
        said += words
        if found is not None:
            shown, entity = found
            at = len(text) + draw(shift)
            marks.append(Entity(start=at, end=at + len(shown), **entity))
            text += shown
            said += entity.get("display_url") or shown
    return make_post(1, text=text, entities=tuple(draw(st.permutations(marks)))), said


@given(written())
def test_whatever_was_written_is_read(made):
    post, said = made
    assert plain(post) == said.strip()
    kinds = [piece.kind for piece in pieces(post) if piece.kind != "text"]
    marked = sorted(post.entities, key=lambda entity: entity.start)
    assert kinds == ["link" if entity.kind == "url" else entity.kind for entity in marked]


@pytest.mark.parametrize("words", UNICODE)
def test_every_script_comes_out_as_it_went_in(words):
    text = escape(words, quote=False) + " "
    tag = Entity("hashtag", len(text), len(text) + 4, "tag")
    post = make_post(1, text=f"{text}#tag {escape(words, quote=False)}", entities=(tag,))
    assert [(piece.kind, piece.text) for piece in pieces(post)] == [
        ("text", words + " "),
        ("hashtag", "#tag"),
        ("text", " " + words),
    ]


def test_text_is_unescaped_once():
    assert plain(make_post(1, text="&amp;lt; is how &lt; is written")) == "&lt; is how < is written"


@given(written(shift=st.integers(-9, 9)))
def test_no_word_is_lost_where_offsets_are_wrong(made):
    """Each entity is found nearby, or its words stay as text."""
    post, _ = made
    shown = "".join(
        unescape(e.value) if e.kind == "url" else "" for e in post.entities
    )  # links are shown by another address
    kept = [piece for piece in pieces(post) if piece.kind != "link"]
    everything = unescape(post.text)
    for piece in kept:
        assert piece.text.strip() in everything or piece.text.strip() in shown


@given(names, st.integers(-40, 40))
def test_an_entity_is_found_where_its_words_stand(name, shift):
    text = f"Ask @{name} about it &amp; more."
    entity = Entity("mention", 4 + shift, 4 + shift + 1 + len(name), name)
    found = [p for p in pieces(make_post(1, text=text, entities=(entity,))) if p.kind == "mention"]
    assert [(piece.text, piece.url) for piece in found] == [(f"@{name}", f"https://x.com/{name}")]


def test_of_two_places_the_nearer_one_is_taken():
    text = "@ada says hello to @ada"
    entity = Entity("mention", 17, 21, "ada")
    shown = pieces(make_post(1, text=text, entities=(entity,)))
    assert [piece.kind for piece in shown] == ["text", "mention"]


def test_a_name_inside_a_longer_one_is_not_taken_for_it():
    entity = Entity("mention", 0, 4, "ada")
    shown = pieces(make_post(1, text="Dear @adamant reader", entities=(entity,)))
    assert [(piece.kind, piece.text) for piece in shown] == [("text", "Dear @adamant reader")]


def test_an_entity_that_is_nowhere_leaves_the_text_alone():
    entity = Entity("url", 3, 9, "https://t.co/gone", display_url="gone.example")
    assert plain(make_post(1, text="Nothing here.", entities=(entity,))) == "Nothing here."


any_entity = st.builds(
    Entity,
    st.sampled_from(["url", "mention", "hashtag", "cashtag"]),
    st.integers(-5, 60),
    st.integers(-5, 60),
    st.text(max_size=8),
    expanded_url=st.none() | st.text(max_size=20),
    display_url=st.none() | st.text(max_size=10),
    title=st.none() | st.text(max_size=5),
    media_key=st.none() | st.sampled_from(["3_1", "3_2"]),
)


@given(st.text(max_size=50), st.lists(any_entity, max_size=8), st.integers(-3, 60))
@example("", [Entity("mention", 0, 0, "")], 0)
def test_no_list_of_entities_is_too_odd(text, odd, display_start):
    post = make_post(
        1,
        text=text,
        entities=tuple(odd),
        display_start=display_start,
        media=(Media("3_1", "photo"),),
        quoted=7,
        article=Article("On lenses"),
    )
    shown = pieces(post)
    assert all(piece.text for piece in shown)
    assert isinstance(cards(post), tuple)
    assert isinstance(links(post), tuple)


def link(text, url, **fields):
    start = text.index(url)
    return Entity("url", start, start + len(url), url, **fields)


def with_links(text, *entities, **fields) -> Post:
    return make_post(10, text=text, entities=entities, **fields)


PHOTO = Media("3_1", "photo", url="https://example.com/a.jpg")
OWN = "https://x.com/ada/status/10/photo/1"


class TestTrailingLinks:
    def test_the_one_to_own_media_goes_whatever_many_pictures_share_it(self):
        text = "Two views. https://t.co/pic"
        marks = [
            link(text, "https://t.co/pic", expanded_url=OWN, media_key=key) for key in ("3_1", "3_2", "3_3")
        ]
        media = tuple(replace(PHOTO, key=key) for key in ("3_1", "3_2", "3_3"))
        assert plain(with_links(text, *marks, media=media)) == "Two views."

    def test_the_one_to_the_quoted_post_goes(self):
        text = "See this: https://t.co/quote"
        mark = link(text, "https://t.co/quote", expanded_url="https://twitter.com/bob/status/7?s=20")
        assert plain(with_links(text, mark, quoted=7)) == "See this:"
        assert plain(with_links(text, mark)) == "See this: https://t.co/quote"

    def test_quote_and_media_go_together(self):
        text = "Both. https://t.co/quote https://t.co/pic"
        quote = link(text, "https://t.co/quote", expanded_url="https://x.com/bob/status/7")
        picture = link(text, "https://t.co/pic", expanded_url=OWN, media_key="3_1")
        assert plain(with_links(text, picture, quote, quoted=7, media=(PHOTO,))) == "Both."

    def test_the_one_to_its_article_goes(self):
        text = "Out now https://t.co/essay"
        mark = link(text, "https://t.co/essay", expanded_url="https://x.com/i/article/99")
        assert plain(with_links(text, mark, article=Article("On lenses"))) == "Out now"

    def test_those_in_the_middle_stay(self):
        text = "First https://t.co/quote then words"
        mark = link(
            text, "https://t.co/quote", expanded_url="https://x.com/bob/status/7", display_url="x.com/bob"
        )
        assert plain(with_links(text, mark, quoted=7)) == "First x.com/bob then words"

    def test_a_link_to_another_page_stays_at_the_end(self):
        text = "Read https://t.co/page"
        mark = link(text, "https://t.co/page", expanded_url="https://example.com", display_url="example.com")
        assert plain(with_links(text, mark, media=(PHOTO,), quoted=7)) == "Read example.com"


def test_the_automatic_prefix_is_not_read():
    marks = (Entity("mention", 0, 4, "bob"), Entity("mention", 10, 14, "eve"))
    post = make_post(1, text="@bob Dear @eve too", entities=marks, display_start=5)
    assert plain(post) == "Dear @eve too"


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("he", "שלום", "rtl"),
        ("iw", "123", "rtl"),
        ("en", "Hello", "ltr"),
        (None, "مرحبا", "rtl"),
        (None, "😀 hello שלום", "ltr"),
        (None, "😀", "ltr"),
        ("ar", "Hello", "rtl"),
    ],
)
def test_direction(lang, text, expected):
    assert direction(lang, text) == expected


@pytest.mark.parametrize(
    ("texts", "words"), [(["one two"], 2), (["漢字漢字"], 2), (["漢字 and words"], 3), ([""], 0)]
)
def test_words_are_counted_in_scripts_without_spaces_too(texts, words):
    assert word_count(texts) == words


def test_reading_takes_at_least_a_minute():
    assert reading_minutes([]) == 1
    assert reading_minutes(["word " * 2380]) == 10


@given(st.text(max_size=200), st.integers(5, 60))
def test_an_opening_is_one_line_of_limited_length(text, limit):
    line = opening(text, limit)
    assert len(line) <= limit + 1
    assert "\n" not in line
