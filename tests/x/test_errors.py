"""Every way X says no, or nothing, through real HTTP and real tweepy -> one of three fates."""

import socket
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import fakeredis
import pytest
import requests
from pydantic import SecretStr

from bot.errors import Complaint, Misconfigured, Permanent, Transient, UnrollError
from bot.rules.plan import Search
from bot.settings import CREDENTIALS, Settings
from bot.x import X
from bot.x.circuits import Circuits
from bot.x.connection import Connection
from bot.x.limits import UNKNOWN_WINDOW, Limits
from sandbox.broker import free_port
from tests.x.conftest import Purse

POST, LOOKUP = "POST /2/tweets", "GET /2/tweets"


@pytest.fixture
def mention(house):
    root = house.world.post(house.author(), "A root.")
    return house.world.mention("asker", under=root)


@pytest.fixture
def look(x, mention, impatient):
    return lambda: x.lookup((mention.number,))


@pytest.fixture
def say(x, mention):
    return lambda: x.reply("Here you are.", to=mention.number)


def fate(act) -> UnrollError:
    with pytest.raises(UnrollError) as told:
        act()
    return told.value


class TestReading:
    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    @pytest.mark.parametrize("page", ["answer", "html"])
    def test_overload_is_outlived(self, house, look, status, page):
        getattr(house.world.faults, page)(LOOKUP, status=status)
        error = fate(look)
        assert isinstance(error, Transient)
        assert (error.reason, error.may_have_landed, error.counts) == ("x-down", False, True)
        assert look().posts, "and the next call is answered"

    @pytest.mark.parametrize("fault", ["garbage", "empty"])
    def test_an_answer_that_is_none_is_outlived(self, house, look, fault):
        getattr(house.world.faults, fault)(LOOKUP)
        error = fate(look)
        assert isinstance(error, Transient)
        assert (error.reason, error.may_have_landed) == ("x-unreadable", False)

    @pytest.mark.parametrize("fault", ["cut_before", "drop_answer_of"])
    def test_a_cut_connection_is_outlived(self, house, look, fault):
        getattr(house.world.faults, fault)(LOOKUP)
        error = fate(look)
        assert isinstance(error, Transient)
        assert (error.reason, error.may_have_landed) == ("x-unreachable", False)

    def test_a_used_up_window_tells_when_it_opens(self, house, look):
        house.world.faults.rate_limited(LOOKUP, seconds=120)
        error = fate(look)
        assert isinstance(error, Transient)
        assert not error.counts
        assert error.retry_at - house.world.now() == pytest.approx(
            timedelta(seconds=120), abs=timedelta(seconds=2)
        )
        house.world.advance(timedelta(seconds=60))
        assert fate(look).reason == "rate-limited", "no call is made before"
        assert len(house.world.ledger.calls) == 1

    def test_a_refusal_without_a_reset_waits_a_minute(self, house, look):
        house.world.faults.rate_limited(LOOKUP, with_reset=False)
        error = fate(look)
        assert abs(error.retry_at - house.world.now() - UNKNOWN_WINDOW) < timedelta(seconds=3)

    def test_a_revoked_token_is_the_operators(self, house, look):
        house.world.revoke()
        error = fate(look)
        assert isinstance(error, Misconfigured)
        assert error.reason == "unauthorized"

    @pytest.mark.parametrize(
        ("fault", "reason"), [("usage_capped", "usage-capped"), ("credits_depleted", "credits-depleted")]
    )
    def test_the_end_of_the_money_is_the_operators(self, house, look, fault, reason):
        getattr(house.world.faults, fault)(LOOKUP)
        error = fate(look)
        assert isinstance(error, Misconfigured)
        assert error.reason == reason

    def test_a_forbidden_read_is_the_operators(self, house, look):
        house.world.faults.answer(LOOKUP, 403, detail="Forbidden.")
        assert isinstance(fate(look), Misconfigured)

    def test_a_bad_request_is_a_failure_of_ours(self, house, look):
        house.world.faults.answer(LOOKUP, 400, detail="One or more parameters was invalid.")
        error = fate(look)
        assert isinstance(error, Permanent)
        assert (error.reason, error.refused) == ("bad-request", False)

    @pytest.mark.parametrize("status", [400, 404])
    def test_a_page_before_x_says_nothing_of_the_post(self, house, look, status):
        house.world.faults.html(LOOKUP, status=status)
        assert isinstance(fate(look), Transient)

    def test_missing_posts_are_no_error(self, house, x, mention):
        gone = house.world.post("ada", "Gone.")
        hidden = house.world.post("shy", "Hidden.")
        house.world.delete(gone)
        house.world.protect("shy")
        found = x.lookup((mention.number, gone.number, hidden.number, 12345))
        assert found.missing[gone.number] == "deleted"
        assert found.missing[hidden.number] == "protected"
        assert 12345 in found.missing
        assert list(found.posts) == [mention.number]


