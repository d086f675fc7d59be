"""`unroll push`, and what the doctor says of it; the site is a server that X can reach."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Thread

import pytest
import uvicorn
from pydantic import SecretStr

from bot.settings import Settings
from bot.store import open_store
from reader.app import create_app
from sandbox.run import QuickServer, listen


@contextmanager
def site(world, database_url):
    """Our site, as X finds it."""
    settings = Settings(x_consumer_secret=SecretStr(world.credentials.consumer_secret), _env_file=None)
    store = open_store(database_url)
    with listen("127.0.0.1", 0) as listener:
        app = create_app(store, settings)
        server = QuickServer(
            uvicorn.Config(app, ws="none", lifespan="off", log_config=None, access_log=False)
        )
        thread = Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield "http://{}:{}".format(*listener.getsockname()[:2])
        finally:
            server.stop()
            thread.join(10)
            store.close()


@pytest.fixture
def public_url(shell, world):
    with site(world, f"sqlite:///{shell.folder}/var/unroll.db") as url:
        yield url


@pytest.fixture
def push(shell, public_url):
    def push(verb, *options, **settings):
        return shell.unroll("push", verb, *options, **{"PUBLIC_URL": public_url, **settings})

    return push


@pytest.fixture
def doctor(shell, public_url):
    def doctor(**settings):
        said = shell.unroll("doctor", "--json", **{"PUBLIC_URL": public_url, **settings})
        return next(check for check in said.document["checks"] if check["name"] == "push")

    return doctor


def test_on_registers_and_off_takes_all_of_it_back(push, world, public_url):
    for _ in range(2):  # again changes nothing
        told = push("on", "--json", MENTIONS="webhook").document
        assert told["webhook"] == {**told["webhook"], "url": f"{public_url}/x/webhook", "valid": True}
        [subscription] = told["subscriptions"]
        assert subscription["event_type"] == "post.mention.create"
        assert subscription["user_id"] == world.bot.id
    assert world.ledger.total == 0
    assert push("status", MENTIONS="webhook").status == 0
    assert push("off").status == 0
    assert (world.push.webhooks, world.push.subscriptions) == ({}, {})


def test_a_stream_needs_no_webhook_and_a_change_of_the_way_is_made_up_for(push, world):
    push("on", MENTIONS="webhook")
    told = push("on", "--json", MENTIONS="stream").document
    assert told["webhook"] is None
    assert [each["webhook_id"] for each in told["subscriptions"]] == [None]
    assert push("on", "--json", MENTIONS="webhook").document["webhook"]["valid"]


def test_a_new_address_takes_the_place_of_the_old_one(push, shell, world):
    push("on", MENTIONS="webhook")
    with site(world, f"sqlite:///{shell.folder}/var/other.db") as moved:
        told = push("on", "--json", MENTIONS="webhook", PUBLIC_URL=moved).document
    assert told["webhook"]["url"] == f"{moved}/x/webhook"
    assert [each.url for each in world.push.webhooks.values()] == [f"{moved}/x/webhook"]
    assert [each["webhook_id"] for each in told["subscriptions"]] == [told["webhook"]["id"]]


def test_what_others_of_the_app_have_asked_for_is_left_alone(push, world):
    ours = push("on", "--json", MENTIONS="webhook").document["webhook"]["id"]
    [subscription] = world.push.subscriptions.values()
    subscription.tag = "somebody else's"
    assert "1 subscriptions" in push("status", MENTIONS="webhook").out
    push("off")
    assert list(world.push.subscriptions.values()) == [subscription]
    assert ours not in world.push.webhooks


def test_an_address_that_does_not_answer_is_said_in_one_line(push, world, nobody):
    said = push("on", MENTIONS="webhook", PUBLIC_URL=f"http://127.0.0.1:{nobody}")
    assert said.status == 1
    assert "CrcValidationFailed" in said.err
    assert world.push.subscriptions == {}


def test_where_nothing_is_wanted_that_is_said(push):
    said = push("on")
    assert said.status == 1
    assert "MENTIONS=poll and WATCHED_AUTHORS=0" in said.line


def test_the_doctor_tells_the_price_of_each_way(doctor, push):
    assert (
        doctor()["said"] == "mentions are asked for every 5 s: $0.001 a mention, nothing while there are none"
    )
    push("on", MENTIONS="webhook")
    told = doctor(MENTIONS="webhook")
    assert (told["level"], "$0.005 a mention told" in told["said"]) == ("ok", True)


def test_the_price_is_the_operators_own(doctor, push):
    """Where another account owns the app, a mention costs five times as much."""
    owed = {"MENTION_PRICE_USD": "0.005"}
    assert "$0.005 a mention, nothing while" in doctor(**owed)["said"]
    push("on", MENTIONS="webhook")
    assert "and $0.005 for the look underneath" in push("status", MENTIONS="webhook", **owed).out
    assert push("status", "--json", **owed).document["usd"]["asked"] == 0.005


def test_the_doctor_sees_what_keeps_x_from_telling(doctor, push, world, nobody):
    missing = doctor(MENTIONS="webhook")
    assert (missing["level"], missing["mend"]) == ("problem", "`unroll push on`")
    push("on", MENTIONS="webhook")
    [webhook] = world.push.webhooks.values()
    webhook.valid = False
    assert "challenge" in doctor(MENTIONS="webhook")["said"]
    webhook.valid = True
    moved = doctor(MENTIONS="webhook", PUBLIC_URL=f"http://127.0.0.1:{nobody}")
    assert "X does not know" in moved["said"]
    assert "silent" in doctor(MENTIONS="stream")["said"]


def test_the_doctor_sees_what_is_paid_for_in_vain(doctor, push):
    push("on", MENTIONS="webhook")
    told = doctor()
    assert (told["level"], "for $0.005 each" in told["said"]) == ("warning", True)
