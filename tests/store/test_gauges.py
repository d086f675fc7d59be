"""How things stand, on both databases, and without reading every row."""

import re
from collections import Counter
from datetime import timedelta

from sqlalchemy import delete, func, select, text, update
from sqlmodel import col

from bot.domain import Goal
from bot.store import gauges
from bot.store.gauges import COUNT
from bot.store.models import JobRow
from tests.store.conftest import NOW, plan_of, racing, said_by
from tests.store.made import request

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def asked(store, mention, *, at):
    store.mentions.record([request(mention)], now=at)
    return store.jobs.find_by_mention(mention)


def claimed(store, mention, *, at):
    return store.jobs.claim(asked(store, mention, at=at).id, now=at, worker="w")


def test_an_empty_house_has_every_state_and_no_ages(store):
    seen = store.gauges.read(NOW)
    states = ("queued", "running", "waiting", "done", "refused", "failed")
    assert seen.jobs == {(state, ""): 0 for state in states}
    assert (seen.due, seen.oldest_due, seen.unanswered_since, seen.last_reply) == (0, None, None, None)
    assert (seen.ticked_at, seen.polled_at, seen.paused, seen.cooling_down) == (None, None, None, False)
    assert (seen.spent, seen.spent_on_rechecks) == ({}, 0)


def test_what_is_due_and_since_when(store):
    waiting, running = claimed(store, 201, at=NOW - HOUR), claimed(store, 202, at=NOW - 2 * MINUTE)
    store.jobs.wait(waiting, NOW - 3 * MINUTE, "x-down", now=NOW - HOUR, counts=True, detail="")
    asked(store, 203, at=NOW - MINUTE)
    store.jobs.add(Goal(9), kind="refresh", not_before=NOW + HOUR, now=NOW - HOUR)

    seen = store.gauges.read(NOW)
    assert running.lease_until == NOW - MINUTE
    assert (seen.due, seen.oldest_due) == (3, NOW - 3 * MINUTE)
    assert seen.jobs["waiting", "x-down"] == 1
    assert seen.jobs["waiting", ""] == 1
    assert seen.jobs["running", ""] == 1


def test_who_waits_since_before_or_after_the_last_reply(store):
    asked(store, 201, at=NOW - HOUR)
    assert store.gauges.read(NOW).unanswered_since == NOW - HOUR

    answered = claimed(store, 202, at=NOW - 10 * MINUTE)
    store.jobs.start_reply(answered, "Here.", now=NOW - 10 * MINUTE)
    assert store.gauges.read(NOW).unanswered_since == NOW - HOUR
    store.jobs.finish(answered, 900, now=NOW - 9 * MINUTE)
    seen = store.gauges.read(NOW)
    assert (seen.last_reply, seen.unanswered_since) == (NOW - 10 * MINUTE, None)

    failed, refused = claimed(store, 203, at=NOW - 5 * MINUTE), claimed(store, 204, at=NOW - 8 * MINUTE)
    store.jobs.give_up(failed, "x-down", now=NOW - 4 * MINUTE)
    store.jobs.give_up(refused, "protected", now=NOW - 4 * MINUTE, refused=True)
    assert store.gauges.read(NOW).unanswered_since == NOW - 5 * MINUTE
    assert store.gauges.read(NOW + 2 * 24 * HOUR).unanswered_since is None


def test_money_is_of_this_utc_day(store):
    prices = {"post": 5_000, "reply": 10_000}
    store.spend.book([("post", 1), ("post", 2), ("reply", 3)], prices=prices, job_id=1, now=NOW)
    store.spend.book([("post", 4)], prices=prices, job_id=None, now=NOW, recheck=True)
    store.spend.book([("post", 5)], prices=prices, job_id=1, now=NOW - 24 * HOUR)

    seen = store.gauges.read(NOW)
    assert seen.spent == {"post": 15_000, "reply": 10_000}
    assert seen.spent_on_rechecks == 5_000


def counted(store):
    """By state and reason, from the jobs themselves; and that the gauges say the same, to whomever asks."""
    query = select(JobRow.state, JobRow.reason, func.count()).group_by(JobRow.state, JobRow.reason)
    with store.database.read() as session:
        jobs = {(state, reason or ""): n for state, reason, n in session.execute(query)}
    assert {key: n for key, n in store.gauges.read(NOW).jobs.items() if n} == jobs
    return jobs


def kept(store):
    """What is written down of those that ended."""
    with store.database.read() as session:
        return [tuple(row) for row in session.execute(select(*COUNT.c))]


