"""Videos on a page: kept where they may be, else a poster that leads to X; gone with their post."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reader.app import create_app
from sandbox.nouns import Media
from sandbox.pictures import FILM
from tests.reader.conftest import Visitor


def filmed(house, world):
    film = Media("clock", alt="Gears of a clock", kind="video", width=1280, height=720)
    texts = [{"text": "It moves.", "media": film}, "The end."]
    root = world.thread(world.author("ada"), texts, ago=timedelta(hours=2))[0]
    house.ask(root)
    house.illustrate(root.number)
    return root


@pytest.mark.parametrize("most", [0, 1])
def test_a_video_is_kept_only_where_it_may_be(build, world, monkeypatch, most):
    monkeypatch.setattr("sandbox.server.FILM", FILM + bytes(2_000_000))
    house = build(max_video_mb=most)
    root = filmed(house, world)
    page = (
        Visitor(create_app(house.store, house.parts.settings, world.now)).get(f"/thread/{root.number}").text
    )
    assert "<video" not in page
    assert 'title="Play on X"' in page
    assert house.store.media.wanted(root.number, now=world.now() + timedelta(days=9)) == []


def test_a_video_goes_with_its_post(house, world):
    root = filmed(house, world)
    [key] = [each.key for each in house.parts.files.list() if each.size == len(FILM)]
    world.delete(root)
    world.advance(timedelta(hours=1))
    for _ in range(3):
        house.poll()
    assert house.parts.files.find(key) is None
