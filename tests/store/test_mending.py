"""What the operator does with jobs: find them among many, let them go, give them up."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import insert, text
from sqlmodel import col, select

from bot.errors import LeaseLost
from bot.settings import LEASE
from bot.store.mending import Which
from bot.store.models import JobRow
from tests.store.conftest import NOW
from tests.store.made import ADA, request

SECOND = timedelta(seconds=1)
MANY = 20_000
STATES = ("done", "done", "done", "done", "refused", "failed")


def job_of(store, mention=201, *, by=50):
    store.mentions.record([request(mention, by=by)], now=NOW)
    return store.jobs.find_by_mention(mention)


def claimed(store, mention=201, *, at=NOW, worker="w"):
    return store.jobs.claim(job_of(store, mention).id, now=at, worker=worker)


def ids(jobs):
    return [job.id for job in jobs]


def test_jobs_are_chosen_by_all_that_is_asked_together(store):
    failed, waiting = claimed(store, 201), claimed(store, 202)
    other = job_of(store, 203, by=51)
    store.jobs.give_up(failed, "post-gone", now=NOW)
    store.jobs.wait(waiting, NOW + SECOND, "x-down", now=NOW, counts=True, detail="503")

    def chosen(**asked):
        which = Which(**asked)
        found = store.mending.page(which, limit=10)
        assert store.mending.ids(which) == sorted(ids(found))
        assert store.mending.count(which) == len(found)
        return ids(found)

    assert chosen() == [other.id, waiting.id, failed.id]
    assert chosen(state="failed") == [failed.id]
    assert chosen(reason="x-down") == [waiting.id]
    assert chosen(state="failed", reason="x-down") == []
    assert chosen(person_id=51) == [other.id]
    assert chosen(person_id=ADA.id) == [other.id, waiting.id, failed.id]  # they wrote the thread
    assert chosen(kind="refresh") == []
    assert chosen(since=NOW, until=NOW + SECOND) == [other.id, waiting.id, failed.id]
    assert chosen(until=NOW) == chosen(since=NOW + SECOND) == []


def test_pages_follow_each_other_without_a_gap(store):
    made = [job_of(store, number).id for number in range(201, 208)]
    first = store.mending.page(Which(), limit=3)
    second = store.mending.page(Which(), limit=3, before=first[-1].id)
    third = store.mending.page(Which(), limit=3, before=second[-1].id)
    assert ids(first) + ids(second) + ids(third) == made[::-1]


def test_a_page_is_one_question(store, statements):
    for number in (201, 202):
        job_of(store, number)
    statements.clear()
    assert len(store.mending.page(Which(state="queued", person_id=50), limit=9)) == 2
    assert [statement.split()[0] for statement in statements] == ["SELECT"]


def test_a_dead_workers_lease_is_freed_and_a_live_one_stops(store):
    late = claimed(store, worker="dead")
    assert store.mending.release([late.id], now=NOW + SECOND) == [late.id]
    with pytest.raises(LeaseLost):
        store.jobs.start_reply(late, "Here", now=NOW + SECOND)
    again = store.jobs.claim(late.id, now=NOW + SECOND, worker="next")
    with pytest.raises(LeaseLost):
        store.jobs.finish(late, 900, now=NOW + SECOND)
    store.jobs.finish(again, 901, now=NOW + 2 * SECOND)
    first, second = store.jobs.attempts(late.id)
    assert (first.outcome, first.ended_at) == ("released", NOW + SECOND)
    assert (second.worker, second.outcome) == ("next", "done")


def test_a_waiting_job_goes_now_and_one_that_ended_stays(store):
    job = claimed(store, 201)
    store.jobs.wait(job, NOW + LEASE, "over-budget", now=NOW, counts=False, detail="")
    ended = claimed(store, 202)
    store.jobs.finish(ended, 900, now=NOW)
    assert store.mending.release([job.id, ended.id, 999], now=NOW) == [job.id]
    assert store.jobs.wake_up(now=NOW, depth=9) == [(job.id, 201)]
    assert store.jobs.find(ended.id).state == "done"


@pytest.mark.parametrize("held", [True, False])
def test_giving_up_ends_it_keeps_the_mark_and_can_be_replayed(store, held):
    job = claimed(store)
    store.jobs.start_reply(job, "Here", now=NOW)
    if not held:
        store.jobs.wait(job, NOW, "reply-unsure", now=NOW, counts=True, detail="")
    assert store.mending.give_up([job.id], "spam", now=NOW) == [job.id]
    row = store.jobs.find(job.id)
    assert (row.state, row.reason, row.reply_started_at) == ("failed", "spam", NOW)
    assert store.jobs.claim(job.id, now=NOW + 2 * LEASE, worker="w") is None
    with pytest.raises(LeaseLost):
        store.jobs.finish(job, 900, now=NOW)
    assert store.mending.give_up([job.id], "again", now=NOW) == []
    assert store.jobs.replay([job.id], now=NOW) == [job.id]
    assert store.jobs.find(job.id).reply_started_at == NOW


def test_what_was_bought_is_told_in_order(store):
    job = job_of(store)
    for number, resource in enumerate(("post", "user")):
        items = [(resource, 100 + number)]
        at = NOW + number * SECOND
        store.spend.book(items, prices={"post": 5_000, "user": 10_000}, job_id=job.id, now=at)
    told = [(each.resource, each.count, each.micro_usd, each.at) for each in store.mending.bought(job.id)]
    assert told == [("post", 1, 5_000, NOW), ("user", 1, 10_000, NOW + SECOND)]


def test_a_page_out_of_very_many_is_found_by_an_index(store):
    """No page reads the whole table: what the database says of its plan, as time tells nothing here."""
    rows = [
        {
            "kind": "unroll",
            "state": STATES[n % len(STATES)],
            "reason": None if n % 6 < 4 else f"reason-{n % 30}",
            "post_id": n,
            "requester_id": n % 5_000,
            "author_id": n % 7_000,
            "reply_wanted": True,
            "attempts": 1,
            "failures": 0,
            "priority": 0,
            "created_at": NOW + n * SECOND,
            "updated_at": NOW,
        }
        for n in range(MANY)
    ]
    with store.database.write() as session:
        session.execute(insert(JobRow), rows)
        session.execute(text("ANALYZE"))
    for asked in (
        Which(state="failed"),
        Which(reason="reason-29"),
        Which(kind="refresh"),
        Which(state="failed", since=NOW + (MANY - 500) * SECOND),
        Which(person_id=77),
    ):
        assert len(store.mending.page(asked, limit=50)) == (
            0 if asked.kind else min(50, store.mending.count(asked))
        )
        plan = explained(store, asked)
        assert not re.search(r"SCAN job$|Seq Scan on job", plan, re.MULTILINE), plan


def explained(store, which):
    """The plan for a page, as text."""
    query = select(JobRow).where(*which.conditions()).order_by(col(JobRow.id).desc()).limit(50)
    words = query.compile(store.database.engine, compile_kwargs={"literal_binds": True})
    prefix = "EXPLAIN QUERY PLAN" if store.database.is_sqlite else "EXPLAIN"
    with store.database.read() as session:
        return "\n".join(" ".join(map(str, row)) for row in session.execute(text(f"{prefix} {words}")))
