"""Commands are taken at their word, and only where little else is said; who is let in, and how often."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Command, Goal, Mention, Refusal, Request
from bot.rules.admission import Door, Quota, may_come_back
from bot.rules.request import decide
from tests.rules.making import ADA, BOB, EVE
from tests.rules.test_request import BOT, BOT_NAME, PARENT, ROOT, mention

HEARD = {
    "stop": [
        *("@unrollbot stop", "stop @unrollbot", "@unrollbot STOP!!!", "Please stop, @unrollbot \U0001f64f"),
        *("@unrollbot stop replying to me", "@unrollbot unsubscribe", "@unrollbot leave me alone please"),
        *(
            "@unrollbot stop it",
            "@unrollbot stop spamming my mentions",
            "@UnrollBot Stop unrolling my threads",
        ),
    ],
    "start": ["@unrollbot start", "@unrollbot please start again", "@unrollbot resume"],
    "opt-out": [
        *("@unrollbot opt out", "@unrollbot opt-out", "@unrollbot OptOut", "@unrollbot opt me out please"),
        *("hi @unrollbot, I'd like to opt out", "@unrollbot can you opt me out?", "@unrollbot opt\u2011out"),
        "@unrollbot I\u2019d like to opt out of this, thanks!",
    ],
    "opt-in": [
        "@unrollbot opt in",
        "@unrollbot opt-in",
        "@unrollbot opt me back in please",
        "@unrollbot optin",
    ],
    "delete": [
        "@unrollbot delete",
        "@unrollbot please delete this page",
        "@unrollbot take this down",
        "remove it @unrollbot",
    ],
    "unlist": ["@unrollbot unlist", "@unrollbot unlist this thread please"],
    "refresh": ["@unrollbot refresh", "@unrollbot refresh please!", "@unrollbot update this page"],
    "help": [
        "@unrollbot help",
        "@unrollbot",
        "@unrollbot how does this work?",
        "@unrollbot what can you do",
        "@unrollbot ?",
    ],
}
NOT_HEARD = [
    *("@unrollbot thank you!", "@unrollbot thanks, how nice!", "love @unrollbot", "@unrollbot is great"),
    *(
        "@unrollbot stop the war",
        "@unrollbot don't stop",
        "I will never stop asking @unrollbot",
        "@unrollbot lol",
    ),
    *("the police should delete @unrollbot tweets about crime", "@unrollbot remove the president"),
    *("have you seen @unrollbot, does it work?", "@unrollbot and @otherbot, which is better?"),
    *("@unrollbot gracias!", "@unrollbot danke, was kostet das?", "\U0001f44f @unrollbot \U0001f44f"),
]


REQUESTS = [
    *(
        "@unrollbot unroll and delete your rivals",
        "@unrollbot help me unroll this",
        "@unrollbot please unroll",
    ),
    *("@unrollbot unroll this from the start", "non-stop fun, @unrollbot unroll"),
]
TIGHT = Quota(user=2, conversation=3, author=4)


def decided(text, **fields):
    return decide(Mention(mention(text, **fields)), bot_id=BOT, bot_username=BOT_NAME)


def kind_of(text, **fields):
    found = decided(text, **fields)
    return found.kind if isinstance(found, Command) else None


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in HEARD.items() for text in texts])
def test_a_command_is_heard(kind, text):
    assert kind_of(text) == kind


@pytest.mark.parametrize("text", NOT_HEARD)
def test_what_is_said_about_or_around_the_bot_is_no_command(text):
    assert kind_of(text) is None


@pytest.mark.parametrize("text", REQUESTS)
def test_a_request_with_a_commands_word_in_it_is_a_request(text):
    assert isinstance(decided(text), Request)


@pytest.mark.parametrize("kind", ["delete", "unlist", "refresh"])
def test_what_is_about_a_thread_names_the_post_it_stands_under(kind):
    assert decided(f"@unrollbot {kind}").goal == Goal(PARENT, ROOT, ADA, "ada")
    alone = decided(f"@unrollbot {kind}", reply_to=None, reply_to_author=None)
    assert alone == Refusal("no-thread")


def test_a_name_that_x_put_there_gives_no_command():
    assert decided("stop", typed=False) == Refusal("in-prefix")
    assert decided("@unrollbot stop", author=BOT) == Refusal("own-post")


@given(st.text(max_size=60))
def test_any_text_gives_an_answer(text):
    kind_of(f"@unrollbot {text}")


def asks(by=BOB, conversation=ROOT, author=ADA, number=600):
    post = replace(mention("@unrollbot unroll", author=by), id=number, conversation_id=conversation)
    return Mention(post), Request(Goal(PARENT, conversation, author))


def said(kind, by=BOB):
    return Mention(mention(f"@unrollbot {kind}", author=by)), Command(kind)


def admitted(door, *asked):
    found = [door.admit(*each) for each in asked]
    return [each.reason if isinstance(each, Refusal) else None for each in found]


def test_each_limit_has_its_reason():
    assert admitted(Door(TIGHT), asks(), asks(), asks()) == [None, None, "too-many-requests"]
    by_four = [asks(by=by, author=by) for by in range(4)]
    assert admitted(Door(TIGHT), *by_four) == [None, None, None, "conversation-limit"]
    elsewhere = [asks(by=by, conversation=by) for by in range(5)]
    assert admitted(Door(TIGHT), *elsewhere) == [None, None, None, None, "author-limit"]


def test_what_was_asked_before_counts():
    door = Door(TIGHT, by_user=Counter({BOB: 2}))
    assert admitted(door, asks(), asks(by=EVE)) == ["too-many-requests", None]


def test_who_is_blocked_or_stopped_is_refused_what_they_ask():
    door = Door(TIGHT, blocked={BOB}, stopped={EVE})
    for kind in ("refresh", "help"):
        assert admitted(door, said(kind), said(kind, EVE)) == ["blocked", "requester-opted-out"]
    assert admitted(door, asks(), asks(by=EVE)) == ["blocked", "requester-opted-out"]


@pytest.mark.parametrize("kind", ["stop", "opt-out", "opt-in", "delete", "unlist"])
def test_what_people_say_about_their_own_holds_in_any_case(kind):
    door = Door(TIGHT, by_user=Counter({ADA: 9}), blocked={BOB}, stopped={EVE})
    silent = replace(Command(kind), confirmed=False)
    assert [door.admit(*said(kind, by)) for by in (ADA, BOB, EVE)] == [silent] * 3


def test_start_is_confirmed_to_who_said_stop():
    door = Door(TIGHT, stopped={EVE})
    assert door.admit(*said("start", EVE)) == Command("start")
    assert admitted(door, asks(by=EVE)) == [None]


def test_who_may_bring_a_page_back():
    assert may_come_back(None, ADA, None)
    assert may_come_back("author", ADA, ADA)
    assert not may_come_back("author", ADA, BOB)
    assert not may_come_back("author", ADA, None)
    assert not may_come_back("operator", ADA, ADA)
