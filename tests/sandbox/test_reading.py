"""Lookups, timelines and pages."""

from __future__ import annotations

from datetime import timedelta

import pytest


def test_missing_closed_and_visible_posts_in_one_lookup(world, get):
    good, gone, closed, suspended, withheld = (
        world.post(name, "text") for name in ("ada", "bob", "cleo", "dan", "eve")
    )
    world.delete(gone)
    world.protect("cleo")
    world.suspend("dan")
    world.withhold(withheld)
    ids = [post.id for post in (good, gone, closed, suspended, withheld)]
    answer = get("/2/tweets", ids=",".join([*ids, "123"]))
    assert answer.status_code == 200
    assert [post["id"] for post in answer.json()["data"]] == [good.id]
    reasons = {error["resource_id"]: error["type"].rpartition("/")[2] for error in answer.json()["errors"]}
    assert reasons == {
        gone.id: "resource-not-found",
        closed.id: "not-authorized-for-resource",
        suspended.id: "resource-not-found",
        withheld.id: "not-authorized-for-resource",
        "123": "resource-not-found",
    }


def test_only_what_was_asked_for_is_shown(world, get):
    root = world.post("ada", "One.", media="lighthouse", poll=["Yes", "No"])
    reply = world.post("bob", "Two.", reply_to=root)
    assert set(get(f"/2/tweets/{reply.id}").json()["data"]) == {"id", "text", "edit_history_tweet_ids"}
    answer = get(
        f"/2/tweets/{reply.id}",
        **{"tweet.fields": "created_at,lang,bogus"},
        expansions="author_id,referenced_tweets.id,referenced_tweets.id.author_id",
    ).json()
    assert {"created_at", "lang", "author_id", "referenced_tweets"} < set(answer["data"])
    assert "bogus" not in answer["data"]
    assert [post["id"] for post in answer["includes"]["tweets"]] == [root.id]
    assert {user["username"] for user in answer["includes"]["users"]} == {"ada", "bob"}
    assert "media" not in answer["includes"]


def test_media_and_polls_come_with_their_expansions(world, get, session):
    post = world.post("ada", "Look", media={"name": "lighthouse", "alt": "A light"}, poll=["Yes", "No"])
    answer = get(
        f"/2/tweets/{post.id}",
        expansions="attachments.media_keys,attachments.poll_ids",
        **{"media.fields": "url,alt_text,width,height", "poll.fields": "voting_status,end_datetime"},
    ).json()
    (photo,) = answer["includes"]["media"]
    assert (photo["type"], photo["alt_text"], photo["media_key"]) == ("photo", "A light", post.media[0].key)
    picture = session.get(photo["url"])
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content[:2] == b"\xff\xd8"
    (poll,) = answer["includes"]["polls"]
    assert poll["voting_status"] == "open"
    assert [option["label"] for option in poll["options"]] == ["Yes", "No"]


def test_a_deleted_parent_is_an_error_of_the_expansion(world, get):
    root = world.post("ada", "One.")
    reply = world.post("ada", "Two.", reply_to=root)
    world.delete(root)
    answer = get(f"/2/tweets/{reply.id}", expansions="referenced_tweets.id").json()
    assert answer["data"]["referenced_tweets"] == [{"type": "replied_to", "id": root.id}]
    assert answer["errors"][0]["parameter"] == "referenced_tweets.id"
    assert "includes" not in answer


def test_an_old_version_answers_with_its_own_text_and_the_whole_history(world, client):
    old = world.post("ada", "Teh")
    new = world.edit(old, "The")
    answer = client.get_tweets([old.id, new.id])
    assert [post["text"] for post in answer["data"]] == ["Teh", "The"]
    assert [post["edit_history_tweet_ids"] for post in answer["data"]] == [[old.id, new.id]] * 2


