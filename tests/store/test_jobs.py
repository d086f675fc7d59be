"""The job row is the truth: who may work on it, who may write, and who is woken up next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import Goal, Request
from bot.errors import LeaseLost
from bot.settings import LEASE
from bot.store.jobrows import WAKE_UP_LOST
from sandbox.clock import snowflake
from tests.store.conftest import NOW, overheard, racing
from tests.store.made import mention as mention_of
from tests.store.made import post, request, thread

SECOND = timedelta(seconds=1)
AFTER_LEASE = NOW + LEASE + SECOND


def job_of(store, mention=201, *, by=50):
    store.mentions.record([request(mention, by=by)], now=NOW)
    return store.jobs.find_by_mention(mention)


def claimed(store, mention=201, *, at=NOW, worker="w", by=50):
    return store.jobs.claim(job_of(store, mention, by=by).id, now=at, worker=worker)


def test_the_newest_that_visitors_asked_for_is_found_by_its_post(store):
    store.jobs.add(Goal(100), now=NOW)
    first, second = (store.jobs.add(Goal(100), now=NOW, from_site=True) for _ in range(2))
    other = store.jobs.add(Goal(100), now=NOW, kind="refresh", from_site=True)
    assert first != second
    assert store.jobs.of_visitors("unroll", 100).id == second
    assert store.jobs.of_visitors("refresh", 100).id == other
    assert store.jobs.of_visitors("unroll", 101) is None


def woken(store, *, at=NOW, depth=64):
    return [job for job, _ in store.jobs.wake_up(now=at, depth=depth)]


class TestClaiming:
    def test_of_sixteen_racing_workers_exactly_one_wins(self, store):
        job = job_of(store)
        won = racing(16, lambda n: store.jobs.claim(job.id, now=NOW, worker=f"w{n}"))
        [winner] = [each for each in won if each is not None]
        row = store.jobs.find(job.id)
        assert (row.state, row.lease_token, row.attempts) == ("running", winner.lease_token, 1)
        assert row.lease_until == NOW + LEASE
        assert [each.number for each in store.jobs.attempts(job.id)] == [1]

    def test_a_lease_that_ran_out_is_taken_over_by_one(self, store):
        first = claimed(store)
        assert store.jobs.claim(first.id, now=NOW + LEASE, worker="early") is None
        won = racing(16, lambda n: store.jobs.claim(first.id, now=AFTER_LEASE, worker=f"w{n}"))
        assert sum(each is not None for each in won) == 1
        assert store.jobs.find(first.id).attempts == 2

    def test_nobody_claims_what_is_not_due_or_not_there(self, store):
        job = claimed(store)
        store.jobs.wait(job, NOW + 5 * SECOND, "x-down", now=NOW, counts=True, detail="503")
        assert store.jobs.claim(job.id, now=NOW + 4 * SECOND, worker="w") is None
        assert store.jobs.claim(job.id, now=NOW + 5 * SECOND, worker="w") is not None
        assert store.jobs.claim(999, now=NOW, worker="w") is None

    @pytest.mark.parametrize("end", ["finish", "give_up"])
    def test_a_job_that_ended_is_not_claimed_again(self, store, end):
        job = claimed(store)
        getattr(store.jobs, end)(job, 900 if end == "finish" else "post-gone", now=NOW)
        assert store.jobs.claim(job.id, now=NOW + timedelta(days=1), worker="w") is None


WRITES = {
    "thread": lambda jobs, job, now: jobs.set_thread(job, 100, now=now),
    "start": lambda jobs, job, now: jobs.start_reply(job, "Here", now=now),
    "unstart": lambda jobs, job, now: jobs.unstart_reply(job, now=now),
    "finish": lambda jobs, job, now: jobs.finish(job, 900, now=now),
    "wait": lambda jobs, job, now: jobs.wait(job, now, "x", now=now, counts=True, detail=""),
    "give up": lambda jobs, job, now: jobs.give_up(job, "x", now=now),
}


class TestWriting:
    @pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
    def test_who_lost_the_lease_writes_nothing(self, store, write):
        late = claimed(store)
        store.jobs.claim(late.id, now=AFTER_LEASE, worker="other")
        before = store.jobs.find(late.id)
        with pytest.raises(LeaseLost):
            write(store.jobs, late, AFTER_LEASE)
        assert store.jobs.find(late.id) == before

    def test_nobody_speaks_under_a_lease_that_ran_out(self, store):
        late = claimed(store)
        with pytest.raises(LeaseLost):
            store.jobs.start_reply(late, "Here", now=AFTER_LEASE)
        assert store.jobs.find(late.id).reply_started_at is None

    def test_a_finished_job_takes_no_more_writes(self, store):
        job = claimed(store)
        store.jobs.finish(job, 900, now=NOW)
        with pytest.raises(LeaseLost):
            store.jobs.give_up(job, "late", now=NOW)
        assert store.jobs.find(job.id).reply_id == 900

    def test_the_mark_before_the_reply_comes_and_goes(self, store):
        job = claimed(store)
        store.jobs.start_reply(job, "Here it is", now=NOW)
        assert store.jobs.find(job.id).reply_started_at == NOW
        store.jobs.unstart_reply(job, now=NOW)
        row = store.jobs.find(job.id)
        assert (row.reply_started_at, row.reply_text) == (None, "Here it is")

    def test_every_attempt_is_told(self, store):
        job = claimed(store, worker="first")
        store.jobs.wait(job, NOW + SECOND, "x-down", now=NOW, counts=True, detail="503")
        again = store.jobs.claim(job.id, now=NOW + SECOND, worker="second")
        store.jobs.give_up(again, "post-gone", now=NOW + 2 * SECOND, refused=True, detail="deleted")
        first, second = store.jobs.attempts(job.id)
        assert (first.worker, first.outcome, first.detail) == ("first", "waiting: x-down", "503")
        assert (second.number, second.outcome, second.ended_at) == (2, "refused: post-gone", NOW + 2 * SECOND)
        assert store.jobs.find(job.id).state == "refused"

    def test_only_what_counts_uses_up_a_failure(self, store):
        job = claimed(store)
        store.jobs.wait(job, NOW, "rate-limited", now=NOW, counts=False, detail="")
        job = store.jobs.claim(job.id, now=NOW, worker="w")
        store.jobs.wait(job, NOW, "x-down", now=NOW, counts=True, detail="")
        assert store.jobs.failures(job.id) == 1


class TestReplaying:
    def test_a_job_under_way_is_left_alone_until_its_lease_runs_out(self, store):
        job = claimed(store)
        assert store.jobs.replay([job.id], now=NOW) == []
        assert store.jobs.find(job.id).lease_token == job.lease_token
        assert store.jobs.replay([job.id], now=AFTER_LEASE) == [job.id]
        with pytest.raises(LeaseLost):
            store.jobs.finish(job, 900, now=AFTER_LEASE)

    def test_what_was_said_is_never_forgotten(self, store):
        job = claimed(store)
        store.jobs.start_reply(job, "Here", now=NOW)
        store.jobs.wait(job, NOW + SECOND, "reply-unsure", now=NOW, counts=True, detail="")
        store.jobs.replay([job.id], now=NOW)
        row = store.jobs.find(job.id)
        assert (row.state, row.reason, row.reply_started_at, row.reply_text) == ("queued", None, NOW, "Here")
        again = store.jobs.claim(job.id, now=NOW, worker="w")
        store.jobs.finish(again, 900, now=NOW)
        store.jobs.replay([job.id], now=NOW)
        assert store.jobs.find(job.id).reply_id == 900

    def test_it_starts_with_no_failures_and_a_new_wake_up(self, store):
        job = claimed(store)
        store.jobs.wait(job, NOW, "x-down", now=NOW, counts=True, detail="")
        store.jobs.give_up(store.jobs.claim(job.id, now=NOW, worker="w"), "x-down", now=NOW)
        store.jobs.replay([job.id], now=NOW)
        assert store.jobs.failures(job.id) == 0
        assert woken(store) == [job.id]

    def test_a_thousand_at_once(self, store):
        store.mentions.record([request(1_000 + n, by=n) for n in range(1_200)], now=NOW)
        ids = [job.id for job in store.jobs.newest(limit=5_000)]
        assert store.jobs.replay([*ids, 999_999], now=NOW) == sorted(ids)


class TestWakingUp:
    def test_the_oldest_first_and_each_once(self, store):
        jobs = [job_of(store, 201 + n, by=50 + n).id for n in range(3)]
        assert store.jobs.wake_up(now=NOW, depth=2) == [(jobs[0], 201), (jobs[1], 202)]
        assert woken(store, depth=2) == []
        assert woken(store, depth=3) == [jobs[2]]
        assert woken(store) == []

    def test_one_of_each_requester_before_anybodys_second(self, store):
        greedy = [job_of(store, 201 + n, by=1).id for n in range(4)]
        modest = [job_of(store, 301 + n, by=2 + n).id for n in range(2)]
        assert woken(store, depth=4) == [greedy[0], *modest, greedy[1]]
        assert woken(store) == greedy[2:]

    def test_what_was_claimed_makes_room(self, store):
        jobs = [job_of(store, 201 + n).id for n in range(3)]
        assert woken(store, depth=2) == jobs[:2]
        store.jobs.claim(jobs[0], now=NOW, worker="w")
        assert woken(store, depth=2) == jobs[2:]

    def test_jobs_that_wait_take_no_room(self, store):
        waiting = [job_of(store, 201 + n).id for n in range(2)]
        woken(store, depth=2)
        for each in waiting:
            job = store.jobs.claim(each, now=NOW, worker="w")
            store.jobs.wait(job, NOW + 4 * SECOND, "x-down", now=NOW, counts=True, detail="")
        other = job_of(store, 301).id
        assert woken(store, at=NOW + 2 * SECOND, depth=2) == [other]
        assert woken(store, at=NOW + 4 * SECOND, depth=3) == waiting

    def test_a_lost_wake_up_is_sent_again(self, store):
        job = job_of(store).id
        assert woken(store) == [job]
        assert woken(store, at=NOW + WAKE_UP_LOST) == []
        assert woken(store, at=NOW + WAKE_UP_LOST + SECOND) == [job]

    def test_a_job_whose_worker_died_is_woken_up_for_another(self, store):
        job = job_of(store).id
        woken(store)
        store.jobs.claim(job, now=NOW, worker="dies")
        assert woken(store, at=NOW + LEASE) == []
        assert woken(store, at=AFTER_LEASE) == [job]
        assert woken(store, at=AFTER_LEASE + SECOND) == []

    def test_what_could_not_be_sent_is_due_again(self, store):
        jobs = [job_of(store, 201 + n).id for n in range(2)]
        woken(store)
        store.jobs.unsend(jobs[1:])
        assert woken(store) == jobs[1:]

    def test_it_looks_a_long_backlog_through_in_two_statements_and_no_scan(self, store, statements):
        store.mentions.record([request(1_000 + n, by=n % 40) for n in range(300)], now=NOW)
        for number, job in enumerate(store.jobs.newest(limit=200)):
            held = store.jobs.claim(job.id, now=NOW, worker="w")
            store.jobs.finish(held, number, now=NOW)
        statements.clear()
        assert len(woken(store)) == 64
        looks, marks = (said for said in statements if not said.startswith("BEGIN"))
        assert marks.startswith("UPDATE")
        assert all("job.state = " in way for way in looks.split(" UNION ALL "))

    @pytest.mark.parametrize(
        "look",
        [woken, lambda store: store.jobs.asked_of([1], NOW)],
        ids=["what is due, by state", "what was asked of an author, by thread"],
    )
    def test_what_is_done_is_not_looked_through(self, store, look):
        """However many jobs have ended: by their ids or their kind they would nearly all be looked at."""
        plans = []

        def explain(driver, statement, given) -> None:
            if "UNION ALL" not in statement:
                return
            if store.database.is_sqlite:
                plans.extend(row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", given))
            else:  # it scans a table this small, unless it is told not to
                driver.execute("SET enable_seqscan = off")
                plans.extend(row[0] for row in driver.execute(f"EXPLAIN {statement}", given))
                driver.execute("RESET enable_seqscan")

        with overheard(store, explain):
            look(store)
        assert any("SEARCH job" in step or "Index" in step for step in plans), plans
        assert not any("SCAN job" in step or "Seq Scan" in step for step in plans), plans
        if store.database.is_sqlite:  # PostgreSQL goes by how many there are
            assert not any("job_kind" in step for step in plans), plans

    def test_a_thread_that_lacks_only_its_reply_goes_first_and_upkeep_last(self, store):
        again = store.jobs.add(Goal(100), kind="refresh", now=NOW)
        visitor = store.jobs.add(Goal(100), kind="refresh", from_site=True, now=NOW)
        asked = job_of(store, 201, by=50).id
        ready = claimed(store, 202, by=51)
        store.jobs.set_thread(ready, 100, now=NOW)
        store.jobs.wait(ready, NOW, "rate-limited", now=NOW, counts=False, detail="")
        assert woken(store, depth=1) == [ready.id]
        assert woken(store) == [visitor, asked, again]

    def test_no_more_of_those_that_lack_only_their_reply_than_x_takes(self, store):
        ready = [claimed(store, 201 + n, by=50 + n) for n in range(3)]
        for job in ready:
            store.jobs.set_thread(job, 100, now=NOW)
            store.jobs.wait(job, NOW, "rate-limited", now=NOW, counts=False, detail="")
        other = job_of(store, 301, by=70).id
        woken_now = [job for job, _ in store.jobs.wake_up(now=NOW, depth=64, replies=1)]
        assert woken_now == [ready[0].id, other]
        assert store.jobs.wake_up(now=NOW, depth=64, replies=0) == []
        assert woken(store) == [job.id for job in ready[1:]]

    def test_an_old_thread_waits_behind_new_ones_unless_there_is_a_page_of_it(self, store):
        now = datetime(2026, 11, 20, 12, tzinfo=UTC)
        old, new = (snowflake(now - timedelta(days=days)) for days in (30, 1))
        for mention, root in enumerate((old, new), start=201):
            store.mentions.record([(mention_of(mention), Request(Goal(root, root)))], now=now)
        store.threads.save(thread(post(old + 1, conversation=old + 1)), now=now)
        store.mentions.record([(mention_of(203), Request(Goal(old + 1, old + 1)))], now=now)
        line = [mention for _, mention in store.jobs.wake_up(now=now, depth=64)]
        assert line == [202, 203, 201]

    def test_who_asks_a_hundred_times_does_not_hold_up_who_asks_once(self, store):
        store.mentions.record([request(1_000 + n, by=1) for n in range(100)], now=NOW)
        assert len(woken(store)) == 16
        modest = job_of(store, 2_000, by=2).id
        assert woken(store) == [modest]


def test_a_job_without_a_mention_wants_no_reply(store):
    job = store.jobs.find(store.jobs.add(Goal(2**63 - 1), now=NOW))
    assert (job.reply_wanted, job.mention_id, job.goal.post_id) == (False, None, 2**63 - 1)
    assert store.jobs.wake_up(now=NOW, depth=1) == [(job.id, None)]


def test_counting_and_looking(store):
    first, second = job_of(store, 201), job_of(store, 202)
    store.jobs.finish(store.jobs.claim(first.id, now=NOW, worker="w"), 900, now=NOW)
    assert store.jobs.count_by_state() == {"done": 1, "queued": 1}
    assert [job.id for job in store.jobs.newest(state="queued")] == [second.id]
    assert [job.id for job in store.jobs.newest(limit=1)] == [second.id]
    assert store.jobs.newest(since=NOW + SECOND) == []
    assert store.jobs.find(999) is None
    assert store.jobs.find(second.id) == replace(second)


def test_a_reply_counts_from_its_mark_on(store):
    job = claimed(store)
    store.jobs.set_thread(job, 100, now=NOW)
    assert store.jobs.said_before(100, besides=job.id) == (0, set())
    assert store.jobs.said_before(100, besides=job.id + 1) == (1, set())
    assert not store.jobs.answered(100, requester_id=None, besides=0)
    assert not store.jobs.has_said("Here", besides=0)
    store.jobs.start_reply(job, "Here", now=NOW)
    assert store.jobs.has_said("Here", besides=0)
    assert not store.jobs.has_said("Here", besides=job.id)
    assert store.jobs.said_before(100, besides=job.id + 1) == (1, {"Here"})
    assert store.jobs.said_before(100, besides=job.id) == (0, set())
    assert store.jobs.answered(100, requester_id=50, besides=0)
    assert not store.jobs.answered(100, requester_id=51, besides=0)
    assert not store.jobs.answered(100, requester_id=50, besides=job.id)


def test_times_come_back_in_utc(store):
    job = claimed(store)
    for time in (job.created_at, job.updated_at, store.jobs.find(job.id).lease_until):
        assert time.utcoffset() == timedelta(0)
