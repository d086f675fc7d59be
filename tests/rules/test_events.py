"""What X tells: read whole or not at all, and believed only if signed."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.events import (
    KEPT,
    Event,
    Unreadable,
    is_challenge,
    is_signed,
    is_stale,
    read,
    signed,
    suffices,
)
from bot.rules.plan import posted_at

ID = 2080765813578191303


def body(**changes):
    told = {
        "event_uuid": str(ID),
        "event_type": "post.mention.create",
        "filter": {"user_id": "9"},
        "payload": {"id": str(ID), "text": "@unrollbot unroll"},
        **changes,
    }
    return json.dumps({"data": {name: value for name, value in told.items() if value is not None}}).encode()


def test_a_mention_and_a_deletion_are_read():
    event = read(body(tag="ours"))
    assert (event.kind, event.post_id, event.user_id) == ("mention", ID, 9)
    assert event.told["tag"] == "ours"
    gone = read(body(event_type="post.delete", payload={"id": "7", "author_id": "9"}))
    assert (gone.kind, gone.post_id) == ("deletion", 7)


@pytest.mark.parametrize("kind", ["post.create", "dm.received", "something.new"])
def test_what_nobody_waits_for_is_nothing(kind):
    assert read(body(event_type=kind, payload=None, filter=None)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b'{"data": 7}',
        b'{"data": {"payload": {}}}',
        b"[" * 100_000,
        body(payload={"text": "no id"}),
        body(payload={"id": 7}),
        body(payload={"id": "-7"}),
        body(payload={"id": "0"}),
        body(payload={"id": "9" * 19}),
        body(payload={"id": "\u0967"}),
        body(payload="7"),
        body(filter={}),
        body(event_type=None),
    ],
)
def test_what_is_no_event_is_unreadable_and_nothing_worse(wrong):
    with pytest.raises(Unreadable):
        read(wrong)


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_no_bytes_make_it_stumble(anything):
    try:
        event = read(anything)
    except Unreadable:
        return
    assert event is None or isinstance(event, Event)


def test_a_signature_fits_one_secret_and_one_message():
    mac = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"  # RFC 4231, test case 2
    told = signed("Jefe", b"what do ya want for nothing?")
    assert base64.b64decode(told.removeprefix("sha256=")).hex() == mac
    right = signed("secret", b"{}")
    assert is_signed("secret", b"{}", right)
    for secret, message, signature in (
        ("other", b"{}", right),
        ("secret", b"{ }", right),
        ("secret", b"{}", right[:-2]),
        ("secret", b"{}", ""),
        ("secret", b"{}", "sha256=\u00e9"),
    ):
        assert not is_signed(secret, message, signature)


@given(st.dictionaries(st.text(min_size=1), st.integers(), min_size=1).map(json.dumps))
def test_no_event_can_be_signed_by_asking_for_a_challenge(event):
    assert not is_challenge(event)


@pytest.mark.parametrize(
    "token", ["9b4507b3-9040-4669-9ca3-6b94edb50553", "NGQ1ODY4ZDUtYzY1Mw==", "a+b/c_d-e.f~g"]
)
def test_xs_challenges_are_challenges(token):
    assert is_challenge(token)


def test_an_old_mention_is_stale_and_a_deletion_never():
    event = read(body())
    at = posted_at(ID)
    assert not is_stale(event, at + KEPT)
    assert is_stale(event, at + KEPT + timedelta(seconds=1))
    assert not is_stale(Event("deletion", ID, 9, {}), at + timedelta(days=900))


POST = {"id": "2", "text": "@unrollbot unroll", "author_id": "5", "conversation_id": "1"}
REPLY = {**POST, "in_reply_to_user_id": "4", "referenced_tweets": [{"type": "replied_to", "id": "1"}]}
CUT = "@unrollbot " + "x" * 240 + "\u2026 https://t.co/abcdefghij"


@pytest.mark.parametrize(
    ("payload", "enough"),
    [
        (REPLY, True),
        ({**POST, "conversation_id": "2"}, True),
        ({**REPLY, "referenced_tweets": None, "referenced_posts": REPLY["referenced_tweets"]}, True),
        ({**REPLY, "referenced_tweets": []}, False),
        (POST, False),
        *(({**REPLY, name: None}, False) for name in ("text", "author_id", "conversation_id")),
        ({**REPLY, "text": CUT}, False),
        ({**REPLY, "text": CUT, "note_tweet": {"text": "whole"}}, True),
        ({**REPLY, "text": CUT, "note_post": {"text": "whole"}}, True),
        ({**REPLY, "text": "well\u2026 unroll"}, True),
    ],
)
def test_a_mention_is_judged_by_what_came_only_if_that_is_all(payload, enough):
    assert suffices(payload) is enough
