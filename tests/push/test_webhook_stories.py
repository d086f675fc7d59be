"""X tells the site of a mention; what becomes of it is what becomes of any mention."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from bot.rules.events import signed
from tests.push.conftest import deliver

MENTIONS = "GET /2/users/:id/mentions"


def looks(house):
    return len(house.world.ledger.calls_to(MENTIONS))


def send(house, body, signature):
    url = f"{house.parts.settings.public_url}/x/webhook"
    headers = {} if signature is None else {"x-twitter-webhooks-signature": signature}
    with httpx.Client(trust_env=False, timeout=10) as client:
        return client.post(url, content=body, headers=headers)


def recorded(house):
    with house.store.database.read() as session:
        return session.connection().exec_driver_sql("SELECT count(*) FROM mention").scalar()


def test_a_mention_that_x_tells_of_is_answered_without_a_look(told, world, posts):
    house = told()
    mention = world.mention("asker", posts[-1])
    deliver(house)
    assert house.poll().jobs == 1
    house.work()
    [reply] = world.replies_to(mention)
    assert "3 posts" in reply.text
    assert looks(house) == 0
    booked = {each.resource: each.micro_usd for each in house.store.spend.bookings(since=world.now().date())}
    assert booked["event"] == 5_000
    assert "mention" not in booked


def test_it_is_the_same_mention_as_a_look_would_have_shown(told, build, world, posts, tmp_path):
    house = told()
    mention = world.mention("asker", posts[-1], "@unrollbot unroll & " + "at great length " * 30)
    deliver(house)
    house.poll()
    (tmp_path / "other").mkdir()
    other = build(folder=tmp_path / "other")
    other.poll()
    by_event, by_look = house.store.mentions.find(mention.number), other.store.mentions.find(mention.number)
    for name in ("author_id", "conversation_id", "decision", "reason", "created_at"):
        assert getattr(by_event, name) == getattr(by_look, name)
    assert house.job(mention).goal == other.job(mention).goal


def test_a_lost_event_is_caught_by_the_look_underneath_and_looks_come_often_after_that(told, world, posts):
    house = told()
    world.faults.lose_event()
    lost = world.mention("asker", posts[-1])
    later = world.mention("other", posts[-1])
    deliver(house)
    assert house.poll().jobs == 1
    house.work()
    assert world.replies_to(later)
    assert not world.replies_to(lost)
    world.advance(timedelta(seconds=301))
    assert house.poll().jobs == 1
    house.run()
    assert len(world.replies_to(lost)) == 1
    before = looks(house)
    house.poll()
    house.poll()
    assert looks(house) == before + 2
    world.advance(timedelta(minutes=16))
    house.poll()
    before = looks(house)
    house.poll()
    assert looks(house) == before


def test_a_mention_long_lost_is_found_though_newer_ones_were_told(told, world, posts):
    house = told()
    world.faults.lose_event()
    lost = world.mention("asker", posts[-1])
    for _ in range(4):
        world.advance(timedelta(minutes=2))
        told_of = world.mention(f"asker{world.now():%M}", posts[-1])
        deliver(house)
        house.store.notes.put("polled", {"at": "x", "looked_at": world.now().isoformat()}, now=world.now())
        assert house.poll().jobs == 1, told_of
    world.advance(timedelta(minutes=6))
    house.poll()
    assert house.store.jobs.find_by_mention(lost.number) is not None


def test_an_event_and_a_look_at_the_same_mention_make_one_reply(told, world, posts):
    house = told()
    mention = world.mention("asker", posts[-1])
    world.advance(timedelta(seconds=301))
    assert house.poll().jobs == 1
    deliver(house)
    assert house.poll().jobs == 0
    house.run()
    assert len(world.replies_to(mention)) == 1
    assert recorded(house) == 1


def test_doubled_and_late_events_change_nothing(told, world, posts):
    house = told()
    world.faults.repeat_event()
    world.faults.late_event(seconds=600)
    twice, late = world.mention("a", posts[-1]), world.mention("b", posts[-1])
    deliver(house)
    assert house.poll().jobs == 1
    world.advance(timedelta(seconds=601))
    deliver(house)
    house.run()
    assert [len(world.replies_to(mention)) for mention in (twice, late)] == [1, 1]
    assert recorded(house) == 2
    assert world.push.courier.done[-1].status == 200


def test_a_body_that_somebody_kept_is_worth_nothing(told, world, posts):
    house = told()
    world.mention("asker", posts[-1])
    deliver(house)
    house.run()
    [done] = world.push.courier.done
    for days in (0, 1, 2, 1, 30):
        world.advance(timedelta(days=days))
        assert send(house, done.body, done.signature).status_code == 200
        house.poll()
    assert recorded(house) == 1
    booked = house.store.spend.bookings(since=posts[0].created_at.date())
    assert sum(each.count for each in booked if each.resource == "event") == 1


def test_what_x_has_not_signed_is_refused_and_nothing_of_it_is_kept_or_told(told, world, posts, capfd):
    house = told()
    world.faults.forge_event()
    world.mention("asker", posts[-1], "@unrollbot unroll very secret words")
    deliver(house)
    assert house.store.events.count_waiting() == 0
    body = b'{"data": {"very": "secret words"}}'
    secret = world.credentials.consumer_secret
    forged = (signed("other", body), signed(secret, body + b" "), signed(secret, body)[7:])
    for wrong in (None, "", "sha256=", *forged):
        assert send(house, body, wrong).status_code == 403
    told_on = capfd.readouterr()
    assert "secret words" not in told_on.out + told_on.err


def test_a_body_that_is_too_large_is_not_read_to_its_end(told, world):
    house = told()
    body = b" " * (512 * 1024 + 1)
    assert send(house, body, signed(world.credentials.consumer_secret, body)).status_code == 413


@pytest.mark.parametrize("body", [b"", b"nonsense", b'{"data": {"event_type": "post.mention.create"}}'])
def test_what_is_signed_but_no_event_is_taken_and_told_in_one_line(told, world, body, capfd):
    house = told()
    assert send(house, body, signed(world.credentials.consumer_secret, body)).status_code == 200
    assert house.store.events.count_waiting() == 0


def test_while_the_site_is_down_x_tells_it_again(told, world, posts, monkeypatch):
    house = told()
    down = [True]
    real = world.push.courier.send

    def send_if_up(*args):
        if down[0]:
            raise httpx.ConnectError("nobody listens")
        return real(*args)

    monkeypatch.setattr(world.push.courier, "send", send_if_up)
    mention = world.mention("asker", posts[-1])
    deliver(house)
    down[0] = False
    world.advance(timedelta(seconds=6))
    deliver(house)
    assert house.poll().jobs == 1
    house.work()
    assert len(world.replies_to(mention)) == 1


def test_while_the_database_is_away_x_is_told_so_and_tells_it_again(told, world, posts, monkeypatch):
    from bot.errors import DatabaseAway  # noqa: PLC0415
    from bot.store.events import Events  # noqa: PLC0415

    house = told()
    real = Events.keep

    def away(*_args, **_more):
        raise DatabaseAway("gone")

    monkeypatch.setattr(Events, "keep", away)
    world.mention("asker", posts[-1])
    deliver(house)
    assert [each.status for each in world.push.courier.waiting] == [503]
    monkeypatch.setattr(Events, "keep", real)
    world.advance(timedelta(seconds=6))
    deliver(house)
    assert house.poll().jobs == 1


def test_a_site_that_dies_between_recording_and_its_answer_changes_nothing(told, world, posts, monkeypatch):
    house = told()
    real = world.push.courier.send
    answers = [True]

    def cut_the_first(*args):
        answer = real(*args)
        if answers.pop() if answers else False:
            raise httpx.ReadError("the connection was cut")
        return answer

    monkeypatch.setattr(world.push.courier, "send", cut_the_first)
    mention = world.mention("asker", posts[-1])
    deliver(house)
    assert house.poll().jobs == 1
    world.advance(timedelta(seconds=6))
    deliver(house)
    house.run()
    assert len(world.replies_to(mention)) == 1
    assert recorded(house) == 1


def test_an_event_that_says_too_little_makes_the_bot_look_itself(told, world, posts):
    house = told()
    world.push.payload_lacks = frozenset({"referenced_tweets"})
    mention = world.mention("asker", posts[-1])
    deliver(house)
    house.poll()
    house.run()
    assert len(world.replies_to(mention)) == 1
    assert house.job(mention).goal.post_id == posts[-1].number


def test_words_of_an_event_are_gone_once_it_was_taken(told, world, posts):
    house = told()
    world.mention("asker", posts[-1], "@unrollbot unroll pleasepleaseplease")
    deliver(house)
    house.poll()
    with house.store.database.read() as session:
        rows = session.connection().exec_driver_sql("SELECT told FROM event").all()
    assert rows == [(None,)]


def test_without_the_apps_secret_there_is_no_such_address(build):
    from reader.app import create_app  # noqa: PLC0415
    from tests.reader.conftest import Visitor  # noqa: PLC0415

    house = build(x_consumer_secret=None)
    site = Visitor(create_app(house.store, house.parts.settings))
    assert site.request("POST", "/x/webhook", content=b"{}").status_code == 404


class TestChallenge:
    def ask(self, house, token):
        url = f"{house.parts.settings.public_url}/x/webhook"
        with httpx.Client(trust_env=False, timeout=10) as client:
            return client.get(url, params={"crc_token": token})

    def test_it_is_answered_with_the_apps_secret(self, told, world):
        answer = self.ask(told(), "abc-123_=")
        assert answer.json() == {"response_token": signed(world.credentials.consumer_secret, b"abc-123_=")}
        assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("token", ["", '{"data": {}}', '"', "a" * 513, "\u00e9"])
    def test_whatever_could_be_an_event_is_not_signed(self, told, token):
        answer = self.ask(told(), token)
        assert answer.status_code == 400
        assert "sha256" not in answer.text
