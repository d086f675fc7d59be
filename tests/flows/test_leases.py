"""A worker is held up at any step of its way until its lease has run out, and wakes up alive: another has
carried the job to its end by then, and the mention has one reply all the same.

A step is a transaction, or a call to X over HTTP: held up before it leaves, when a reply's headers are out
and its words are not, or while the answer is coming.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from bot.settings import LEASE
from bot.store.database import Database
from bot.x.connection import Session
from bot.x.line import _Line

REPLY = "POST /2/tweets"


class Delay:
    """Counts the steps of the first worker, and holds it up at one of them while `meanwhile` happens."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.at: int | None = None
        self.meanwhile: Callable[[], None] = lambda: None
        self.watching = False

    def step(self, name: str) -> None:
        if not self.watching:
            return
        self.steps.append(name)
        if len(self.steps) - 1 == self.at:
            self.watching = False
            self.meanwhile()
            self.watching = True


@pytest.fixture
def delay(monkeypatch) -> Delay:
    delay = Delay()
    read, write, request, send = Database.read, Database.write, Session.request, _Line.send
    glance, write_alone = Database._glanced, Database.write_alone

    @contextmanager
    def reads(database: Database) -> Iterator:
        delay.step("before a read")
        with read(database) as session:
            yield session

    @contextmanager
    def writes(database: Database) -> Iterator:
        delay.step("before a write")
        with write(database) as session:
            yield session
        delay.step("after a write")

    def glances(database: Database, *args):
        delay.step("before a read")
        return glance(database, *args)

    def writes_alone(database: Database, *args):
        delay.step("before a write")
        row = write_alone(database, *args)
        delay.step("after a write")
        return row

    def requests(session: Session, method, url, *args, **kwargs):
        delay.step(f"before {method}")
        response = request(session, method, url, *args, **kwargs)
        delay.step(f"after {method}")
        return response

    def sends(line: _Line, data) -> None:
        if line._body_is_next:
            delay.step("before the words")
        send(line, data)

    monkeypatch.setattr(_Line, "send", sends)
    monkeypatch.setattr(Database, "read", reads)
    monkeypatch.setattr(Database, "write", writes)
    monkeypatch.setattr(Database, "_glanced", glances)
    monkeypatch.setattr(Database, "write_alone", writes_alone)
    monkeypatch.setattr(Session, "request", requests)
    return delay


@pytest.fixture
def story(build, world, delay, monkeypatch):
    """One mention, whose first worker is held up at a step while the second carries the job to its end. X
    would take the same words twice.
    """
    monkeypatch.setattr("sandbox.writes.has_just_said", lambda *_: False)
    slow, quick = build(), build()
    told = 0

    def tell(at: int | None) -> list[str]:
        nonlocal told
        told += 1
        author = world.author(f"ada{told}")
        posts = world.thread(author, [f"One of {told}.", "Two.", "Three."], ago=timedelta(hours=2))
        mention = world.mention(f"asker{told}", posts[1])
        slow.poll()
        taken_over = []

        def meanwhile() -> None:
            world.advance(LEASE + timedelta(seconds=2))
            quick.run()
            taken_over.append(quick.job(mention))

        delay.steps, delay.at, delay.meanwhile, delay.watching = [], at, meanwhile, True
        slow.work()
        delay.watching = False
        steps = list(delay.steps)
        held_up = f"held up {steps[at]}, step {at}" if at is not None else "not held up"
        slow.run()
        [reply] = world.replies_to(mention) or [None]
        job = slow.job(mention)
        assert len(world.replies_to(mention)) == 1, held_up
        assert (job.state, job.reply_id) == ("done", reply.number), held_up
        for seen in taken_over:
            assert seen.state == "done", held_up
            assert job.reply_id == seen.reply_id, held_up
            assert job.lease_token is None, held_up
        return steps

    return tell


def test_held_up_at_any_step_until_the_lease_has_run_out(story):
    steps = story(None)
    assert {"before GET", "after GET", "before POST", "after POST", "after a write"} <= set(steps)
    mark = ["before the words", "before a write", "after a write", "after POST"]
    begin = steps.index("before the words")
    assert steps[begin : begin + 4] == mark, "nothing comes between the mark and the words"
    reads = [at for at, name in enumerate(steps) if name == "before a read"]
    for at in sorted(
        set(range(len(steps))) - set(reads) | set(reads[::4])
    ):  # reads come in a row: some will do
        story(at)


def test_a_page_is_not_saved_by_a_worker_that_lost_its_job(build, world, delay):
    """What it knows is older than what the other worker has saved since."""
    slow, quick = build(), build()
    posts = world.thread(world.author("ada"), ["One.", "Two.", "Three."], ago=timedelta(hours=2))
    mention = world.mention("asker", posts[0])
    slow.poll()
    saved = []

    def meanwhile() -> None:
        world.advance(LEASE + timedelta(seconds=2))
        quick.run()
        saved.append(quick.store.threads.find(posts[0].number))

    delay.meanwhile, delay.watching = meanwhile, True
    delay.at = _after_the_search(slow, world, delay)
    slow.work()
    delay.watching = False
    [by_quick] = saved
    now = slow.store.threads.find(posts[0].number)
    assert [post.id for post in now.thread.posts] == [post.number for post in posts]
    assert (now.version, now.checked_at) == (by_quick.version, by_quick.checked_at)
    assert len(world.replies_to(mention)) == 1


def _after_the_search(house, world, delay: Delay) -> int:
    """The step at which everything was read from X and nothing of it is saved, seen on another thread."""
    woken, house.woken = house.woken, []
    other = world.thread(world.author("eve"), ["Uno.", "Due.", "Tre."], ago=timedelta(hours=2))
    delay.at = None
    world.mention("another", other[0])
    delay.watching = False
    house.poll()
    delay.steps, delay.watching = [], True
    house.work()
    last = max(n for n, name in enumerate(delay.steps) if name == "after GET")
    delay.steps, house.woken = [], woken
    return last


def test_nobody_speaks_who_waited_for_the_database_until_it_was_too_late(house, world, monkeypatch):
    """The mark was asked for in time, and committed when the lease was all but over."""
    posts = world.thread(world.author("ada"), ["One.", "Two.", "Three."], ago=timedelta(hours=2))
    mention = world.mention("asker", posts[0])
    start = type(house.store.jobs).start_reply

    def slowly(jobs, job, text, *, now):
        start(jobs, job, text, now=now)
        world.advance(LEASE - timedelta(seconds=12))

    with monkeypatch.context() as patch:
        patch.setattr(type(house.store.jobs), "start_reply", slowly)
        house.poll()
        house.work()
    assert world.ledger.calls_to(REPLY) == []
    house.run()
    assert len(world.replies_to(mention)) == 1


def test_no_mark_is_left_where_the_window_or_the_budget_lets_nobody_speak(build, world):
    posts = world.thread(world.author("ada"), ["One.", "Two.", "Three."], ago=timedelta(hours=2))
    house = build()
    world.limits.set(REPLY, limit=1, seconds=900)
    first, second = (world.mention(name, posts[0]) for name in ("ben", "cleo"))
    house.poll()
    house.work()
    assert [len(world.replies_to(mention)) for mention in (first, second)] == [1, 0]
    job = house.job(second)
    assert (job.reason, job.reply_started_at, job.reply_text) == ("rate-limited", None, None)
    assert [call.status for call in world.ledger.calls_to(REPLY)] == [201]
