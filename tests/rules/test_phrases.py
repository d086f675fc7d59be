"""What the bot says, in every language and every wording."""

import re
import unicodedata
from dataclasses import replace
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import CommandKind, Thread
from bot.rules import phrases
from bot.rules.phrases import LANGUAGES, confirmation, help_line, language_of, refusal, unrolled
from bot.rules.reply import MAX_NAME, MAX_WEIGHT, WORDINGS_AT_LEAST, compose, weight
from sandbox.text import tokens, weighted_length
from tests.rules.making import ADA, AUTHORS, chain_of

TEN = ("ar", "de", "en", "es", "fr", "hi", "id", "ja", "pt", "tr")
URL = "https://reader.example/thread/1999999999999999999"
COMMANDS = tuple(kind for kind in get_args(CommandKind) if kind != "help")
REASONS = ("protected", "not-a-thread", "author-opted-out")
LONGEST_BOT = "unroll_the_bots"
MANY = range(200)

every_language = pytest.mark.parametrize("lang", TEN)


def answer(lang, attempt=0, *, name="Ada Quill", posts=5, minutes=3):
    return unrolled(lang, name=name, posts=posts, minutes=minutes, url=URL, attempt=attempt)


def answers(lang, **told):
    return [answer(lang, attempt, **told) for attempt in MANY]


def other_texts(lang):
    """Everything but the answers."""
    for attempt in MANY:
        yield from (confirmation(kind, lang, attempt=attempt) for kind in COMMANDS)
        yield from (refusal(reason, lang, attempt=attempt) for reason in REASONS)


def helps(lang):
    return [help_line(LONGEST_BOT, lang, attempt=attempt) for attempt in MANY]


def test_the_ten_languages_are_there():
    assert set(LANGUAGES) == set(TEN)


@pytest.mark.parametrize(
    ("code", "lang"),
    [
        *((code, code) for code in TEN),
        ("in", "id"),
        ("pt-BR", "pt"),
        ("pt_PT", "pt"),
        ("es-419", "es"),
        ("EN-gb", "en"),
        ("ar-EG", "ar"),
        ("de-CH", "de"),
        (None, "en"),
        ("", "en"),
        ("und", "en"),
        ("zxx", "en"),
        ("qme", "en"),
        ("ko", "en"),
        ("iw", "en"),
        ("est", "en"),
        ("-", "en"),
    ],
)
def test_xs_code_for_a_language_says_which_of_ours(code, lang):
    assert language_of(code) == lang


class TestEveryText:
    @every_language
    def test_fits_into_one_post_with_the_longest_name_and_numbers(self, lang):
        for name in ("字" * MAX_NAME, "W" * MAX_NAME, "\U0001f9f6" * MAX_NAME):
            for text in answers(lang, name=name, posts=1234, minutes=345):
                assert weight(text) <= MAX_WEIGHT, text
        for text in (*other_texts(lang), *helps(lang)):
            assert weight(text) <= MAX_WEIGHT, text

    @every_language
    def test_names_and_tags_nobody(self, lang):
        for text in (*answers(lang), *other_texts(lang)):
            assert not re.search(r"[@#$\uff20\uff03\uff04]", text), text

    @every_language
    def test_links_nowhere_else(self, lang):
        for text in answers(lang):
            assert [value for *_, kind, value in tokens(text) if kind == "url"] == [URL]
            assert text.count("http") == 1
            assert text.endswith(f"\n{URL}"), "the link stands alone, where no direction moves it"
        for text in (*other_texts(lang), *helps(lang), *(text.replace(URL, "") for text in answers(lang))):
            assert not re.search(r"\w\.\w|http|www", text), text

    @every_language
    def test_has_nothing_left_to_fill_in(self, lang):
        for text in (*answers(lang), *other_texts(lang), *helps(lang)):
            assert not re.search(r"[{}<>%]|None", text), text

    @every_language
    def test_is_clean_calm_and_whole(self, lang):
        for text in (*answers(lang), *other_texts(lang), *helps(lang)):
            assert text == unicodedata.normalize("NFC", text)
            assert text == text.strip()
            assert "  " not in text
            assert not re.search(r"[!\uff01\u00a1]", text), text
            assert not any(unicodedata.category(character) == "Cf" for character in text), text
            assert not re.search(r" [.,:;?)\u3002\u3001\u060c]", text), text
            assert text.count("(") == text.count(")")
            assert text.count('"') % 2 == 0

    @every_language
    def test_is_counted_as_x_counts(self, lang):
        for text in (*answers(lang), *other_texts(lang), *helps(lang)):
            assert weight(text) == weighted_length(text)


