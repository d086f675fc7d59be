"""When X complains of our replies they rest, longer each time; everything else goes on, and so do they."""

import re
from datetime import timedelta

import pytest

from bot.cli.doctor import replies
from bot.rules.cooldown import AFTER_THE_OTHERS, FIRST_SILENCE

REPLY = "POST /2/tweets"
MENTIONS = "GET /2/users/:id/mentions"


@pytest.fixture
def posts(world):
    return world.thread(world.author("ada"), ["One.", "Two.", "Three."], ago=timedelta(hours=2))


def round_of(house):
    house.poll()
    house.work()


def state(house, mention):
    job = house.job(mention)
    return job.state, job.reason


def tries(house):
    return len(house.world.ledger.calls_to(REPLY))


def complained_about(house, post, by="asker", times=1):
    """Somebody asks, and X minds our answer."""
    mention = house.world.mention(by, post)
    house.world.faults.not_permitted(REPLY, times)
    round_of(house)
    return mention


def test_the_replies_rest_and_go_on_by_themselves(house, posts):
    mention = complained_about(house, posts[0])
    assert state(house, mention) == ("waiting", "not-permitted")
    assert house.store.notes.pause() is None
    for _ in range(14):
        house.world.advance(timedelta(minutes=1))
        round_of(house)
    assert tries(house) == 1
    house.world.advance(timedelta(minutes=2) + AFTER_THE_OTHERS)
    house.run()
    assert state(house, mention) == ("done", None)
    assert len(house.world.replies_to(mention)) == 1
    assert replies(house.store) == "go out"


def test_each_complaint_doubles_the_silence_up_to_a_day(house, posts):
    mention = complained_about(house, posts[0], times=12)
    silences = []
    for _ in range(10):
        began = house.world.now()
        until = house.store.notes.cool_down().until
        silences.append(round((until - began) / timedelta(minutes=1)))
        house.world.advance(until - began + AFTER_THE_OTHERS + timedelta(seconds=1))
        round_of(house)
        assert state(house, mention) == ("waiting", "not-permitted")
    assert silences == [15, 30, 60, 120, 240, 480, 960, 1440, 1440, 1440]
    assert tries(house) == 11


def test_while_they_rest_mentions_are_looked_at_and_nothing_is_bought_for_a_reply(house, world, posts):
    complained_about(house, posts[0])
    other = world.thread("ben", ["Alpha.", "Beta."], ago=timedelta(hours=1))
    ledger = world.ledger
    posts_bought, looks = ledger.by_resource["post_read"], len(ledger.calls_to(MENTIONS))
    waiting = [world.mention(f"asker{n}", thread[0]) for n, thread in enumerate((posts, other, other))]
    for _ in range(3):
        round_of(house)
    assert [state(house, mention) for mention in waiting] == [("waiting", "cooling-down")] * 3
    assert ledger.by_resource["post_read"] == posts_bought
    assert len(ledger.calls_to(MENTIONS)) == looks + 3
    assert tries(house) == 1
    world.advance(FIRST_SILENCE)
    house.run()
    assert [len(world.replies_to(mention)) for mention in waiting] == [1, 1, 1]


def test_a_stop_is_heard_at_once_and_confirmed_later(house, world, posts):
    complained_about(house, posts[0])
    asked = world.mention("ben", posts[1])
    stop = world.mention("ben", posts[1], "@unrollbot stop")
    round_of(house)
    assert house.store.people.find(int(stop.author.id)).stopped_at is not None
    assert tries(house) == 1
    world.advance(FIRST_SILENCE)
    house.run()
    assert len(world.replies_to(stop)) == 1
    assert state(house, asked) == ("refused", "requester-opted-out")


def test_a_page_is_deleted_at_once(house, posts):
    house.ask(posts[0])
    complained_about(house, posts[1], by="ben")
    delete = house.world.mention("ada", posts[0], "@unrollbot delete")
    round_of(house)
    assert house.store.threads.find(posts[0].number).gone
    assert house.world.replies_to(delete) == []


def test_after_the_silence_one_reply_tries_before_the_others(house, world, posts):
    complained_about(house, posts[0], times=2)
    for n in range(5):
        world.mention(f"asker{n}", posts[n % 3])
    round_of(house)
    world.advance(FIRST_SILENCE)
    tried = tries(house)
    round_of(house)
    assert tries(house) == tried + 1
    assert house.store.notes.cool_down().complaints == 2


def test_replies_that_were_on_their_way_together_are_one_complaint(house, world, posts):
    first, second = (world.mention(name, posts[0]) for name in ("ben", "cleo"))
    house.poll()
    world.faults.not_permitted(REPLY)
    house.woken = house.woken[:1]
    house.work()
    rest = house.store.notes.cool_down()
    [job] = [job for job in house.store.jobs.newest() if job.mention_id == second.number]
    house.store.notes.drop("replies.cool_down")  # the second worker looked a moment before

    def complain_late(*_):
        house.store.notes.set_cool_down(rest, now=world.now())

    world.faults.not_permitted(REPLY)
    book = house.store.jobs.start_reply
    patch = pytest.MonkeyPatch()
    patch.setattr(
        "bot.store.jobs.Jobs.start_reply", lambda _self, *args, **kw: (complain_late(), book(*args, **kw))
    )
    house.woken = [job.id]
    house.work()
    patch.undo()
    assert house.store.notes.cool_down() == rest
    assert [state(house, mention) for mention in (first, second)] == [("waiting", "not-permitted")] * 2


def test_a_mention_that_x_minds_by_itself_does_not_silence_the_bot_for_good(house, world, posts, monkeypatch):
    bad = world.mention("mallory", posts[0])
    reply = type(house.parts.connection.client).create_tweet

    def minding(client, **how):
        if how["in_reply_to_tweet_id"] == bad.number:
            world.faults.not_permitted(REPLY)
        return reply(client, **how)

    monkeypatch.setattr("tweepy.Client.create_tweet", minding)
    mentions = []
    for n in range(3):
        round_of(house)
        mentions.append(world.mention(f"asker{n}", posts[n]))
        round_of(house)
        rest = house.store.notes.cool_down()
        world.advance(max(timedelta(0), rest.until - world.now()) + timedelta(seconds=1))
        round_of(house)  # those who waited for it
        assert len(world.replies_to(mentions[-1])) == 1
        world.advance(AFTER_THE_OTHERS)
    assert state(house, bad) == ("refused", "reply-not-allowed")
    assert house.store.notes.cool_down().complaints == 2
    house.run()
    assert [len(world.replies_to(mention)) for mention in mentions] == [1] * 3


@pytest.mark.parametrize("text", ["@unrollbot unroll", "@unrollbot help"])
def test_the_doctor_says_so(house, posts, text):
    mention = house.world.mention("asker", posts[0], text)
    house.world.faults.not_permitted(REPLY)
    round_of(house)
    assert state(house, mention) == ("waiting", "not-permitted")
    found = replies(house.store)
    assert found.level == "problem"
    assert re.search(r"complained 1 times .*You are not permitted", found.said)
    assert "go on by themselves" in found.mend
