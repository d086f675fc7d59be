"""Killed at any step of a command: in the end it is obeyed, and confirmed once."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from bot.settings import LEASE
from tests.fate import Killed, fate, killed_at_any_step

__all__ = ["fate"]


@pytest.fixture
def story(build, world, fate):
    """Tells the story of one author's command about their page, with a death at the given step."""
    house = build(daily_budget_usd=Decimal(100))
    told = 0

    def tell(command: str, death: int | None) -> int:
        nonlocal told
        told += 1
        author = world.author(f"ada{told}")
        posts = world.thread(author, [f"Secret {told}.", "Two.", "Three."], ago=timedelta(hours=2))
        fate.reset(None)
        house.ask(posts[0], by=f"asker{told}")
        mention = world.mention(author, posts[1], f"@unrollbot {command}")
        fate.reset(death)
        with suppress(Killed):
            house.poll()
            house.work()
        steps = fate.steps
        house.woken.clear()
        world.advance(LEASE + timedelta(seconds=2))
        fate.reset(None)
        house.run()
        assert house.job(mention).state == "done", f"killed at {death}"
        assert len(world.replies_to(mention)) == 1, f"killed at {death}"
        assert house.store.threads.find(posts[0].number).gone, f"killed at {death}"
        assert house.store.threads.payloads(post.number for post in posts) == (), f"killed at {death}"
        return steps

    return tell


@pytest.mark.parametrize("command", ["delete", "opt out"])
def test_killed_at_any_step(story, command):
    killed_at_any_step(partial(story, command), at_least=15)
