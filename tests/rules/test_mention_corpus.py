# ruff: noqa: RUF001 - people write in letters that look like English ones
"""Thousands of mentions as people write them, each read from X's payload, each with a person's decision."""

from datetime import timedelta
from itertools import product
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import Command, Goal, Mention, Refusal, Request
from bot.rules.request import decide
from bot.x.client import POST_FIELDS
from bot.x.decode import post as decode
from sandbox.fields import post_fields
from sandbox.payload import in_new_names
from sandbox.world import World
from tests.rules.mentions import CALLS, ENDINGS, LANGUAGES, NOES, OPENINGS, TABLE, WORDS, B

TEN = sorted(LANGUAGES)


class Street:
    """A world with one thread in it, where anybody may say anything."""

    def __init__(self):
        self.world = World()
        ada = self.world.author("ada", name="Ada Quill")
        self.posts = self.world.thread(ada, ["One.", "Two.", "Three."], ago=timedelta(hours=2))
        self.answered = self.world.post(self.world.bot, "Here you go.", reply_to=self.posts[1])

    def decide(self, said, *, new_names=False):
        payload = {"post": post_fields(self.world, said, frozenset(POST_FIELDS), "https://x.example")}
        payload = in_new_names(payload) if new_names else payload
        mention = Mention(decode(payload), payload)
        return decide(mention, bot_id=int(self.world.bot.id), bot_username=self.world.bot.username)

    def hear(self, text, *, under=None, **how):
        under = under or self.posts[1]
        return self.decide(self.world.mention("asker", under, text), **how)


@pytest.fixture(scope="module")
def street():
    return Street()


def name_of(decision):
    match decision:
        case Request():
            return "unroll"
        case Command():
            return decision.kind
        case Refusal():
            return decision.reason


def test_the_table_is_large_and_in_ten_languages():
    texts = [text for _, text, _ in TABLE]
    assert len(texts) >= 250
    assert len(LANGUAGES) == 10
    assert all({"unroll", "negated", "only-talk", "no-keyword"} <= set(kinds) for kinds in LANGUAGES.values())
    assert len({(lang, text) for lang, text, _ in TABLE}) == len(texts)


@pytest.mark.parametrize("new_names", [False, True], ids=["old names", "new names"])
@pytest.mark.parametrize("lang", TEN)
def test_each_text_of_the_table_is_taken_as_a_person_takes_it(street, lang, new_names):
    wrong = [
        (text, decision, found)
        for language, text, decision in TABLE
        if language == lang and (found := name_of(street.hear(text, new_names=new_names))) != decision
    ]
    assert wrong == []


@pytest.mark.parametrize("decision", ["unroll", "negated", "only-talk"])
def test_below_the_bots_own_reply_the_same_is_said_by_the_same_words(street, decision):
    """There X has put the bot's name in front already."""
    texts = [text for _, text, wanted in TABLE if wanted == decision]
    found = {text: name_of(street.hear(text, under=street.answered)) for text in texts}
    assert {text: name for text, name in found.items() if name != decision} == {}


def test_what_is_said_to_others_below_the_bots_reply_is_not_said_to_the_bot(street):
    """X repeats the bot's name in front of all that follows it there."""
    for _, text, decision in TABLE:
        unaddressed = text.replace("＠unrollbot", "").replace(B, "").replace("@UnrollBot", "")
        if decision != "in-prefix" and unaddressed.strip() and "@UNROLLBOT" not in text:
            assert name_of(street.hear(unaddressed, under=street.answered)) == "in-prefix", text


def test_the_same_words_in_a_quote_mean_the_quoted_thread(street):
    for _, text, decision in TABLE:
        said = street.world.quote("asker", street.posts[2], text)
        found = street.decide(said)
        assert name_of(found) == decision or decision in {"in-prefix", "help"}, text
        if isinstance(found, Request):
            assert found.goal == Goal(street.posts[2].number)


def test_the_same_words_on_their_own_ask_for_nothing(street):
    for _, text, decision in TABLE:
        found = street.decide(street.world.post("asker", text))
        assert not isinstance(found, Request), text
        if decision == "unroll":
            assert found == Refusal("no-thread"), text


