"""A worker is killed at any step of making a file: in the end it is there, and nothing is left beside it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from bot.flows.export import announce, drop_strays
from bot.flows.pages import clear_away
from bot.settings import EXPORT_LEASE
from tests.fate import Killed, fate, killed_at_any_step, killed_twice
from tests.reader.fakes import FakeSaved, post, thread
from tests.reader.taking import Desk
from tests.reader.test_taking import quick

__all__ = ["fate"]


@pytest.fixture
def story(house, fate, monkeypatch):
    """Somebody takes a thread along; the worker, and the poller's wake-up, die at the given steps."""
    desk, files = Desk(house, quick), house.parts.files
    save, told = files.save, 0

    def saved(key, content):
        fate.step()
        save(key, content)
        fate.step()

    monkeypatch.setattr(type(files), "save", lambda _, key, content: saved(key, content))

    def tell(*deaths: int | None) -> int:
        nonlocal told
        told += 1
        fate.reset(None)
        desk.save(FakeSaved(thread(post(1, f"Told {told} times"), post(2, "and again"))))
        assert desk.get("/thread/1001.pdf").status_code == 202
        for death in deaths:
            fate.reset(death)
            with suppress(Killed):
                announce(house.parts, lambda: None)
                desk.work()
            steps = fate.steps
            house.world.advance(EXPORT_LEASE + timedelta(seconds=2))
        fate.reset(None)
        desk.work()
        answer = desk.get("/thread/1001.pdf")
        assert (answer.status_code, answer.content) == (200, f"pdf of Told {told} times".encode()), deaths
        clear_away(house.store, house.parts.files)
        drop_strays(house.store, files, before=house.world.now() + timedelta(days=1000))
        assert len(desk.files()) == 1, f"killed at {deaths}"
        return steps

    return tell


def test_killed_at_any_step(story):
    killed_at_any_step(story, at_least=10)


def test_killed_twice(story):
    killed_twice(story, times=20)
