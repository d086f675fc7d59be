"""A process that dies before or after any step of its way, and stays dead until it is started anew.

A step is what the world notices: a transaction that writes, a call to X. Who dies at a read has left nothing
else behind than who dies at the next step. Dying is thorough: from then on not even a `finally` reaches the
database or X.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

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
        glance, write_alone = Database._glanced, Database.write_alone
        fate = self

        @contextmanager
        def reads(database: Database) -> Iterator:
            if fate.dead:
                raise Killed
            with read(database) as session:
                yield session

        @contextmanager
        def writes(database: Database) -> Iterator:
            fate.step()  # before the transaction: nothing is written
            with write(database) as session:
                yield session
            fate.step()  # after the commit: it is written, and nobody knows

        def glances(database: Database, *args):
            if fate.dead:
                raise Killed
            return glance(database, *args)

        def writes_alone(database: Database, *args):
            fate.step()
            row = write_alone(database, *args)
            fate.step()
            return row

        def requests(session: Session, *args, **kwargs):
            fate.step()
            response = request(session, *args, **kwargs)
            fate.step()
            return response

        monkeypatch.setattr(Database, "read", reads)
        monkeypatch.setattr(Database, "write", writes)
        monkeypatch.setattr(Database, "_glanced", glances)
        monkeypatch.setattr(Database, "write_alone", writes_alone)
        monkeypatch.setattr(Session, "request", requests)


@pytest.fixture
def fate(monkeypatch) -> Fate:
    return Fate(monkeypatch)


def killed_at_any_step(story: Callable[..., int], *, at_least: int) -> None:
    """`story` takes the steps of its deaths and returns how many steps its last life had."""
    steps = story(None)
    assert steps >= at_least, "the story is shorter than it was: are the steps still counted?"
    for death in range(steps):
        story(death)


def killed_twice(story: Callable[..., int], *, times: int) -> None:
    steps = story(None)
    pairs = [(first, second) for first in range(steps) for second in range(steps)]
    for pair in random.Random(20).sample(pairs, times):
        story(*pair)
