"""Every address that the site answers, taken from the site itself: a new one cannot be forgotten here."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from starlette.routing import Route

from bot.store import open_store
from reader.app import create_app
from tests.reader.conftest import Visitor
from tests.reader.parsing import Page, assert_sound
from tests.reader.test_site import POLICY
from tests.reader.whole_site import GONE, HEBREW, LIGHTHOUSE, MENTIONED, Everything, furnish

# What stands in the place of each parameter: something that is there, something that is not, and mischief.
VALUES = {
    "post": [str(LIGHTHOUSE), str(HEBREW), str(GONE), "20", "<script>"],
    "etag": ["v1"],
    "username": ["mira_holt", "nobody", "<script>"],
    "who": ["cleo", "nobody", "<script>"],
    "tag": ["fog", "<script>"],
    "part": ["1", "99"],
    "token": ["its-token", "a-token", "<script>"],
    "mention": [str(MENTIONED["done"]), str(MENTIONED["queued"]), "5", "<script>"],
    "sha256": ["a" * 64, "..%2f..%2fetc%2fpasswd"],
    "digest": ["0"],
    "name": ["site.css", "nothing.css"],
}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("every")
    store = open_store(f"sqlite:///{folder}/site.db")
    furnish(store, folder, now=datetime.now(UTC))
    yield create_app(store, replace(Everything(folder), x_consumer_secret=SecretStr("made up")))
    store.close()


def addresses(app) -> list[tuple[str, str]]:
    """(pattern, address): of each pattern one with each value of its parameter, the others at their first."""
    found = []
    for route in app.routes:
        assert isinstance(route, Route), f"{route} is asked by no test"
        names = re.findall(r"{(\w+)(?::\w+)?}", route.path)
        firsts = {name: VALUES[name][0] for name in names}
        choices = [firsts | {name: value} for name in names for value in VALUES[name]] or [{}]
        found += [
            (route.path, re.sub(r"{(\w+)(?::\w+)?}", lambda m: values[m[1]], route.path))  # noqa: B023
            for values in choices
        ]
    return list(dict.fromkeys(found))


def test_every_answer_of_every_address_is_guarded(app):
    site = Visitor(app)
    for _, address in addresses(app):
        for method in METHODS:
            answer = site.request(method, address)
            said = (method, address, answer.status_code)
            assert answer.status_code < 500 or "epub" in address, said
            assert answer.headers["content-security-policy"] == POLICY, said
            assert answer.headers["x-content-type-options"] == "nosniff", said
            assert answer.headers["referrer-policy"] == "no-referrer", said
            assert answer.headers["x-frame-options"].lower() == "deny", said
            assert answer.headers["strict-transport-security"], said
            assert "set-cookie" not in answer.headers, said
            assert "<script>" not in answer.text.replace("&lt;script>", ""), said
            if answer.headers.get("content-type", "").startswith("text/html") and answer.text:
                assert_sound(Page(answer.text))


def test_no_form_can_be_sent_from_another_site(app):
    """Only what ends letters is free to all, by RFC 8058, and X's own calls are known by their signature."""
    site = Visitor(app)
    posted = {
        (pattern, address)
        for pattern, address in addresses(app)
        for route in app.routes
        if route.path == pattern and "POST" in (route.methods or ())
    }
    assert len({pattern for pattern, _ in posted}) > 5
    for pattern, address in posted:
        if pattern.startswith("/unsubscribe/"):
            continue
        for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
            answer = site.request(
                "POST", address, data={"post": "20", "address": "a@b.example"}, headers=headers
            )
            assert answer.status_code in {401, 403}, (address, headers, answer.status_code)
