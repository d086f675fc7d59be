"""The search language, the lag, the holes, the seven days."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox import World
from sandbox.search import parse


def ids(answer):
    return [post["id"] for post in answer.json().get("data", [])]


def test_a_conversation_leaves_its_root_out(world, get):
    posts = world.thread("ada", ["One.", "Two.", "Three."])
    comment = world.post("bob", "Hm", reply_to=posts[1], ago=timedelta(minutes=2))
    world.post("ada", "Well", reply_to=comment, ago=timedelta(minutes=1))
    query = f"conversation_id:{posts[0].id}"
    assert posts[0].id not in ids(get("/2/tweets/search/recent", query=query))
    assert len(ids(get("/2/tweets/search/recent", query=query))) == 4
    own = get("/2/tweets/search/recent", query=f"{query} from:ada to:ada")
    assert ids(own) == [posts[2].id, posts[1].id]
    assert ids(get("/2/tweets/search/recent", query=f"{query} from:{posts[0].author.id} -to:ada")) != []


def test_the_index_lags_and_has_holes(world, get):
    root, hole = world.thread("ada", ["One.", "Two."])
    world.index_hole(hole)
    fresh = world.post("ada", "Three.", reply_to=hole)
    query = f"conversation_id:{root.id}"
    assert ids(get("/2/tweets/search/recent", query=query)) == []
    world.advance(timedelta(seconds=31))
    assert ids(get("/2/tweets/search/recent", query=query)) == [fresh.id]
    assert ids(get("/2/tweets", ids=hole.id)) == [hole.id]


def test_recent_search_ends_seven_days_ago_and_all_does_not(world, get):
    old, _, new = world.thread(
        "ada", ["One.", "Two.", "Three."], ago=timedelta(days=7, seconds=30), every=timedelta(minutes=1)
    )
    assert ids(get("/2/tweets/search/recent", query="from:ada")) == [new.id, _.id]
    assert len(ids(get("/2/tweets/search/all", query="from:ada", max_results=500))) == 3
    answer = get("/2/tweets/search/recent", query="from:ada", since_id=old.id)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameters"] == {"since_id": [old.id]}
    early = (world.now() - timedelta(days=8)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert get("/2/tweets/search/recent", query="from:ada", start_time=early).status_code == 400


def test_pages_of_a_search(world, get):
    posts = world.thread("ada", [str(number) for number in range(25)])
    found, token = [], None
    while True:
        page = get("/2/tweets/search/recent", query="from:ada", max_results=10, next_token=token)
        found += ids(page)
        token = page.json()["meta"].get("next_token")
        if token is None:
            break
    assert found == [post.id for post in reversed(posts)]
    between = get("/2/tweets/search/recent", query="from:ada", since_id=posts[3].id, until_id=posts[6].id)
    assert ids(between) == [posts[5].id, posts[4].id]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("bread", {1, 2}),
        ("BREAD", {1, 2}),
        ('"good bread"', {1}),
        ("bread -good", {2}),
        ("bread OR lighthouse", {1, 2, 3}),
        ("(bread OR lighthouse) from:ada", {1, 3}),
        ("from:ada -(bread OR lighthouse)", {0}),
        ("from:ada has:images", {3}),
        ("from:ada -has:images", {0, 1}),
        ("from:bob is:reply", {2}),
        ("from:ada is:quote", {3}),
        ("from:ada has:links", {1, 3}),
        ("url:example.org", {1}),
        ("to:ada", {2}),
        ("from:nobody_at_all", set()),
        ("#rye", {1}),
        ("@ada", {2}),
        ("from:ada is:retweet", set()),
        ("lang:en has:hashtags bread", {1}),
    ],
)
def test_the_language(query, found):
    world = World()
    posts = [world.post("ada", "Morning")]
    posts.append(world.post("ada", "A good bread #rye https://example.org/loaf"))
    posts.append(world.post("bob", "breadcrumbs? no, bread", reply_to=posts[1]))
    posts.append(world.post("ada", "lighthouse", media="lighthouse", quote=posts[2]))
    matches = parse(query, world.find_author).matches
    assert {number for number, post in enumerate(posts) if matches(post)} == found


@pytest.mark.parametrize(
    "query",
    [
        "",
        "(bread",
        "bread)",
        "OR bread",
        "bread OR",
        "is:reply",
        "-bread",
        "is:bogus bread",
        "bogus:1",
        '"open',
        "x" * 513,
        "()",
    ],
)
def test_a_bad_query_is_refused(query):
    with pytest.raises(ValueError):
        parse(query, World().find_author)


def test_a_bad_query_is_a_400(get):
    answer = get("/2/tweets/search/recent", query="is:reply")
    assert answer.status_code == 400
    assert "positive" in answer.json()["errors"][0]["message"]


def test_the_longer_query_is_for_the_archive(get):
    query = "from:ada " + "x" * 600
    assert get("/2/tweets/search/recent", query=query).status_code == 400
    assert get("/2/tweets/search/all", query=query).status_code == 200