def test_mentions_are_paged_newest_first_and_lead_back(world, client):
    root = world.post("ada", "One.", ago=timedelta(hours=1))
    made = [world.mention("bob", root, f"@unrollbot unroll {number}") for number in range(12)]
    newest_first = [post.id for post in reversed(made)]
    first = client.get_users_mentions(world.bot.id, max_results=5, user_auth=True)
    second = client.get_users_mentions(
        world.bot.id, max_results=5, pagination_token=first["meta"]["next_token"], user_auth=True
    )
    third = client.get_users_mentions(
        world.bot.id, max_results=5, pagination_token=second["meta"]["next_token"], user_auth=True
    )
    pages = (first, second, third)
    assert [post["id"] for page in pages for post in page["data"]] == newest_first
    assert "next_token" not in third["meta"]
    assert first["meta"] == {
        "result_count": 5,
        "newest_id": newest_first[0],
        "oldest_id": newest_first[4],
        "next_token": first["meta"]["next_token"],
    }
    back = client.get_users_mentions(
        world.bot.id, max_results=5, pagination_token=third["meta"]["previous_token"], user_auth=True
    )
    assert back["data"] == second["data"]


def test_mentions_since_an_id_and_the_newest_800(world, get):
    root = world.post("ada", "One.", ago=timedelta(hours=1))
    made = [
        world.mention("bob", root, f"@unrollbot {number}", ago=timedelta(minutes=5)) for number in range(820)
    ]
    path = f"/2/users/{world.bot.id}/mentions"
    assert get(path, since_id=made[-1].id).json() == {"meta": {"result_count": 0}}
    since = get(path, since_id=made[-4].id).json()
    assert [post["id"] for post in since["data"]] == [post.id for post in made[-1:-4:-1]]
    seen, token = 0, None
    while True:
        page = get(path, max_results=100, pagination_token=token).json()
        seen += page["meta"]["result_count"]
        token = page["meta"].get("next_token")
        if token is None:
            break
    assert seen == 800


def test_a_late_mention_appears_behind_newer_ones(world, get):
    root = world.post("ada", "One.")
    late = world.mention("bob", root, late=timedelta(minutes=2))
    prompt = world.mention("cleo", root)
    path = f"/2/users/{world.bot.id}/mentions"
    assert [post["id"] for post in get(path).json()["data"]] == [prompt.id]
    world.advance(timedelta(minutes=3))
    assert [post["id"] for post in get(path).json()["data"]] == [prompt.id, late.id]
    assert get(path, since_id=prompt.id).json()["meta"]["result_count"] == 0


def test_the_timeline_lags_and_can_leave_replies_out(world, get):
    root = world.post(world.bot, "Hello", ago=timedelta(minutes=1))
    world.post(world.bot, "me again", reply_to=root)
    path = f"/2/users/{world.bot.id}/tweets"
    assert len(get(path).json()["data"]) == 1
    world.advance(timedelta(seconds=6))
    assert len(get(path).json()["data"]) == 2
    assert [post["id"] for post in get(path, exclude="replies,retweets").json()["data"]] == [root.id]


def test_people_by_id_by_name_and_myself(world, client):
    ada = world.author("ada", name="Ada Quill", bio="Ink & paper")
    world.suspend("bob")
    assert (
        client.get_user(username="ada", user_fields=["description"])["data"]["description"] == "Ink & paper"
    )
    assert client.get_user(id=ada.id)["data"]["name"] == "Ada Quill"
    both = client.get_users(usernames=["ada", "bob", "nobody"])
    assert [user["username"] for user in both["data"]] == ["ada"]
    assert [error["title"] for error in both["errors"]] == ["Forbidden", "Not Found Error"]
    assert client.get_users(ids=[ada.id])["data"][0]["username"] == "ada"
    assert client.get_me()["data"]["username"] == "unrollbot"


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/2/tweets", {"ids": ",".join(str(number) for number in range(1, 102))}),
        ("/2/tweets", {"ids": "1,x"}),
        ("/2/tweets", {}),
        ("/2/tweets/abc", {}),
        ("/2/users/1500000000000000000/mentions", {"max_results": "4"}),
        ("/2/users/1500000000000000000/mentions", {"max_results": "101"}),
        ("/2/users/1500000000000000000/tweets", {"pagination_token": "nonsense"}),
        ("/2/tweets/search/recent", {"query": "bread", "max_results": "9"}),
        ("/2/tweets/search/recent", {"query": "bread", "start_time": "yesterday"}),
        ("/2/tweets/search/recent", {}),
        ("/2/users/by", {"usernames": "not a name"}),
    ],
)
def test_a_wrong_parameter_is_a_400_that_names_it(get, path, params):
    answer = get(path, **params)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/invalid-request")
    assert answer.json()["errors"][0]["parameters"]
