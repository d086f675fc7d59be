"""Who asks is answered in the language they ask in."""

from datetime import timedelta

import pytest

from bot.rules.phrases import LANGUAGES
from bot.rules.reply import compose

LINK = "https://reader.example/thread/"


@pytest.fixture
def posts(world):
    ada = world.author("ada", name="Ada Quill")
    texts = [f"Part {n} of what I learned about lighthouses." for n in range(1, 4)]
    return world.thread(ada, texts, ago=timedelta(hours=2))


def reply_to(house, mention):
    [reply] = house.world.replies_to(mention)
    return reply.raw


def ask(house, post, text, *, by="asker", lang=None):
    mention = house.world.mention(by, under=post, text=text, lang=lang)
    house.run()
    return mention


def says(text, lang):
    """Whether the sentence about the thread is one of that language's."""
    words = LANGUAGES[lang]
    threads = (
        sentence.format(name="Ada Quill", posts=words.posts(3), minutes=words.minutes(1))
        for sentence in words.threads
    )
    return any(sentence in text for sentence in threads)


@pytest.mark.parametrize(
    ("text", "code", "lang", "posts_told"),
    [
        ("@unrollbot unroll お願いします", "ja", "ja", "3件"),
        ("@unrollbot unroll من فضلك", "ar", "ar", "3 منشورات"),
        ("@unrollbot unroll por favor", "es", "es", "3 publicaciones"),
        ("@unrollbot tolong unroll", "in", "id", "3 postingan"),
        ("@unrollbot unroll por favor", "pt", "pt", "3 publicações"),
        ("@unrollbot unroll s'il vous plaît", "fr", "fr", "3 posts"),
        ("@unrollbot bitte unroll", "de", "de", "3 Beiträge"),
        ("@unrollbot unroll lütfen", "tr", "tr", "3 gönderi"),
        ("@unrollbot कृपया unroll करें", "hi", "hi", "3 पोस्ट"),
        ("@unrollbot unroll please", "en", "en", "3 posts"),
    ],
)
def test_a_request_is_answered_in_its_own_language(house, posts, text, code, lang, posts_told):
    said = reply_to(house, ask(house, posts[1], text, lang=code))
    assert says(said, lang), said
    assert posts_told in said
    assert said.endswith(f"\n{LINK}{posts[0].id}")


@pytest.mark.parametrize("code", ["zxx", "und", "qme", "ko", "sv"])
def test_where_the_language_is_unknown_or_not_ours_the_answer_is_english(house, posts, code):
    assert says(reply_to(house, ask(house, posts[0], "@unrollbot unroll", lang=code)), "en")


def test_each_asker_of_one_thread_gets_their_own_language_and_their_own_words(house, posts):
    askers = [("ja", "ja"), ("ar", "ar"), ("es", "es"), ("es", "es"), ("in", "id"), ("ja", "ja")]
    mentions = [
        house.world.mention(f"asker{n}", under=posts[n % 3], lang=code) for n, (code, _) in enumerate(askers)
    ]
    house.run()
    said = [reply_to(house, mention) for mention in mentions]
    assert len(set(said)) == len(askers)
    assert all(says(text, lang) for text, (_, lang) in zip(said, askers, strict=True))


def test_the_language_of_the_thread_does_not_matter(house, world):
    mika = world.author("mika", name="ミカ")
    posts = world.thread(mika, ["灯台の話。", "夜の番。"], ago=timedelta(hours=2))
    said = reply_to(house, ask(house, posts[0], "@unrollbot unroll por favor", lang="es"))
    assert "ミカ" in said
    assert "2 publicaciones" in said


def test_a_name_in_arabic_letters_leaves_an_english_answer_in_order(house, world):
    shadi = world.author("shadi", name="شادي")
    posts = world.thread(shadi, ["واحد.", "اثنان."], ago=timedelta(hours=2))
    said = reply_to(house, ask(house, posts[0], "@unrollbot unroll please", lang="en"))
    following = said.split("شادي")[1].lstrip(" ,(")
    assert following[0].isascii()
    assert following[0].isalpha()


def test_after_a_refused_duplicate_the_next_words_are_of_the_same_language(house, posts):
    first = ask(house, posts[0], "@unrollbot unroll お願いします", by="ben", lang="ja")
    thread = house.store.threads.find(posts[0].number).thread
    taken = compose(thread, f"{LINK}{posts[0].id}", seed=thread.id, attempt=1, lang="ja")
    house.world.post(house.world.bot, taken)
    second = ask(house, posts[0], "@unrollbot unroll お願いします", by="cleo", lang="ja")
    texts = {reply_to(house, first), reply_to(house, second), taken}
    assert len(texts) == 3
    assert all(says(text, "ja") for text in texts)


@pytest.mark.parametrize(
    ("code", "lang"), [("ja", "ja"), ("ar", "ar"), ("es", "es"), ("in", "id"), ("xx", "en")]
)
def test_a_refusal_speaks_the_askers_language(house, world, code, lang):
    lonely = world.post("ada", "One thought, and no more.", ago=timedelta(hours=2))
    said = reply_to(house, ask(house, lonely, "@unrollbot unroll", lang=code))
    assert any(body in said for body in LANGUAGES[lang].refusals["not-a-thread"]), said


@pytest.mark.parametrize(
    ("code", "lang"), [("ja", "ja"), ("ar", "ar"), ("es", "es"), ("hi", "hi"), ("xx", "en")]
)
def test_a_command_is_confirmed_in_the_language_it_was_given_in(house, posts, code, lang):
    said = reply_to(house, ask(house, posts[0], "@unrollbot stop", lang=code))
    assert any(body in said for body in LANGUAGES[lang].confirmations["stop"]), said


def test_help_comes_in_the_askers_language(house, posts):
    said = reply_to(house, ask(house, posts[0], "@unrollbot help", lang="tr"))
    assert any(body.format(bot="@unrollbot") in said for body in LANGUAGES["tr"].help), said


def test_a_no_in_any_language_is_kept_without_a_word(house, posts):
    noes = ["@unrollbot no hagas unroll", "@unrollbot unrollしないで", "@unrollbot لا تعمل unroll"]
    mentions = [ask(house, posts[0], text) for text in noes]
    assert [house.world.replies_to(mention) for mention in mentions] == [[], [], []]
    rows = [house.store.mentions.find(mention.number) for mention in mentions]
    assert {(row.decision, row.reason) for row in rows} == {("refusal", "negated")}
