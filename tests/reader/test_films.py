"""Videos on a page: kept where they may be, else a poster that leads to X; gone with their post."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest

from reader.app import create_app
from sandbox.nouns import Media
from sandbox.pictures import FILM
from sandbox.scenes import play
from tests.reader.conftest import Visitor
from tests.reader.parsing import Page
from tests.reader.taking import Desk, pdf


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


def test_the_demos_film_is_on_its_page_and_in_the_json(house, world):
    [scene] = [each for each in play(world) if each.name == "lighthouse"]
    house.ask(scene.posts[0])
    house.illustrate(scene.posts[0].number)
    site = Visitor(create_app(house.store, house.parts.settings, world.now))
    [video] = Page(site.get(f"/thread/{scene.posts[0].number}").text).all("video")
    assert site.get(video["src"]).content == FILM
    assert site.get(video["poster"]).headers["content-type"].startswith("image/")
    told = site.get(f"/thread/{scene.posts[0].number}.json").json()
    [film] = [one for post in told["posts"] for one in post["media"] if one["type"] == "video"]
    assert [each["url"].endswith(video["src"]) for each in film["variants"]].count(True) == 1


def test_a_folder_to_take_along_plays_the_film_offline(house, world):
    root = filmed(house, world)
    with ZipFile(BytesIO(Desk(house).take(f"/thread/{root.number}.zip"))) as archive:
        [index] = [name for name in archive.namelist() if name.endswith("index.html")]
        [video] = Page(archive.read(index).decode()).all("video")
        beside = index.removesuffix("index.html")
        assert archive.read(beside + video["src"]) == FILM
        assert archive.read(beside + video["poster"])[:3] in {b"\xff\xd8\xff", b"\x89PN"}


@pytest.mark.parametrize("form", ["pdf", "epub"])
def test_paper_and_books_show_its_poster(house, world, form):
    root = filmed(house, world)
    made = Desk(house).take(f"/thread/{root.number}.{form}")
    assert FILM not in made
    if form == "pdf":
        assert sum(len(page.images) for page in pdf(made).pages) >= 2, "a face and a poster"
    else:
        with ZipFile(BytesIO(made)) as book:
            assert len([name for name in book.namelist() if name.startswith("book/images/")]) >= 2


def test_a_video_goes_with_its_post(house, world):
    root = filmed(house, world)
    [key] = [each.key for each in house.parts.files.list() if each.size == len(FILM)]
    world.delete(root)
    world.advance(timedelta(hours=1))
    for _ in range(3):
        house.poll()
    assert house.parts.files.find(key) is None