class TestPosting:
    @pytest.mark.parametrize("status", [500, 503])
    @pytest.mark.parametrize("page", ["answer", "html"])
    def test_overload_may_have_posted(self, house, say, status, page):
        getattr(house.world.faults, page)(POST, status=status)
        error = fate(say)
        assert isinstance(error, Transient)
        assert error.may_have_landed

    @pytest.mark.parametrize("fault", ["garbage", "empty"])
    @pytest.mark.parametrize("done", [True, False])
    def test_an_unreadable_answer_may_have_posted(self, house, say, fault, done):
        getattr(house.world.faults, fault)(POST, done=done)
        error = fate(say)
        assert isinstance(error, Transient)
        assert error.may_have_landed

    @pytest.mark.parametrize("fault", ["cut_before", "drop_answer_of"])
    def test_a_cut_connection_may_have_posted(self, house, say, fault):
        getattr(house.world.faults, fault)(POST)
        error = fate(say)
        assert isinstance(error, Transient)
        assert error.may_have_landed

    def test_a_slow_answer_may_have_posted(self, house, say, mention, monkeypatch):
        monkeypatch.setattr("bot.x.connection.HTTP_TIMEOUT", timedelta(seconds=0.3))
        house.world.faults.slow(POST, 2)
        error = fate(say)
        assert (error.reason, error.detail, error.may_have_landed) == ("x-unreachable", "ReadTimeout", True)
        assert len(house.world.replies_to(mention.id)) == 1

    def test_a_used_up_window_has_posted_nothing(self, house, say):
        house.world.faults.rate_limited(POST)
        error = fate(say)
        assert isinstance(error, Transient)
        assert (error.may_have_landed, error.counts) == (False, False)

    def test_a_used_up_day_waits_for_the_next(self, house, x, mention):
        house.world.limits.set(POST, per_day=1)
        x.reply("One.", to=mention.number)
        error = fate(lambda: x.reply("Two.", to=mention.number))
        assert error.retry_at - house.world.now() > timedelta(hours=23)

    def test_the_same_words_twice_are_to_be_varied(self, house, x, mention):
        x.reply("The same.", to=mention.number)
        error = fate(lambda: x.reply("The same.", to=mention.number))
        assert isinstance(error, Permanent)
        assert error.reason == "duplicate-text"

    def test_not_summoned(self, house, x):
        stranger = house.world.post("stranger", "Hello.")
        error = fate(lambda: x.reply("Hi.", to=stranger.number))
        assert isinstance(error, Permanent)
        assert (error.reason, error.refused) == ("reply-not-allowed", True)

    def test_blocked_or_limited(self, house, say, mention):
        house.world.block("asker")
        assert (fate(say).reason, type(fate(say))) == ("reply-not-allowed", Permanent)
        house.world._blocking.clear()
        house.world.limit_replies(mention.id)
        assert (fate(say).reason, type(fate(say))) == ("reply-not-allowed", Permanent)

    def test_the_mention_is_gone(self, house, say, mention):
        house.world.delete(mention.id)
        error = fate(say)
        assert isinstance(error, Permanent)
        assert error.reason == "post-gone"

    @pytest.mark.parametrize("say_no", [lambda f: f.not_permitted(), lambda f: f.html(POST, status=403)])
    def test_the_catch_all_is_a_complaint(self, house, say, say_no):
        say_no(house.world.faults)
        error = fate(say)
        assert isinstance(error, Complaint)
        assert (error.reason, error.may_have_landed, error.counts) == ("not-permitted", False, False)

    def test_a_revoked_token_is_the_operators(self, house, say):
        house.world.revoke()
        assert isinstance(fate(say), Misconfigured)


