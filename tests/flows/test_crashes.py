"""The process dies before or after any step of its way: in the end there is one reply, and nothing is lost.

A step is a transaction or a call to X. Dying is thorough: from then on not even a `finally` reaches the
database or X, until the house is built anew.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.settings import LEASE
from bot.store.backup import backup, restore
from bot.store.database import Database
from bot.x.connection import Session


class Killed(BaseException):
    """No `except Exception` hears of a SIGKILL."""


class Fate:
    """Counts the steps, and ends the process at one of them."""

    def __init__(self, monkeypatch) -> None:
        self.steps = 0
        self.dies_at: int | None = None
        self.dead = False
        self._patch(monkeypatch)

    def reset(self, dies_at: int | None) -> None:
        self.steps, self.dies_at, self.dead = 0, dies_at, False

    def step(self) -> None:
        if self.dead or self.steps == self.dies_at:
            self.dead = True
            raise Killed
        self.steps += 1

    def _patch(self, monkeypatch) -> None:
        read, write, request = Database.read, Database.write, Session.request
        fate = self

        @contextmanager
        def reads(database: Database) -> Iterator:
            fate.step()
            with read(database) as session:
                yield session

        @contextmanager
        def writes(database: Database) -> Iterator:
            fate.step()  # before the transaction: nothing is written
            with write(database) as session:
                yield session
            fate.step()  # after the commit: it is written, and nobody knows

        def requests(session: Session, *args, **kwargs):
            fate.step()
            response = request(session, *args, **kwargs)
            fate.step()
            return response

        monkeypatch.setattr(Database, "read", reads)
        monkeypatch.setattr(Database, "write", writes)
        monkeypatch.setattr(Session, "request", requests)


@pytest.fixture
def fate(monkeypatch) -> Fate:
    return Fate(monkeypatch)


@pytest.fixture
def story(build, world, fate):
    """Tells one mention's story, with deaths at the given steps."""
    house = build(daily_budget_usd=Decimal(100))
    told = 0

    def tell(*deaths: int | None) -> int:
        nonlocal told
        told += 1
        author = world.author(f"ada{told}")
        posts = world.thread(author, [f"One of {told}.", "Two.", "Three."], ago=timedelta(hours=2))
        mention = world.mention(f"asker{told}", posts[1])
        for death in deaths:
            fate.reset(death)
            with suppress(Killed):
                house.poll()
                house.work()
            steps = fate.steps
            house.woken.clear()  # the wake-ups died with it
            world.advance(LEASE + timedelta(seconds=2))
        fate.reset(None)
        house.run()
        assert house.job(mention).state == "done", f"killed at {deaths}"
        assert len(world.replies_to(mention)) == 1, f"killed at {deaths}"
        return steps

    return tell


def test_killed_at_any_step(story):
    steps = story(None)
    assert steps > 20, "the story is shorter than it was: are the steps still counted?"
    for death in range(steps):
        story(death)


def test_killed_twice(story):
    steps = story(None)
    pairs = random.Random(20).sample([(a, b) for a in range(steps) for b in range(steps)], 40)
    for pair in pairs:
        story(*pair)


def test_killed_while_it_looks_for_what_it_said_before_a_restore(build, world, fate, tmp_path):
    """What was answered since the backup stays answered once, at whatever step the look breaks off."""
    house = build(daily_budget_usd=Decimal(100))
    steps = deaths = 0
    while deaths <= steps:
        author = world.author(f"ada{deaths}")
        posts = world.thread(author, [f"One of {deaths}.", "Two."], ago=timedelta(hours=2))
        file = tmp_path / f"backup-{deaths}"
        backup(house.store.database, file)
        mentions = [world.mention(f"asker{deaths}-{n}", posts[n]) for n in range(2)]
        house.run()
        restore(house.store.database, file, now=world.now())
        world.advance(LEASE * 2)
        fate.reset(None if deaths == 0 else deaths)
        with suppress(Killed):
            house.poll()
            house.work()
        steps = max(steps, fate.steps)
        house.woken.clear()
        world.advance(LEASE + timedelta(seconds=2))
        fate.reset(None)
        house.run()
        assert [len(world.replies_to(mention)) for mention in mentions] == [1, 1], f"killed at {deaths}"
        assert {house.job(mention).state for mention in mentions} == {"done"}, f"killed at {deaths}"
        deaths += 7
    assert steps > 20, "the story is shorter than it was: are the steps still counted?"
