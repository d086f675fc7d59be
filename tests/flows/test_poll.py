"""The poller: finds each mention once, whatever is repeated, restarted or away."""

from datetime import timedelta

import pytest

from bot.flows.poll import TO_THE_END_EVERY, tick
from bot.rules.circuit import FIRST_REST

MENTIONS = "GET /2/users/:id/mentions"


@pytest.fixture
def posts(world):
    return world.thread(world.author("ada"), ["One.", "Two.", "Three."], ago=timedelta(hours=2))


def test_each_mention_is_recorded_once_with_its_job(house, posts):
    mention = house.world.mention("asker", posts[0])
    assert (house.poll().mentions, house.poll().mentions) == (1, 0)
    assert [job.mention_id for job in house.store.jobs.newest()] == [mention.number]


def test_a_restarted_poller_and_a_second_one_change_nothing(build, posts):
    first, second = build(), build()
    first.world.mention("asker", posts[0])
    assert first.poll().jobs == 1
    assert second.poll().jobs == 0
    assert len(first.store.jobs.newest()) == 1


def test_thirty_mentions_between_two_looks_are_thirty_jobs(house, posts):
    house.poll()
    mentions = [house.world.mention(f"asker{n}", posts[n % 3]) for n in range(30)]
    assert house.poll().jobs == 30
    assert {job.mention_id for job in house.store.jobs.newest()} == {m.number for m in mentions}


def test_more_mentions_than_a_page_holds_are_all_found(build, posts):
    house = build(requests_per_conversation_per_hour=1000, requests_per_author_per_day=1000)
    mentions = [house.world.mention(f"asker{n}", posts[0]) for n in range(230)]
    assert house.poll().jobs == len(mentions)


def test_a_mention_that_x_shows_late_is_found_behind_newer_ones(house, posts):
    late = house.world.mention("late", posts[0], late=timedelta(minutes=2))
    house.world.advance(timedelta(seconds=1))
    house.world.mention("early", posts[1])
    assert house.poll().jobs == 1
    house.world.advance(timedelta(minutes=3))
    assert house.poll().jobs == 1
    assert house.store.jobs.find_by_mention(late.number) is not None


def test_a_look_ends_where_what_is_known_begins_and_one_a_minute_goes_on(build, posts):
    house = build(requests_per_conversation_per_hour=1000, requests_per_author_per_day=1000)
    late = house.world.mention("late", posts[0], late=timedelta(seconds=20))
    for n in range(250):
        house.world.mention(f"asker{n}", posts[0])

    def look():
        before = len(house.world.ledger.calls_to(MENTIONS))
        jobs = house.poll().jobs
        return jobs, len(house.world.ledger.calls_to(MENTIONS)) - before

    assert look() == (250, 3)
    house.world.mention("another", posts[1])
    house.world.advance(timedelta(seconds=30))
    assert look() == (1, 1)
    house.world.advance(TO_THE_END_EVERY)
    assert look() == (1, 3)
    assert house.store.jobs.find_by_mention(late.number) is not None


def test_what_is_no_request_is_recorded_with_its_reason_and_without_a_job(house, posts):
    thanks = house.world.mention("asker", posts[0], "@unrollbot thank you!")
    house.poll()
    row = house.store.mentions.find(thanks.number)
    assert (row.decision, row.reason) == ("refusal", "no-keyword")
    assert house.store.jobs.newest() == []


def test_a_chat_below_the_bots_reply_is_no_request(house, posts):
    mention = house.ask(posts[0], by="ben")
    [reply] = house.world.replies_to(mention)
    house.world.post("ben", "unroll this reply? nah, just saying thanks", reply_to=reply)
    house.run()
    assert len(house.store.jobs.newest()) == 1


def test_the_poller_outlives_every_mood_of_x(house, posts):
    house.poll()
    house.world.mention("asker", posts[0])
    for fault in ("html", "garbage", "empty", "cut_before", "drop_answer_of"):
        getattr(house.world.faults, fault)(MENTIONS, times=20)
        assert house.poll().trouble in {"x-down", "x-unreadable", "x-unreachable"}
        house.world.faults.clear()
    house.world.advance(FIRST_REST)
    assert house.poll().jobs == 1


def test_a_used_up_window_makes_the_poller_wait_without_a_429(house, posts):
    house.world.limits.set(MENTIONS, limit=3, seconds=900)
    house.world.mention("asker", posts[0])
    troubles = [house.poll().trouble for _ in range(6)]
    assert troubles == [None, None, None, "rate-limited", "rate-limited", "rate-limited"]
    assert {call.status for call in house.world.ledger.calls_to(MENTIONS)} == {200}
    house.world.advance(timedelta(minutes=16))
    assert house.poll().trouble is None


def test_when_the_queue_is_away_the_rows_wait_and_are_sent_by_the_next_tick(house, posts):
    house.world.mention("asker", posts[0])

    def away(_job, _mention):
        raise ConnectionError

    assert tick(house.parts, away, away).woken == 0
    assert house.poll().woken == 1


def test_a_wake_up_that_was_lost_is_sent_again(house, posts):
    house.world.mention("asker", posts[0])
    house.poll()
    house.woken.clear()
    assert house.poll().woken == 0
    house.world.advance(timedelta(seconds=61))
    assert house.poll().woken == 1


def test_who_asks_for_hundreds_does_not_hold_up_the_others(build, posts):
    house = build(requests_per_user_per_day=1000, requests_per_conversation_per_hour=1000)
    for n in range(100):
        house.world.mention("greedy", posts[n % 3])
    house.world.mention("modest", posts[0])
    house.poll()
    requesters = [house.store.jobs.find(job).requester_id for job in house.woken]
    modest = int(house.world.author("modest").id)
    assert requesters.index(modest) <= 1


def test_a_revoked_token_stops_all_calls_keeps_the_jobs_and_ends_by_itself(house, posts):
    house.poll()
    house.world.mention("asker", posts[0])
    house.poll()
    house.world.revoke()
    house.work()
    [job] = house.store.jobs.newest()
    assert (job.state, job.reason) == ("waiting", "unauthorized")
    calls = len(house.world.ledger.calls)
    for _ in range(5):
        assert house.poll().trouble == "unauthorized"
    assert len(house.world.ledger.calls) == calls
    house.world.restore()
    house.world.advance(timedelta(seconds=61))
    house.run()
    assert house.store.notes.pause() is None
    assert house.store.jobs.find(job.id).state == "done"


@pytest.mark.parametrize(
    ("fault", "reason"), [("usage_capped", "usage-capped"), ("credits_depleted", "credits-depleted")]
)
def test_a_used_up_cap_pauses_the_bot_and_keeps_the_jobs(house, posts, fault, reason):
    house.poll()
    mention = house.world.mention("asker", posts[0])
    house.poll()
    getattr(house.world.faults, fault)("GET /2/tweets")
    house.work()
    assert house.store.notes.pause().reason == reason
    assert house.job(mention).state == "waiting"
    house.run()
    assert len(house.world.replies_to(mention)) == 1


def test_one_person_gets_so_many_requests_a_day(build, posts):
    house = build(requests_per_user_per_day=3)
    asked = [house.world.mention("greedy", posts[n % 3]) for n in range(5)]
    house.poll()
    decisions = [house.store.mentions.find(mention.number) for mention in asked]
    assert [row.reason for row in decisions] == [None, None, None, "too-many-requests", "too-many-requests"]
    house.world.advance(timedelta(days=1))
    tomorrow = house.world.mention("greedy", posts[0])
    house.poll()
    assert house.store.mentions.find(tomorrow.number).decision == "request"