class TestNeverLeft:
    """Not a byte reached X, so nothing can have been posted."""

    def x_at(self, house, purse, address):
        connection = house.parts.connection
        settings = connection.settings.model_copy(update={"x_api_url": address})
        return X(replace(connection, settings=settings, _local=type(connection._local)()), purse)

    def test_nobody_listens(self, house, purse):
        x = self.x_at(house, purse, f"http://127.0.0.1:{free_port()}")
        error = fate(lambda: x.reply("Hi.", to=1))
        assert isinstance(error, Transient)
        assert (error.reason, error.may_have_landed) == ("x-unreachable", False)

    def test_no_such_name(self, house, purse, monkeypatch):
        def unknown(*_, **__):
            raise socket.gaierror(-2, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        monkeypatch.setenv("NO_PROXY", "*")
        x = self.x_at(house, purse, "http://x.invalid")
        error = fate(lambda: x.reply("Hi.", to=1))
        assert (error.reason, error.may_have_landed) == ("x-unreachable", False)

    def test_no_connection_in_time(self, house, purse, monkeypatch):
        def late(*_, **__):
            raise requests.ConnectTimeout("late")

        monkeypatch.setattr("requests.adapters.HTTPAdapter.send", late)
        x = self.x_at(house, purse, "http://127.0.0.1:1")
        assert not fate(lambda: x.reply("Hi.", to=1)).may_have_landed


STRANGE = [
    *(
        "[1, 2]",
        '"text"',
        "null",
        "{}",
        '{"data": null}',
        '{"errors": 5, "data": 1}',
        '{"data": [], "meta": [1]}',
    ),
    *('{"data": [{"id": "x", "text": "y"}]}', '{"data": [{"id": "5", "text": "t", "created_at": "never"}]}'),
    '{"data": [{"id": "5", "text": "t", "edit_history_tweet_ids": ["q"]}]}',
]
CALLS = {
    "me": lambda x: x.me(),
    "mentions": lambda x: x.mentions(1, since_id=None),
    "lookup": lambda x: x.lookup((1,)),
    "search": lambda x: x.search(Search(1, "ada"), room=100),
    "own replies": lambda x: list(x.own_replies(1, since_id=1)),
    "reply": lambda x: x.reply("Hi.", to=1),
}


@pytest.mark.parametrize("body", STRANGE)
@pytest.mark.parametrize("status", [200, 201, 400, 403, 404, 503])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_no_shape_of_an_answer_breaks_out(offline_x, monkeypatch, status, body, call):
    """A list, a word or nothing instead of an object; also the wrong things inside."""

    def answer(_self, request, **_):
        response = requests.Response()
        response.status_code, response._content, response.request = status, body.encode(), request
        return response

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", answer)
    with suppress(UnrollError):
        call(offline_x)


@pytest.fixture(scope="module")
def offline_x():
    """No sandbox behind it: the answers are made up."""
    settings = Settings(**dict.fromkeys(CREDENTIALS, SecretStr("secret")), _env_file=None)
    redis = fakeredis.FakeRedis()
    return X(Connection(settings, Limits(redis, "app"), Limits(redis, "user"), Circuits(redis)), Purse())


def test_a_job_past_its_deadline_tries_nothing_again(house, x, monkeypatch):
    monkeypatch.setattr("bot.x.client.PATIENCE", timedelta(seconds=4))
    x.deadline = house.world.now() - timedelta(seconds=1)
    began = time.monotonic()
    assert fate(lambda: x.lookup((1,))).reason == "too-slow"
    assert time.monotonic() - began < 0.3
    assert house.world.ledger.calls == []