def test_what_ended_is_counted_whatever_becomes_of_it(store, monkeypatch):
    jobs = [claimed(store, 201 + n, at=NOW) for n in range(6)]
    assert counted(store) == {("running", ""): 6}
    store.jobs.finish(jobs[0], 900, now=NOW)
    store.jobs.finish(jobs[1], None, now=NOW, reason="already-answered")
    store.jobs.give_up(jobs[2], "x-down", now=NOW)
    store.jobs.give_up(jobs[3], "protected", now=NOW, refused=True)
    store.jobs.wait(jobs[4], NOW + HOUR, "x-down", now=NOW, counts=True, detail="")
    ended = {
        ("done", ""): 1,
        ("done", "already-answered"): 1,
        ("failed", "x-down"): 1,
        ("refused", "protected"): 1,
    }
    assert counted(store) == {**ended, ("running", ""): 1, ("waiting", "x-down"): 1}
    store.mending.give_up([job.id for job in jobs], "spam", now=NOW)
    assert counted(store) == {**ended, ("failed", "spam"): 2}

    monkeypatch.setattr(gauges, "ADDED_UP_AFTER", 3)
    store.gauges.add_up()
    assert sorted(kept(store), key=str) == sorted(
        [(state, reason or None, n) for (state, reason), n in counted(store).items()], key=str
    )
    everybody = [job.id for job in jobs]
    assert store.jobs.replay(everybody, now=NOW) == everybody
    assert counted(store) == {("queued", ""): 6}
    store.gauges.add_up()
    assert kept(store) == []


def test_what_ended_is_counted_whoever_writes_it(store):
    """Another version of the bot, or the operator by hand; and not what was taken back."""
    first, second = (asked(store, mention, at=NOW).id for mention in (201, 202))
    everywhere = update(JobRow).values(state="failed", reason="by-hand")
    with store.database.write() as session:
        session.execute(everywhere)
        session.rollback()
    assert counted(store) == {("queued", ""): 2}
    with store.database.write() as session:
        session.execute(everywhere)
        session.execute(everywhere.values(attempts=5))
    assert counted(store) == {("failed", "by-hand"): 2}
    with store.database.write() as session:
        session.execute(update(JobRow).where(col(JobRow.id) == first).values(reason=None))
        session.execute(delete(JobRow).where(col(JobRow.id) == second))
        session.add(JobRow(kind="unroll", state="done", post_id=1, created_at=NOW, updated_at=NOW))
    assert counted(store) == {("failed", ""): 1, ("done", ""): 1}
    assert sum(jobs for *_, jobs in kept(store)) == 2


def test_what_is_counted_anew_leaves_no_empty_pages(store):
    """After a move, of which each job has left a row."""
    first = asked(store, 201, at=NOW)
    with store.database.write() as session:
        done = session.get(JobRow, first.id).model_dump(exclude={"id", "mention_id"})
        session.bulk_insert_mappings(JobRow, [{**done, "state": "done"}] * 1_000)
    assert len(kept(store)) == 1_000
    with store.database.write() as session:
        gauges.count_anew(session)
    assert counted(store) == {("queued", ""): 1, ("done", ""): 1_000}
    assert kept(store) == [("done", None, 1_000)]
    if not store.database.is_sqlite:
        with store.database.read() as session:
            assert session.scalar(text("SELECT pg_relation_size('job_count')")) == 8_192


def test_jobs_that_end_while_others_are_added_up_are_counted_once(store, monkeypatch):
    monkeypatch.setattr(gauges, "ADDED_UP_AFTER", 0)
    jobs = [claimed(store, 201 + n, at=NOW) for n in range(60)]
    totals = Counter()

    def act(number):
        for turn in range(10):
            if number < 6:
                store.jobs.finish(jobs[number * 10 + turn], None, now=NOW)
            elif number == 6:
                store.gauges.add_up()
            else:
                totals[sum(store.gauges.read(NOW).jobs.values())] += 1

    racing(8, act)
    assert totals == {60: 10}
    assert counted(store) == {("done", ""): 60}


def test_a_long_history_is_not_read_row_by_row(store):
    """A hundred thousand jobs that are done: each query finds its way by an index."""
    count = 100_000
    first = asked(store, 201, at=NOW - 100 * HOUR)
    with store.database.write() as session:
        done = session.get(JobRow, first.id).model_dump(exclude={"id", "mention_id"})
        ended = {**done, "state": "done", "reply_id": 5, "reply_started_at": NOW - 100 * HOUR}
        session.bulk_insert_mappings(JobRow, [ended] * count)
    store.gauges.add_up()
    with store.database.writing.begin() as connection:
        connection.execute(text("ANALYZE"))

    seen = store.gauges.read(NOW)
    assert seen.jobs["done", ""] == count
    assert seen.due == 1
    assert seen.unanswered_since is None
    for statement, parameters in said_by(store, "FROM job", lambda: store.gauges.read(NOW)):
        plan = "\n".join(plan_of(store, statement, parameters))
        assert not re.search(r"SCAN job\b|Seq Scan on job\b", plan), plan
