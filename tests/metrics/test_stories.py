"""What happens to the bot, as its numbers tell it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bot import scraping
from bot.cli.polling import watched
from bot.rules.circuit import FAILURES_IN_A_ROW, FIRST_REST
from tests.metrics.conftest import read

MENTIONS, LOOKUP, REPLY = "GET /2/users/:id/mentions", "GET /2/tweets", "POST /2/tweets"


def test_a_request_that_is_answered(house, thread, scrape):
    before = scrape()
    house.ask(thread[2])
    after = scrape()

    assert after.since(before, "unroll_mentions_total", decision="request", reason="") == 1
    assert after.since(before, "unroll_replies_total", outcome="posted") == 1
    assert after.since(before, "unroll_mention_to_reply_seconds_count") == 1
    assert after.since(before, "unroll_mention_to_reply_seconds_bucket", le="60.0") == 1
    assert after.since(before, "unroll_x_calls_total", endpoint=REPLY, status="201") == 1
    assert after.since(before, "unroll_x_calls_total", endpoint=MENTIONS, status="200") >= 1
    assert after.value("unroll_jobs", state="done", reason="") == 1
    assert after.value("unroll_jobs_due") == 0
    assert after.value("unroll_oldest_due_job_age_seconds") == 0
    assert after.value("unroll_oldest_unanswered_request_age_seconds") == 0
    job = house.store.jobs.newest()[-1]
    assert after.value("unroll_last_reply_timestamp_seconds") == job.reply_started_at.timestamp()
    assert after.value("unroll_last_poll_timestamp_seconds") <= house.world.now().timestamp()
    assert after.value("unroll_paused", reason="") == 0
    assert after.value("unroll_cooling_down") == 0
    assert after.value("unroll_database_up") == 1


def test_what_it_cost_is_what_the_store_has_booked(build, thread):
    house = build(daily_budget_usd=Decimal(2), recheck_budget_usd=Decimal("0.5"))
    house.ask(thread[0])
    with scraping.served(watched(house.parts), host="127.0.0.1", port=0, setting="TEST") as port:
        seen = read(port)

    spent = house.store.spend.spent(house.world.now().date()) / 1_000_000
    by_resource = [value for (name, _), value in seen.samples.items() if name == "unroll_spend_today_dollars"]
    assert sum(by_resource) == pytest.approx(spent)
    assert seen.value("unroll_spend_today_dollars", resource="reply") == pytest.approx(0.01)
    assert seen.value("unroll_budget_dollars", budget="day") == 2
    assert seen.value("unroll_budget_dollars", budget="rechecks") == 0.5
    assert seen.value("unroll_budget_left_dollars", budget="day") == pytest.approx(2 - spent)
    assert seen.value("unroll_budget_left_dollars", budget="rechecks") == pytest.approx(0.5)


def test_a_mention_that_asks_for_nothing_is_counted_with_its_reason(house, thread, scrape):
    before = scrape()
    house.ask(thread[0], text="@unrollbot what a fine thread")
    after = scrape()

    assert after.since(before, "unroll_mentions_total", decision="request", reason="") == 0
    [(reason, count)] = [
        (dict(labels)["reason"], value - before.samples.get((name, labels), 0))
        for (name, labels), value in after.samples.items()
        if name == "unroll_mentions_total" and value > before.samples.get((name, labels), 0)
    ]
    assert (reason, count) == (house.store.mentions.find(house.store.mentions.cursor()).reason, 1)


def test_a_reply_of_unknown_outcome_and_that_it_was_found(house, thread, scrape):
    before = scrape()
    house.world.faults.drop_answer_of(REPLY)
    mention = house.ask(thread[0])
    after = scrape()

    assert len(house.world.replies_to(mention)) == 1
    assert after.since(before, "unroll_replies_total", outcome="unknown") == 1
    assert after.since(before, "unroll_replies_total", outcome="found") == 1
    assert after.since(before, "unroll_replies_total", outcome="posted") == 0
    assert after.since(before, "unroll_x_calls_total", endpoint=REPLY, status="none") == 1


def test_a_reply_that_x_refuses(house, thread, scrape):
    before = scrape()
    mention = house.world.mention("asker", thread[0])
    house.world.limit_replies(mention)
    house.run()
    after = scrape()

    assert after.since(before, "unroll_replies_total", outcome="refused") >= 1
    assert after.since(before, "unroll_replies_total", outcome="posted") == 0


def test_an_outage_of_x_shows_in_calls_jobs_and_in_who_waits(house, thread, scrape):
    before = scrape()
    house.world.faults.answer(LOOKUP, 503, times=1_000)
    house.world.mention("asker", thread[0])
    house.poll()
    house.work()
    house.world.advance(timedelta(minutes=20))
    after = scrape()

    assert after.since(before, "unroll_x_calls_total", endpoint=LOOKUP, status="503") == 1
    assert after.value("unroll_jobs", state="waiting", reason="x-down") == 1
    assert after.value("unroll_jobs_due") == 1
    job = house.store.jobs.newest()[0]
    due_for = (house.world.now() - job.not_before).total_seconds()
    assert after.value("unroll_oldest_due_job_age_seconds") == pytest.approx(due_for, abs=5)
    assert after.value("unroll_oldest_unanswered_request_age_seconds") == pytest.approx(1200, abs=10)

    house.world.faults.clear()
    house.run()
    assert scrape().value("unroll_oldest_unanswered_request_age_seconds") == 0


def test_a_request_that_was_refused_leaves_nobody_waiting(house, scrape):
    house.ask(house.world.post("ada", "Just this.", ago=timedelta(hours=1)))
    house.world.advance(timedelta(hours=1))

    assert house.store.jobs.newest()[0].state == "refused"
    assert scrape().value("unroll_oldest_unanswered_request_age_seconds") == 0


def test_a_replayed_job_is_not_old_because_it_was_made_long_ago(house, thread, scrape):
    house.ask(thread[0])
    house.world.advance(timedelta(days=2))
    [job] = [job for job in house.store.jobs.newest() if job.reply_wanted]
    house.store.jobs.replay([job.id], now=house.world.now())
    house.world.advance(timedelta(seconds=30))

    assert scrape().value("unroll_oldest_due_job_age_seconds") == pytest.approx(30, abs=5)


def test_a_revoked_key_shows_as_a_pause_while_the_poller_goes_on_ticking(house, thread, scrape):
    house.ask(thread[0])
    polled = scrape().value("unroll_last_poll_timestamp_seconds")
    house.world.revoke()
    house.world.advance(timedelta(minutes=10))
    house.poll()
    seen = scrape()

    assert seen.value("unroll_paused", reason="unauthorized") == 1
    assert seen.value("unroll_last_poll_timestamp_seconds") == polled
    assert seen.value("unroll_last_tick_timestamp_seconds") > polled

    house.world.restore()
    house.world.advance(timedelta(minutes=2))
    house.poll()
    assert scrape().value("unroll_paused", reason="") == 0
    assert scrape().value("unroll_last_poll_timestamp_seconds") > polled


def test_replies_that_rest_show_as_cooling_down(house, thread, scrape):
    house.world.faults.not_permitted()
    house.world.mention("asker", thread[0])
    house.poll()
    house.work()
    assert scrape().value("unroll_cooling_down") == 1

    house.run(rounds=40)
    assert scrape().value("unroll_cooling_down") == 0


def test_the_windows_of_x_are_told_as_x_tells_them(house, scrape):
    assert scrape().value("unroll_x_window_remaining_calls", endpoint=MENTIONS) == 300
    house.poll()
    assert scrape().value("unroll_x_window_remaining_calls", endpoint=MENTIONS) == 299
    assert scrape().value("unroll_x_window_limit_calls", endpoint=MENTIONS) == 300
    house.world.faults.rate_limited(MENTIONS)
    house.poll()
    assert scrape().value("unroll_x_window_remaining_calls", endpoint=MENTIONS) == 0
    house.world.advance(timedelta(minutes=16))
    assert scrape().value("unroll_x_window_remaining_calls", endpoint=MENTIONS) == 300


def test_an_endpoint_that_is_left_alone_shows_until_x_answers_there_again(house, scrape):
    house.world.faults.answer(MENTIONS, 503, times=FAILURES_IN_A_ROW)
    for _ in range(FAILURES_IN_A_ROW):
        house.poll()
    seen = scrape()
    assert seen.value("unroll_x_circuit_open", endpoint=MENTIONS) == 1
    assert seen.value("unroll_x_circuit_open", endpoint=REPLY) == 0
    house.world.advance(FIRST_REST)
    house.poll()
    assert scrape().value("unroll_x_circuit_open", endpoint=MENTIONS) == 0