def test_a_request_is_for_the_post_it_stands_under(street):
    goal = Goal(street.posts[1].number, street.posts[0].number, int(street.posts[0].author.id), "ada")
    for _, text, decision in TABLE:
        if decision == "unroll":
            assert street.hear(text).goal == goal


def test_the_word_past_the_cut_of_a_long_post_is_heard_and_only_there(street):
    text = "Keepers wrote it all down, hour by hour, in ink. " * 12
    said = street.world.mention("asker", street.posts[0], f"{text}{B} unroll")
    assert "unroll" not in said.text.lower().removeprefix("@ada")
    assert name_of(street.decide(said)) == "unroll"


def combinations():
    for lang in TEN:
        for opening, call, word, ending in product(OPENINGS[lang], CALLS[:3], WORDS, ENDINGS[lang]):
            yield f"{opening}{call}{word}{ending}"


def test_every_combination_of_what_goes_together_is_a_request(street):
    texts = list(combinations())
    assert len(texts) > 4000
    assert [text for text in texts if name_of(street.hear(text)) != "unroll"] == []


def test_every_plain_no_is_one_in_any_spelling(street):
    texts = [
        f"{call}{no.format(word)}{ending}"
        for lang in TEN
        for call, no, word, ending in product(CALLS, NOES[lang], WORDS[:6], ["", "!", " 🙏", "."])
    ]
    assert len(texts) > 4000
    assert [text for text in texts if name_of(street.hear(text)) != "negated"] == []


parts = st.sampled_from(TEN).flatmap(
    lambda lang: st.tuples(
        st.sampled_from(OPENINGS[lang]),
        st.sampled_from(CALLS),
        st.sampled_from(WORDS),
        st.sampled_from(ENDINGS[lang]),
    )
)
# What may stand around without a meaning; no letter, so that it joins no word.
noise = st.text(alphabet=" \n!?…👏🧵🙏✨\u200b\u2060\ufe0f()~*", max_size=6)
chatter = st.sampled_from(
    ["", "Read this all night. ", "無限に読める。", "¡Genial! ", "यह कमाल है। ", "رائع. ", "@ben_marsh look! "]
)


@settings(max_examples=500)
@given(parts, noise, noise, chatter)
def test_noise_and_chatter_around_a_request_leave_it_one(street, said, before, after, first):
    opening, call, word, ending = said
    text = f"{first}{opening}{before} {call}{word}{ending} {after}"
    assert name_of(street.hear(text)) == "unroll"


@settings(max_examples=500)
@given(st.sampled_from(TEN), st.data(), noise, chatter)
def test_noise_and_chatter_around_a_no_leave_it_one(street, lang, data, around, first):
    no = data.draw(st.sampled_from(NOES[lang])).format(data.draw(st.sampled_from(WORDS[:4])))
    assert name_of(street.hear(f"{first}{data.draw(st.sampled_from(CALLS))}{no} {around}")) == "negated"


@settings(max_examples=500)
@given(st.sampled_from(CALLS), st.text(alphabet="abcdefgiklmnopqrstuvxyz éßñçışğ漢かعक", max_size=40), noise)
def test_without_the_word_nothing_is_unrolled(street, call, words, around):
    if "unroll" not in words and "compile" not in words:
        assert name_of(street.hear(f"{call}{words}{around}")) != "unroll"


@settings(max_examples=300)
@given(st.text("abcXYZ_09", min_size=1, max_size=6), st.text("abcXYZ_09", min_size=1, max_size=6))
def test_the_word_inside_another_word_is_not_the_word(street, before, after):
    for word in (f"{before}unroll", f"unroll{after}", f"{before}compile{after}"):
        assert name_of(street.hear(f"{B} look at {word} there")) == "no-keyword"


@pytest.mark.parametrize(
    "unit", ["unroll, ", "don't the ", "how @a ", "لا من ", "unroll a b ", "@a ", "thanks a "]
)
def test_the_longest_post_is_decided_in_a_moment(street, unit):
    """25,000 characters is as much as X takes."""
    began = perf_counter()
    assert name_of(street.hear(f"{B} {unit * (24_900 // len(unit))}unroll"))
    assert perf_counter() - began < 5


@settings(max_examples=300)
@given(st.text(max_size=120))
def test_whatever_is_said_is_decided(street, text):
    assert name_of(street.hear(f"{B} {text}"))
