"""The help page tells all that the code goes by, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from pydantic import SecretStr

from bot.domain import CommandKind
from bot.rules import phrases
from bot.rules.commands import examples, strict_command
from bot.settings import Settings
from reader import guide, reasons
from reader.app import create_app
from tests.reader.conftest import Visitor
from tests.reader.parsing import Page, assert_sound


@pytest.fixture
def page(site) -> Page:
    answer = site.get("/help")
    page = Page(answer.text)
    assert answer.status_code == 200
    assert_sound(page)
    return page


def test_every_command_is_told_with_words_that_give_it(page):
    assert {*guide.FOR_EVERYBODY, *guide.FOR_AUTHORS} == set(get_args(CommandKind))
    for kind in get_args(CommandKind):
        words = examples(kind)
        assert words, kind
        assert {strict_command(word) for word in words} == {kind}
        assert all(word in page.text for word in words)


def test_every_reason_gap_and_language_is_told(page):
    assert all(sentence in page.text for sentence in (*reasons.REASONS.values(), *reasons.GAPS.values()))
    assert set(guide.NAMES) == set(phrases.LANGUAGES)
    assert all(name in page.text for name in guide.NAMES.values())


LIMITS = [
    "requests_per_user_per_day",
    "requests_per_conversation_per_hour",
    "requests_per_author_per_day",
    "max_posts_per_thread",
    "unrolls_per_visitor_per_day",
    "refreshes_per_visitor_per_day",
    "refreshes_per_thread_per_day",
    "export_posts_per_day",
    "subscriptions_per_visitor_per_day",
    "letters_per_day",
]


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_told_as_it_is_set(store, settings, name):
    mailing = SecretStr("smtp://127.0.0.1:1")
    site = Visitor(create_app(store, replace(settings, smtp_url=mailing, **{name: 7531})))
    assert "7,531" in site.get("/help").text


def test_no_limit_of_a_person_is_left_out():
    per = {name for name in Settings.model_fields if "_per_" in name}
    assert per <= set(LIMITS)


def test_keywords_are_those_of_the_bot(store, settings):
    site = Visitor(create_app(store, replace(settings, keywords=("abrollen",))))
    assert "@unrollbot abrollen" in site.get("/help").text
