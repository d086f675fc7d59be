"""The scenes are whole, and rich enough to be worth unrolling."""

from __future__ import annotations

import pytest

from sandbox import World
from sandbox.pictures import picture
from sandbox.scenes import play


@pytest.fixture(scope="module")
def played():
    world = World()
    return world, {scene.name: scene for scene in play(world)}


def test_each_thread_is_one_chain_by_its_author(played):
    _, scenes = played
    for scene in scenes.values():
        assert scene.posts[0].is_root
        for parent, post in zip(scene.posts, scene.posts[1:], strict=False):
            assert post.replied_to_id == parent.id
            assert post.author is scene.author
            assert post.created_at > parent.created_at


def test_the_lighthouse_has_everything(played):
    posts = played[1]["lighthouse"].posts
    assert len(posts) == 10
    assert any(post.note for post in posts)
    assert any(post.poll for post in posts)
    assert all(medium.alt for post in posts for medium in post.media)
    assert [len(post.media) for post in posts].count(3) == 1
    assert [medium.kind for post in posts for medium in post.media].count("video") == 1
    (quoting,) = [post for post in posts if post.quoted_id]
    quoted = played[0].find(quoting.quoted_id)
    assert quoted.media
    assert quoted.author is not quoting.author


def test_scripts_and_lengths(played):
    scenes = played[1]
    assert len(scenes["bridges"].posts) == 62
    assert {post.lang for post in scenes["garden"].posts} == {"ar"}
    assert {post.lang for post in scenes["fog"].posts} == {"ja"}
    assert [
        post.note
        for name in ("bridges", "garden", "fog", "sourdough")
        for post in scenes[name].posts
        if post.note
    ] == []


def test_the_conversation_has_strangers_answers_and_a_fork(played):
    world, scenes = played
    scene = scenes["sourdough"]
    below = list(world.shelves.conversation(scene.posts[0].id).newest_first())
    own = [post for post in below if post.author is scene.author and post not in scene.posts]
    assert len({post.author.id for post in below}) > 5
    assert any(world.find(post.replied_to_id).author is not scene.author for post in own)
    assert any(post.prefix and world.find(post.replied_to_id) in own for post in own)
    assert any(world.find(post.replied_to_id) in scene.posts for post in own)


def test_mentions_are_planned_first_and_made_when_summoned():
    world = World()
    scenes = play(world)
    assert not list(world.shelves.naming(world.bot.id).newest_first())
    mentions = [mention for scene in scenes for mention in scene.summon(world)]
    assert len(mentions) >= 6
    assert len({mention.author.id for mention in mentions}) == len(mentions)
    assert all(mention.names_explicitly("unrollbot") for mention in mentions)


def test_pictures_are_drawn_the_same_twice():
    for name in ("lighthouse-dawn.jpg", "chart-bread.png", "bridge-1-80x60.jpg", "avatar-ada_normal.png"):
        first = picture(name)
        picture.cache_clear()
        assert picture(name) == first
    assert picture("hills.jpg", "150x150").body[:2] == b"\xff\xd8"
    assert picture("avatar-ada_400x400.png").body[1:4] == b"PNG"
    assert picture("../secret.jpg") is None
    assert picture("film.mp4") is None
