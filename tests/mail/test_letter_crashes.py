"""Killed at any step of a letter's way: it arrives once, or it is known that nobody knows."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from bot.flows.letters import announce
from tests.fate import Killed, fate
from tests.mail.conftest import words
from tests.store.test_cards import save
from tests.store.test_letters import follow

__all__ = ["fate"]

# After the last letter about this author, and after whatever a dead worker held.
LATER = timedelta(hours=2)


@pytest.fixture
def story(sit, fate):
    """A thread comes for a follower; poller and worker die at the given steps. Returns the steps that there
    were, and whether the letter is known to be in doubt.
    """
    desk = sit(listing="all")
    store, world = desk.house.store, desk.house.world
    save(store, number=100, at=world.now() - LATER)
    follow(store, at=world.now())
    told = 100

    def tell(*deaths: int | None) -> tuple[int, bool]:
        nonlocal told
        told += 1000
        fate.reset(None)
        world.advance(LATER)
        save(store, number=told, at=world.now())
        before, arrived = desk.states().get("unknown", 0), len(desk.office.kept)
        for death in deaths:
            world.advance(LATER)
            fate.reset(death)
            with suppress(Killed):
                announce(desk.house.parts, lambda: None)
                desk.deliver()
            steps = fate.steps
        fate.reset(None)
        for _ in range(2):
            world.advance(LATER)
            announce(desk.house.parts, lambda: None)
            desk.deliver()
        letters = desk.office.kept[arrived:]
        unsure = desk.states().get("unknown", 0) - before
        assert len(letters) == 1 or (letters, unsure) == ([], 1), f"killed at {deaths}"
        assert all(f"/thread/{told}" in words(letter) for letter in letters)
        assert not {"queued", "sending"} & desk.states().keys(), f"killed at {deaths}"
        return steps, bool(unsure)

    return tell


def test_killed_at_any_step(story):
    steps, unsure = story(None)
    assert steps > 15, "the story is shorter than it was: are the steps still counted?"
    assert not unsure
    doubts = sum(story(death)[1] for death in range(steps))
    assert doubts <= 2, "only between the mark and the word that it went out"


def test_killed_twice(story):
    steps, _ = story(None)
    for first in range(0, steps, 5):
        story(first, (first * 7 + 5) % steps)
