"""The process dies at any step of its way: in the end there is one reply, and nothing is lost."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.settings import LEASE
from bot.store.backup import backup, restore
from tests.fate import Killed, fate, killed_at_any_step, killed_twice

__all__ = ["fate"]


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
    killed_at_any_step(story, at_least=20)


def test_killed_twice(story):
    killed_twice(story, times=40)


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
        deaths += 3
    assert steps > 20, "the story is shorter than it was: are the steps still counted?"