class TestWordings:
    @every_language
    def test_forty_answers_and_more_differ_before_one_comes_again(self, lang):
        texts = answers(lang)
        assert len(set(texts)) >= 40
        assert len(set(texts[:40])) == 40

    @every_language
    def test_neighbours_differ(self, lang):
        assert all(one != other for one, other in pairwise(answers(lang)))

    @every_language
    def test_nine_of_everything_else_and_more(self, lang):
        kinds = [lambda attempt, kind=kind: confirmation(kind, lang, attempt=attempt) for kind in COMMANDS]
        kinds += [lambda attempt, reason=reason: refusal(reason, lang, attempt=attempt) for reason in REASONS]
        kinds += [lambda attempt: help_line("unrollbot", lang, attempt=attempt)]
        for say in kinds:
            texts = [say(attempt) for attempt in MANY]
            assert len(set(texts[:WORDINGS_AT_LEAST])) == WORDINGS_AT_LEAST

    def test_no_two_kinds_or_languages_share_a_text(self):
        said = {}
        for lang in TEN:
            for kind in COMMANDS:
                said |= {(lang, kind, n): confirmation(kind, lang, attempt=n) for n in range(15)}
            for reason in REASONS:
                said |= {(lang, reason, n): refusal(reason, lang, attempt=n) for n in range(12)}
        assert len(set(said.values())) == len(said)

    @every_language
    def test_the_same_question_gets_the_same_words(self, lang):
        assert answers(lang) == answers(lang)
        assert helps(lang) == helps(lang)

    def test_a_huge_attempt_is_as_good_as_any(self):
        assert answer("en", 2**63)


class TestAnswers:
    @every_language
    @pytest.mark.parametrize("number", [0, 1, 2, 3, 5, 10, 11, 21, 99, 100, 101, 102, 103, 111, 200, 1000])
    def test_tell_who_how_much_and_how_long(self, lang, number):
        words = LANGUAGES[lang]
        for text in answers(lang, posts=number, minutes=number):
            assert "Ada Quill" in text
            assert words.posts(number) in text
            assert words.minutes(number) in text

    @every_language
    def test_put_a_word_between_a_name_and_any_number(self, lang):
        """A name in a script of the other direction would draw the number to its other side."""
        for text in answers(lang, name="\u2603"):
            before, _, after = text.partition("\u2603")
            following = re.search(r"\w", after)
            assert following
            assert following[0].isalpha(), text
            assert re.search(r"[^\W\d_]", before), "the first letter gives the direction of the whole"

    def test_arabic_keeps_a_name_of_any_script_between_arabic_words(self):
        for text in answers("ar", name="\u2603"):
            assert re.search(r"[\u0621-\u064a] \u2603 [\u0621-\u064a]", text), text


@pytest.mark.parametrize(
    ("lang", "forms"),
    [
        ("en", {1: "1 post", 2: "2 posts", 21: "21 posts"}),
        ("de", {1: "1 Beitrag", 2: "2 Beiträge", 21: "21 Beiträge"}),
        ("es", {1: "1 publicación", 2: "2 publicaciones", 21: "21 publicaciones"}),
        ("fr", {0: "0 post", 1: "1 post", 2: "2 posts", 21: "21 posts"}),
        ("pt", {0: "0 publicação", 1: "1 publicação", 2: "2 publicações", 100: "100 publicações"}),
        ("tr", {1: "1 gönderi", 2: "2 gönderi", 21: "21 gönderi"}),
        ("id", {1: "1 postingan", 5: "5 postingan"}),
        ("ja", {1: "1件", 21: "21件"}),
        ("hi", {1: "1 पोस्ट", 5: "5 पोस्ट"}),
        (
            "ar",
            {
                1: "منشور واحد",
                2: "منشوران",
                3: "3 منشورات",
                5: "5 منشورات",
                10: "10 منشورات",
                11: "11 منشورًا",
                21: "21 منشورًا",
                99: "99 منشورًا",
                100: "100 منشور",
                101: "101 منشور",
                103: "103 منشورات",
                111: "111 منشورًا",
            },
        ),
    ],
)
def test_posts_are_counted_as_the_language_counts(lang, forms):
    assert {number: LANGUAGES[lang].posts(number) for number in forms} == forms


@pytest.mark.parametrize(
    ("lang", "forms"),
    [
        ("en", {1: "1 minute", 2: "2 minutes"}),
        ("de", {1: "1 Minute", 5: "5 Minuten"}),
        ("es", {1: "1 minuto", 5: "5 minutos"}),
        ("fr", {1: "1 minute", 2: "2 minutes"}),
        ("pt", {1: "1 minuto", 3: "3 minutos"}),
        ("tr", {1: "1 dakika", 3: "3 dakika"}),
        ("id", {1: "1 menit", 3: "3 menit"}),
        ("ja", {1: "1分", 3: "3分"}),
        ("hi", {1: "1 मिनट", 3: "3 मिनट"}),
        ("ar", {1: "دقيقة واحدة", 2: "دقيقتان", 3: "3 دقائق", 11: "11 دقيقة", 100: "100 دقيقة"}),
    ],
)
def test_minutes_are_counted_as_the_language_counts(lang, forms):
    assert {number: LANGUAGES[lang].minutes(number) for number in forms} == forms


