"""An old backup is restored: what was answered since is found on X, and nobody is answered twice."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from bot.flows import restored
from bot.store.backup import backup, restore

REPLY, TIMELINE = "POST /2/tweets", "GET /2/users/:id/tweets"
A_WHILE = timedelta(minutes=10)


@pytest.fixture
def posts(world):
    return world.thread(world.author("ada"), ["One.", "Two.", "Three."], ago=timedelta(hours=2))


@pytest.fixture
def keep(house, tmp_path):
    """Makes a backup, and returns what puts it back."""

    def made():
        file = tmp_path / f"backup-{house.world.now():%H%M%S}.db"
        backup(house.store.database, file)
        house.world.advance(A_WHILE)

        def put_back():
            restore(house.store.database, file, now=house.world.now())
            house.woken.clear()

        return put_back

    return made


def looked_at(world) -> int:
    """Posts of our own timeline that X billed."""
    return sum(call.billed.get("post_read", 0) for call in world.ledger.calls_to(TIMELINE))


def test_nothing_is_answered_a_second_time_and_what_was_not_is_answered_once(house, posts, keep, world):
    for n in range(5):
        house.ask(posts[0], by=f"early{n}")
        world.advance(A_WHILE)
    queued, waiting, running = (world.mention(name, posts[0]) for name in ("queued", "waiting", "running"))
    house.poll()
    world.faults.answer("GET /2/tweets", 503, times=9)
    claimed = house.store.jobs.claim(house.job(running).id, now=world.now(), worker="w")
    house.woken.remove(claimed.id)
    house.store.jobs.claim(house.job(waiting).id, now=world.now(), worker="w")
    put_back = keep()
    world.faults.clear()
    house.run()
    later = [house.ask(post, by=f"later{n}") for n, post in enumerate(posts)]
    stopped = house.ask(posts[0], by="tired", text="@unrollbot stop")
    everybody = [queued, waiting, running, *later, stopped]
    assert [len(world.replies_to(mention)) for mention in everybody] == [1] * 7
    missed = world.mention("missed", posts[1])
    world.advance(A_WHILE)

    put_back()
    assert house.store.jobs.find_by_mention(later[0].number) is None, "the backup knows nothing of it"
    house.run()
    fresh = house.ask(posts[2], by="fresh")

    assert [len(world.replies_to(mention)) for mention in [*everybody, missed, fresh]] == [1] * 9
    assert house.job(later[0]).reply_id == world.replies_to(later[0])[0].number
    assert {house.job(mention).state for mention in [*everybody, missed, fresh]} == {"done"}
    assert house.store.people.find(int(world.author("tired").id)).stopped_at is not None
    assert looked_at(world) == 7 + 1, "the replies since the backup and the last before it, each once"


def test_what_is_asked_after_the_restore_waits_for_nothing_and_costs_nothing(house, posts, keep, world):
    put_back = keep()
    house.ask(posts[0], by="before")
    world.advance(A_WHILE)
    put_back()
    world.advance(timedelta(minutes=6))
    fresh = world.mention("fresh", posts[0])
    house.poll()
    house.work()
    assert len(world.replies_to(fresh)) == 1


def test_nobody_looks_before_the_last_reply_of_before_can_be_seen(house, posts, keep, world):
    """A worker that was speaking when the backup was put back may be at it still."""
    put_back = keep()
    mention = world.mention("asker", posts[0])
    put_back()
    house.poll()
    house.work()
    assert house.job(mention).reason == "looking-back"
    world.post(world.bot, "Here it is, said by a worker of before.", reply_to=mention)
    house.run()
    assert len(world.replies_to(mention)) == 1
    assert house.job(mention).state == "done"


def test_the_look_goes_on_where_the_days_budget_broke_it_off(build, posts, tmp_path, world):
    house = build(daily_budget_usd=Decimal(100), requests_per_conversation_per_hour=1000)
    backup(house.store.database, tmp_path / "b.db")
    world.advance(A_WHILE)
    mentions = [world.mention(f"asker{n}", posts[n % 3]) for n in range(30)]
    house.run()
    restore(house.store.database, tmp_path / "b.db", now=world.now())
    poor = build(daily_budget_usd=Decimal("0.15"), requests_per_conversation_per_hour=1000)
    for _ in range(12):
        poor.run(rounds=3)
        world.advance(timedelta(hours=12))
    assert [len(world.replies_to(mention)) for mention in mentions] == [1] * 30
    assert all(poor.job(mention).state == "done" for mention in mentions)
    assert looked_at(world) == 30


def test_what_x_does_not_show_any_more_is_not_answered_again(house, posts, keep, world, monkeypatch):
    monkeypatch.setattr(restored, "REACH", 5)
    monkeypatch.setattr("sandbox.reads.NEWEST_POSTS", 5)
    put_back = keep()
    old = house.ask(posts[0], by="old")
    newer = [house.ask(posts[n % 3], by=f"asker{n}") for n in range(5)]
    world.advance(A_WHILE)
    put_back()
    house.run()
    assert [len(world.replies_to(mention)) for mention in [old, *newer]] == [1] * 6
    assert (house.job(old).state, house.job(old).reason) == ("failed", "maybe-answered")
    assert {house.job(mention).state for mention in newer} == {"done"}


def test_a_database_that_was_never_restored_is_not_looked_at(house, posts, world):
    house.ask(posts[0])
    assert world.ledger.calls_to(TIMELINE) == []
