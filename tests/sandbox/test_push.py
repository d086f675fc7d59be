"""What X tells without being asked, as a webhook and the reader of a stream meet it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
import tweepy

from tests.waiting import until

SIGNATURE = "x-twitter-webhooks-signature"


def signed(secret, message):
    return "sha256=" + base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


class Receiver:
    """A webhook: what it was sent, and what it answers."""

    def __init__(self, secret):
        self.secret = secret
        self.status = 200
        self.got = []
        self.url = ""

    @property
    def events(self):
        return [json.loads(body)["data"] for body, _ in self.got]


@contextmanager
def receiving(secret) -> Iterator[Receiver]:
    receiver = Receiver(secret)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            token = parse_qs(urlsplit(self.path).query)["crc_token"][0]
            told = {"response_token": signed(receiver.secret, token.encode())}
            self.answer(200, json.dumps(told).encode())

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.got.append((body, self.headers[SIGNATURE]))
            self.answer(receiver.status, b"")

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_): ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/x/webhook"
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield receiver
        finally:
            server.shutdown()


@pytest.fixture
def receiver(world):
    with receiving(world.credentials.consumer_secret) as receiver:
        yield receiver


@pytest.fixture
def api(client):
    """Calls by tweepy's own hand: method, path, body and whose token to the answer."""

    def api(method, path, body=None, *, user=False):
        return client.request(method, path, json=body, user_auth=user).json()

    return api


@pytest.fixture
def hook(api, receiver):
    return api("POST", "/2/webhooks", {"url": receiver.url})


def subscribe(api, world, kind="post.mention.create", who=None, **more):
    body = {"event_type": kind, "filter": {"user_id": (who or world.bot).id}, **more}
    return api("POST", "/2/activity/subscriptions", body, user=True)["data"]["subscription"]


@pytest.fixture
def subscribed(api, world, hook):
    return subscribe(api, world, webhook_id=hook["id"], tag="ours")


@pytest.fixture
def root(world):
    return world.post("ada", "One.")


def test_a_mention_is_told_signed_and_whole(world, subscribed, receiver, root):
    mention = world.mention("bob", root, "@unrollbot unroll & thanks")
    world.push.courier.deliver()

    [(body, signature)] = receiver.got
    assert signature == signed(world.credentials.consumer_secret, body)
    [event] = receiver.events
    assert (event["event_type"], event["tag"]) == ("post.mention.create", "ours")
    assert event["filter"] == {"user_id": world.bot.id}
    payload = event["payload"]
    assert (payload["id"], payload["author_id"]) == (mention.id, mention.author.id)
    assert payload["referenced_tweets"] == [{"type": "replied_to", "id": root.id}]
    assert {user["username"] for user in event["includes"]["users"]} >= {"bob", "unrollbot"}
    assert world.ledger.by_resource == {"mention_event": 1}


def test_a_name_in_the_prefix_is_not_told(world, subscribed, receiver, root):
    answered = world.post(world.bot, "Here it is.", reply_to=root)
    world.post("bob", "thanks, unroll", reply_to=answered)
    world.push.courier.deliver()
    assert receiver.got == []


def test_a_webhook_must_answer_the_challenge_with_the_apps_secret(world, api, receiver):
    receiver.secret = "another"
    with pytest.raises(tweepy.BadRequest, match="CrcValidationFailed"):
        api("POST", "/2/webhooks", {"url": receiver.url})
    assert world.push.webhooks == {}


def test_a_webhook_that_fails_its_challenge_is_told_nothing_until_it_passes(
    world, api, hook, receiver, root, subscribed
):
    receiver.secret = "another"
    api("PUT", f"/2/webhooks/{hook['id']}")
    assert api("GET", "/2/webhooks")["data"][0]["valid"] is False
    world.mention("bob", root)
    receiver.secret = world.credentials.consumer_secret
    api("PUT", f"/2/webhooks/{hook['id']}")
    second = world.mention("bob", root, "@unrollbot unroll please")
    world.push.courier.deliver()
    assert [event["payload"]["id"] for event in receiver.events] == [second.id]


@pytest.mark.parametrize("url", ["https://reader.example/x/webhook", "ftp://127.0.0.1/", "nonsense", ""])
def test_nobody_but_this_machine_is_ever_called(api, url):
    with pytest.raises(tweepy.BadRequest, match="UrlValidationFailed"):
        api("POST", "/2/webhooks", {"url": url})