@every_language
def test_help_says_every_command_and_names_the_bot_alone(lang):
    for text in helps(lang):
        assert re.findall(r"[@\uff20]\w+", text) == [f"@{LONGEST_BOT}"]
        assert not re.search(r"[#$\uff03\uff04]", text)
        for word in ("unroll", "refresh", "stop", "start", "opt out", "opt in", "delete", "unlist"):
            assert word in text


@every_language
@pytest.mark.parametrize(("command", "back"), [("stop", "start"), ("opt-out", "opt in")])
def test_who_leaves_is_told_the_way_back(lang, command, back):
    assert all(back in confirmation(command, lang, attempt=attempt) for attempt in MANY)


@every_language
@pytest.mark.parametrize(
    "reason", ["no-keyword", "in-prefix", "already-answered", "post-gone", "no-page", ""]
)
def test_for_other_reasons_there_are_no_words(lang, reason):
    assert refusal(reason, lang, attempt=0) is None


def test_a_language_we_do_not_speak_is_answered_in_english():
    assert answer("ko") == answer("und") == answer(None) == answer("en")
    assert phrases.confirmation("stop", "sv", attempt=3) == phrases.confirmation("stop", "en", attempt=3)


class TestCompose:
    """A reply for a real thread."""

    def reply(self, *, name="Ada Quill", **told):
        posts = tuple(chain_of(5))
        thread = Thread(posts[0].id, posts[0].id, replace(AUTHORS[ADA], name=name), posts)
        return compose(thread, URL, **{"seed": thread.id, **told})

    @every_language
    def test_it_speaks_the_language_asked_for(self, lang):
        words = LANGUAGES[lang]
        said = self.reply(lang=lang)
        assert any(said.startswith(greeting) for greeting in words.greetings)
        assert words.posts(5) in said
        assert words.minutes(1) in said

    def test_without_a_language_it_is_english(self):
        assert self.reply() == self.reply(lang="en")

    @every_language
    def test_later_replies_to_a_thread_use_other_words(self, lang):
        assert len({self.reply(lang=lang, attempt=attempt) for attempt in range(40)}) == 40

    def test_threads_begin_elsewhere(self):
        assert len({self.reply(seed=seed) for seed in range(10**18, 10**18 + 200)}) > 60

    def test_it_never_carries_the_threads_text(self):
        assert "Part" not in self.reply()

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("Ada Quill", "Ada Quill"),
            ("J.R.R. Marsh", "J. R. R. Marsh"),
            ("Ada @eve", "Ada eve"),
            ("Ada\uff20eve \uff03one \uff04TWO", "Adaeve one TWO"),
            ("#one $TWO Ada", "one TWO Ada"),
            ("Ada https://evil.example/x now", "Ada now"),
            ("ada.example", "ada. example"),
            ("Ada\u202equill\u202c", "Adaquill"),
            ("Ada\nQuill", "Ada Quill"),
            ("\U0001f469\u200d\U0001f52c Ada", "\U0001f469\u200d\U0001f52c Ada"),
            ("{name} {0} %s", "{name} {0} %s"),
            ("", "ada"),
            ("@$#", "ada"),
            ("\u200d\u202e\u200b", "ada"),
            ("https://evil.example", "ada"),
            ("ht@tps://evil.example/x Ada", "Ada"),
            ("\U0001d160" * 20, "\U0001d158\U0001d165\U0001d16e" * 16),
            ("\u0634\u0627\u062f\u064a", "\u0634\u0627\u062f\u064a"),
        ],
    )
    def test_a_name_is_said_without_what_could_do_harm(self, name, said):
        for attempt in range(60):
            assert f" {said}" in self.reply(name=name, attempt=attempt)

    @given(
        name=st.text(max_size=80)
        | st.text(alphabet="a.@#$\uff20:/ht\U0001d160\ufdfa\u0958\u200d", max_size=80),
        lang=st.sampled_from(TEN),
        attempt=st.integers(0, 1000),
    )
    def test_any_name_fits_and_names_nobody(self, name, lang, attempt):
        text = self.reply(name=name, lang=lang, attempt=attempt)
        assert weight(text) <= MAX_WEIGHT
        assert not re.search(r"[@#$\uff20\uff03\uff04]", text)
        assert [value for *_, kind, value in tokens(text) if kind == "url"] == [URL]
        assert text.endswith(f"\n{URL}")
        assert len(text.splitlines()) == 2
