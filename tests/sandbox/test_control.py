"""The page for people and the addresses for scripts."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import closing

import pytest

from sandbox import World, serve
from sandbox.scenes import play
from tests.sandbox.conftest import RewritingSession


@pytest.fixture
def staged():
    world = World()
    scenes = play(world)
    with serve(world, scenes=scenes) as server, closing(RewritingSession(server.url)) as session:
        yield world, scenes, session


def test_the_page_shows_scenes_mentions_and_replies(staged):
    world, scenes, session = staged
    evil = world.post("mallory", "<script>alert(1)</script> & co", reply_to=scenes[0].posts[0])
    mention = world.mention("mallory", evil, '@unrollbot unroll "><img src=x>')
    world.post(world.bot, "Here: http://localhost:8000/t/1", reply_to=mention)
    page = session.get("/").text
    assert "<script>" not in page
    assert "<img src=x>" not in page
    assert "&lt;script&gt;" in page
    assert '<a href="http://localhost:8000/t/1"' in page
    assert "Maren Holt" in page
    assert "霧の朝" in page


def test_a_form_makes_a_mention_and_leads_back(staged):
    world, scenes, session = staged
    post = scenes[0].posts[3]
    form = {
        "under": scenes[1].posts[0].id,
        "link": post.url + "?s=20",
        "author": "inesquill",
        "new_author": "zoe",
    }
    answer = session.post(
        "/sandbox/mention", data={**form, "text": "@unrollbot unroll, please"}, allow_redirects=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/?watch")
    mention = world.posts[-1]
    assert (mention.author.username, mention.replied_to_id) == ("zoe", post.id)
    assert 'http-equiv="refresh"' in session.get("/?watch").text
    world.post(world.bot, "Here", reply_to=mention)
    assert 'http-equiv="refresh"' not in session.get("/?watch").text


def test_scripts_make_mentions_and_read_the_state(staged):
    world, scenes, session = staged
    told = {"under": scenes[0].posts[-1].id, "author": "zoe", "text": "@unrollbot unroll"}
    mention_id = session.post("/sandbox/mention", json=told).json()["id"]
    world.post(world.bot, "http://localhost/t/1", reply_to=mention_id)
    state = session.get("/sandbox/state.json").json()
    assert [scene["name"] for scene in state["scenes"]] == [scene.name for scene in scenes]
    (mention,) = state["mentions"]
    assert mention["id"] == mention_id
    assert mention["replies"][0]["urls"] == ["http://localhost/t/1"]
    assert mention["seconds"] >= 0
    assert state["ledger"] == {"total_usd": 0.0, "by_resource": {}}


def test_faults_by_http(staged):
    world, _, session = staged
    fault = {"kind": "answer", "endpoint": "GET /2/tweets", "status": 503, "times": 2}
    assert session.post("/sandbox/faults", json=fault).json() == {"GET /2/tweets": ["answer"]}
    assert session.post("/sandbox/faults", json={"kind": "clear"}).json() == {}
    assert session.post("/sandbox/faults", json={"kind": "earthquake"}).status_code == 400
    assert world.faults.pending == {}


def test_deeds_by_http(staged):
    world, _, session = staged

    def do(**told):
        answer = session.post("/sandbox/world", json=told)
        assert answer.status_code == 201, answer.text
        return answer.json()

    first, second = do(do="thread", author="ada", posts=["One.", {"text": "Two."}])["ids"]
    third = do(do="post", author="ada", text="Three", reply_to=second)["id"]
    assert do(do="edit", post=third, text="Three.")["id"] == world.find(third).versions[-1]
    do(do="delete", post=second)
    do(do="index_hole", post=first)
    do(do="protect", author="ada")
    before = world.now()
    do(do="advance", seconds=60)
    do(do="revoke")
    do(do="limit", endpoint="GET /2/tweets", limit=3, seconds=10)
    do(do="dialect", name="new")
    assert world.revoked
    assert world.dialect == "new"
    assert (world.now() - before).total_seconds() >= 60
    assert world.find(second).deleted
    assert world.author("ada").protected


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/sandbox/world", {"do": "nothing"}),
        ("/sandbox/world", {"do": "delete", "post": "12345"}),
        ("/sandbox/world", {"do": "post", "author": "ada", "bogus": 1}),
        ("/sandbox/world", ["a list"]),
        ("/sandbox/mention", {"under": "elsewhere", "author": "ada"}),
        ("/sandbox/mention", {"under": "1", "author": "not a name"}),
    ],
)
def test_what_cannot_be_done_is_a_400_with_a_reason(staged, path, told):
    answer = staged[2].post(path, json=told)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_page_of_elsewhere_may_not_post(staged):
    _, scenes, session = staged
    form = {"under": scenes[0].posts[0].id, "author": "zoe"}
    answer = session.post("/sandbox/mention", data=form, headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 403


def test_nothing_is_left_behind():
    with serve(World()), serve(World()):
        assert [thread.name for thread in threading.enumerate()].count("sandbox") == 2
    assert "sandbox" not in [thread.name for thread in threading.enumerate()]


def test_it_listens_on_loopback_only():
    with pytest.raises(ValueError, match="loopback"), serve(World(), host="192.0.2.1"):
        pass


def test_the_command_line_says_how_to_reach_it():
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--summon"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines = dict(process.stdout.readline().strip().split("=", 1) for _ in range(6))
        with closing(RewritingSession(lines["X_API_URL"])) as session:
            state = session.get("/sandbox/state.json").json()
        process.terminate()
    assert lines["X_BEARER_TOKEN"] == "sandbox-bearer-token"
    assert len(state["mentions"]) == 7