def test_mentions_are_told_to_the_account_itself_only(api, world):
    body = {"event_type": "post.mention.create", "filter": {"user_id": world.bot.id}}
    with pytest.raises(tweepy.Forbidden):
        api("POST", "/2/activity/subscriptions", body)
    body["filter"]["user_id"] = world.author("ada").id
    with pytest.raises(tweepy.Forbidden):
        api("POST", "/2/activity/subscriptions", body, user=True)


def test_subscriptions_come_once_change_and_go(api, world, hook, subscribed):
    with pytest.raises(tweepy.BadRequest, match="already exists"):
        subscribe(api, world)
    path = f"/2/activity/subscriptions/{subscribed['subscription_id']}"
    assert api("PUT", path, {"tag": "new"})["data"]["subscription"]["tag"] == "new"
    assert [each["tag"] for each in api("GET", "/2/activity/subscriptions")["data"]] == ["new"]
    assert api("DELETE", path)["data"]["deleted"] is True
    assert "data" not in api("GET", "/2/activity/subscriptions")
    assert api("DELETE", f"/2/webhooks/{hook['id']}")["data"]["deleted"] is True
    assert "data" not in api("GET", "/2/webhooks")


def test_what_is_not_taken_is_brought_again_three_times(world, subscribed, receiver, root):
    receiver.status = 503
    world.mention("bob", root)
    for _ in range(6):
        world.push.courier.deliver()
        world.advance(timedelta(minutes=5))
    assert len(receiver.got) == 4
    assert len({body for body, _ in receiver.got}) == 1
    [over] = world.push.courier.done
    assert (over.tries, over.status) == (4, 503)


def test_events_get_lost_doubled_late_and_forged(world, subscribed, receiver, root):
    faults, courier = world.faults, world.push.courier
    for switch_on in (faults.lose_event, faults.repeat_event, faults.forge_event):
        switch_on()
    faults.late_event(seconds=600)
    lost, twice, forged, late = (world.mention(name, root) for name in ("a", "b", "c", "d"))
    courier.deliver()
    assert [event["payload"]["id"] for event in receiver.events] == [twice.id, twice.id, forged.id]
    body, signature = receiver.got[-1]
    assert signature != signed(world.credentials.consumer_secret, body)
    world.advance(timedelta(seconds=601))
    courier.deliver()
    assert receiver.events[-1]["payload"]["id"] == late.id
    assert lost.id not in {event["payload"]["id"] for event in receiver.events}


def test_a_deleted_post_is_told_once_and_costs_nothing(world, api, hook, receiver, root):
    subscribe(api, world, "post.delete", root.author, webhook_id=hook["id"])
    other = world.post("bob", "Not ada's.")
    world.delete(other)
    world.delete(root)
    world.delete(root)
    world.push.courier.deliver()
    assert [event["payload"] for event in receiver.events] == [{"id": root.id, "author_id": root.author.id}]
    assert world.ledger.micros == 0


@contextmanager
def reading(world, session, served):
    headers = {"Authorization": f"Bearer {world.credentials.bearer_token}"}
    with session.get(f"{served.url}/2/activity/stream", headers=headers, stream=True) as answer:
        yield answer


def test_the_stream_tells_events_and_that_it_is_alive(world, api, session, served, root):
    world.push.streams.keep_alive = 0.02
    subscribe(api, world)
    with reading(world, session, served) as answer:
        assert answer.status_code == 200
        lines = answer.iter_lines(chunk_size=1)
        assert next(lines) == b""
        mention = world.mention("bob", root)
        event = next(line for line in lines if line)
        assert json.loads(event)["data"]["payload"]["id"] == mention.id


def test_a_second_reader_is_turned_away_and_a_cut_one_may_come_back(world, session, served):
    world.push.streams.keep_alive = 0.02
    with reading(world, session, served) as first:
        with reading(world, session, served) as second:
            assert second.status_code == 429
            assert second.json()["connection_issue"] == "TooManyConnections"
        world.push.streams.cut()
        with pytest.raises(Exception, match=r"Connection|broken|ended|prematurely"):
            list(first.iter_lines(chunk_size=1))
    until(lambda: world.push.streams.count == 0)
    with reading(world, session, served) as third:
        assert third.status_code == 200
