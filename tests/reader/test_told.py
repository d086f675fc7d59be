"""The webhook's door: whose signature opens it."""

from __future__ import annotations

import json

import pytest
from pydantic import SecretStr

from bot.rules.events import signed
from reader.app import create_app
from tests.reader.conftest import Visitor
from tests.reader.fakes import FakeSettings, FakeStore

OLD, NEW = "x-twitter-webhooks-signature", "x-twitter-webhooks-signature-oauth2"
BODY = json.dumps({"data": {"event_type": "post.create"}}).encode()


@pytest.fixture
def both(tmp_path):
    """The site of an app that has two secrets."""
    secrets = {"x_consumer_secret": SecretStr("consumer"), "x_client_secret": SecretStr("client")}
    return Visitor(create_app(FakeStore(), FakeSettings(tmp_path, **secrets)))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({OLD: signed("consumer", BODY)}, 200),
        ({NEW: signed("client", BODY)}, 200),
        ({NEW: signed("client", BODY), OLD: "sha256=wrong"}, 200),
        ({NEW: "sha256=wrong", OLD: signed("consumer", BODY)}, 403),
        ({OLD: signed("client", BODY)}, 403),
        ({NEW: signed("consumer", BODY)}, 403),
        ({}, 403),
    ],
)
def test_each_signature_opens_with_its_own_secret_and_the_newer_one_is_believed(both, headers, status):
    assert both.request("POST", "/x/webhook", content=BODY, headers=headers).status_code == status


def test_a_challenge_is_answered_with_the_newer_secret(both):
    told = both.get("/x/webhook?crc_token=abc").json()
    assert told == {"response_token": signed("client", b"abc")}


def test_an_app_without_the_newer_secret_goes_by_the_older(tmp_path):
    site = Visitor(create_app(FakeStore(), FakeSettings(tmp_path, x_consumer_secret=SecretStr("consumer"))))
    headers = {NEW: signed("unknown to us", BODY), OLD: signed("consumer", BODY)}
    assert site.request("POST", "/x/webhook", content=BODY, headers=headers).status_code == 200
    assert site.get("/x/webhook?crc_token=abc").json() == {"response_token": signed("consumer", b"abc")}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_nothing_else_is_done_there(both, method):
    assert both.request(method, "/x/webhook").status_code == 405
