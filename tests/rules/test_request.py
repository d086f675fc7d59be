"""Is this mention a request, and for which post? Each decision with its reason."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Entity, Goal, Mention, Refusal, Request
from bot.rules.request import decide, post_id_of
from tests.rules.making import ADA, BOB, make_post

BOT, BOT_NAME = 99, "unrollbot"
PARENT, ROOT = 500, 400


def mention(text, *, author=BOB, typed=True, **fields):
    """A reply under Ada's post, with the names that X put in front of it."""
    prefix = "@ada "
    marks = [Entity("mention", 0, 4, "ada", user_id=ADA)]
    if not typed:
        marks.append(Entity("mention", 5, 15, BOT_NAME, user_id=BOT))
        prefix += f"@{BOT_NAME} "
    whole = prefix + text
    at = whole.casefold().find(f"@{BOT_NAME}", len(prefix))
    if at >= 0:
        marks.append(Entity("mention", at, at + 1 + len(BOT_NAME), whole[at + 1 : at + 10], user_id=BOT))
    values = {
        "conversation_id": ROOT,
        "reply_to": PARENT,
        "reply_to_author": ADA,
        "display_start": len(prefix),
        "entities": tuple(marks),
        **fields,
    }
    return make_post(600, author, whole, **values)


def decision(post):
    return decide(Mention(post), bot_id=BOT, bot_username=BOT_NAME)


def goal(post):
    found = decision(post)
    assert isinstance(found, Request), found
    return found.goal


def reason(post):
    found = decision(post)
    assert isinstance(found, Refusal), found
    return found.reason


@pytest.mark.parametrize(
    "text",
    [
        "@unrollbot unroll",
        "@UnrollBot UNROLL",
        "unroll @unrollbot",
        "@unrollbot Unroll!",
        "@unrollbot, unroll, please",
        "@unrollbot «unroll»",
        "🙏 @unrollbot 👉unroll👈",
        "@unrollbot unroll🙏🏽",
        "@unrollbot\nunroll\nthank you",
        "@unrollbot #unroll",
        "@unrollbot compile",
        "@unrollbot pls unroll this one & that",
        "Wow.@unrollbot unroll",
        "@unrollbot no way, unroll this",
    ],
)
def test_the_word_is_heard_in_any_case_and_company(text):
    assert goal(mention(text)) == Goal(PARENT, ROOT, ADA, "ada")


@pytest.mark.parametrize(
    "text",
    [
        "@unrollbot hello",
        "@unrollbot unrolled it",
        "@unrollbot scroll",
        "@unrollbot x.com/unroll",
    ],
)
def test_without_the_word_it_is_no_request(text):
    assert reason(mention(text)) == "no-keyword"


@pytest.mark.parametrize(
    "text",
    [
        "@unrollbot don't unroll",
        "@unrollbot do not unroll this",
        "never unroll @unrollbot",
        "@unrollbot don\u2019t unroll",
    ],
)
def test_a_no_is_a_no(text):
    assert reason(mention(text)) == "negated"


def test_a_name_that_x_put_in_front_is_no_call():
    assert reason(mention("I like unroll", typed=False)) == "in-prefix"


def test_who_calls_again_below_the_bots_reply_is_heard():
    assert goal(mention("@unrollbot unroll", typed=False)).post_id == PARENT


def test_the_bot_does_not_listen_to_itself():
    assert reason(mention("@unrollbot unroll", author=BOT)) == "own-post"


def test_a_repost_is_no_request():
    assert reason(mention("@unrollbot unroll", reposted=5)) == "repost"


def test_a_call_past_the_cut_of_a_long_post_is_heard():
    long = "A word on lighthouses. " * 30
    post = mention(long + "@unrollbot unroll")
    assert len(post.text) > 280
    assert goal(post).post_id == PARENT


def test_a_call_without_its_entity_is_heard():
    post = mention("@unrollbot unroll")
    assert goal(replace(post, entities=post.entities[:1])).post_id == PARENT


def test_other_accounts_of_a_similar_name_are_not_us():
    post = mention("@unrollbot2 unroll")
    assert reason(replace(post, entities=post.entities[:1])) == "in-prefix"


def test_with_nothing_above_it_there_is_nothing_to_unroll():
    post = make_post(
        600, BOB, "@unrollbot unroll", entities=(Entity("mention", 0, 10, BOT_NAME, user_id=BOT),)
    )
    assert reason(post) == "no-thread"


def test_a_quote_means_the_quoted_thread():
    post = mention("@unrollbot unroll", reply_to=None, reply_to_author=None, quoted=77)
    assert goal(post) == Goal(77)


def test_a_link_means_the_linked_thread_before_the_one_replied_to():
    text = "@unrollbot unroll https://t.co/abc"
    post = mention(text)
    at = post.text.index("https://t.co/abc")
    linked = Entity(
        "url", at, at + 16, "https://t.co/abc", expanded_url="https://x.com/ada/status/12345?s=20"
    )
    assert goal(replace(post, entities=(*post.entities, linked))) == Goal(12345)
    picture = replace(linked, media_key="3_1")
    assert goal(replace(post, entities=(*post.entities, picture))).post_id == PARENT
    elsewhere = replace(linked, expanded_url="https://example.com/status/1")
    assert goal(replace(post, entities=(*post.entities, elsewhere))).post_id == PARENT


def test_below_the_bots_own_reply_the_conversations_thread_is_meant():
    post = mention("@unrollbot unroll", reply_to_author=BOT)
    assert goal(post) == Goal(ROOT, ROOT)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://x.com/ada/status/123", 123),
        ("http://twitter.com/ada/status/123?s=20&t=x", 123),
        ("https://mobile.twitter.com/ada/statuses/123/photo/1", 123),
        ("https://X.com/i/web/status/123#m", 123),
        (" 2124623951098281984 ", 2124623951098281984),
        ("https://x.com/ada", None),
        ("https://example.com/ada/status/123", None),
        ("https://x.com.evil.example/ada/status/123", None),
        ("12a", None),
        ("", None),
    ],
)
def test_the_id_in_an_address(address, expected):
    assert post_id_of(address) == expected


@given(st.text(max_size=60), st.integers(0, 80))
def test_no_mention_is_too_odd_to_be_decided(text, display_start):
    decision(replace(mention(text), display_start=display_start))
