"""The disk is full at some step of the way: one line says so, and when there is room all goes on, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, text

from bot.errors import DatabaseAway
from bot.settings import LEASE


class Disk:
    """So many pages, of 4 KB each, as a disk of that size would hold."""

    def __init__(self, house) -> None:
        self.database = house.store.database
        self.room: int | None = None
        event.listen(self.database.engine, "connect", self._limit)

    def _limit(self, connection, _record) -> None:
        if self.room is not None:
            connection.execute(f"PRAGMA max_page_count={self.room}")

    def fill(self, *, but: int) -> None:
        """Leaves room for so many more pages."""
        with self.database.read() as session:
            used = session.execute(text("PRAGMA page_count")).scalar_one()
        self._set(used + but)

    def empty(self) -> None:
        self._set(1_000_000)

    def _set(self, room: int) -> None:
        self.room = room
        self.database.dispose()


@pytest.fixture
def disk(house) -> Disk:
    return Disk(house)


@pytest.mark.parametrize("room", range(0, 24, 3))
def test_whatever_still_fits(house, disk, world, room):
    author = world.author("ada")
    posts = world.thread(author, [f"{n}. " + "Words. " * 30 for n in range(20)], ago=timedelta(hours=2))
    mentions = [world.mention(f"asker{n}", posts[n]) for n in range(4)]
    disk.fill(but=room)
    said = []
    for _ in range(6):
        try:
            house.poll()
            house.work()
        except DatabaseAway as error:
            said.append(str(error))
        world.advance(LEASE + timedelta(seconds=2))
    if room == 0:
        assert said, "there was room after all"
    assert all("the disk is full" in line and "\n" not in line for line in said)
    disk.empty()
    house.woken.clear()
    house.run()
    assert [len(world.replies_to(mention)) for mention in mentions] == [1] * 4
    assert {house.job(mention).state for mention in mentions} == {"done"}
