"""Profile pictures: large enough for dense screens, whatever size X names."""

from __future__ import annotations

from datetime import timedelta

from reader.app import create_app
from sandbox import pictures
from tests.reader.conftest import Visitor
from tests.reader.parsing import Page


def illustrated(house, world):
    root = world.thread(world.author("ada"), ["One.", "Two."], ago=timedelta(hours=2))[0]
    house.ask(root)
    house.illustrate(root.number)
    return house.store.threads.find(root.number)


def test_a_profile_picture_is_fetched_in_a_size_for_dense_screens(house, world):
    saved = illustrated(house, world)
    assert saved.thread.author.avatar_url.endswith("_normal.png"), "as X names it"
    picture = saved.pictures[saved.thread.author.avatar_url]
    assert (picture.width, picture.height) == (400, 400)
    page = Visitor(create_app(house.store, house.parts.settings, world.now)).get(f"/thread/{saved.thread.id}")
    assert Page(page.text).all("img", class_="av")


def test_where_x_lacks_that_size_the_one_it_named_will_do(house, world, monkeypatch):
    def without(name, asked=None):
        return None if "400x400" in name else pictures.picture(name, asked)

    monkeypatch.setattr("sandbox.server.picture", without)
    saved = illustrated(house, world)
    assert saved.pictures[saved.thread.author.avatar_url].width == 48
