"""Every endpoint's answers over all scenes, held to X's own OpenAPI document.

The document is not ours to ship: it lies beside the repository where the project is developed. Elsewhere
this is skipped.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tweepy
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from sandbox import Media, World, serve
from sandbox.run import Served
from sandbox.scenes import play
from tests.sandbox.conftest import RewritingSession, tweepy_client
from tests.sandbox.test_push import reading, receiving

DOCUMENT = Path(__file__).parents[2].parent / "shared" / "x-openapi-2.166.json"


@pytest.fixture(scope="module")
def document():
    if not DOCUMENT.exists():
        pytest.skip(f"X's OpenAPI document is not there: {DOCUMENT.name}")
    return json.loads(DOCUMENT.read_text("utf-8"))


@pytest.fixture(scope="module")
def valid(document):
    """Validate a value against what the document has at a place."""
    registry = Registry().with_resource(
        "x:", Resource.from_contents(document, default_specification=DRAFT202012)
    )

    def valid(value, pointer):
        Draft202012Validator(
            {"$ref": f"x:#{pointer}"}, registry=registry, format_checker=FormatChecker()
        ).validate(value)

    return valid


@pytest.fixture(scope="module")
def check(document, valid):
    """Validate an answer against a path of the document; problems and media also against their own kinds."""

    def kind(value, schema):
        mapping = document["components"]["schemas"][schema]["discriminator"]["mapping"]
        if value["type"] in mapping:
            valid(value, mapping[value["type"]].removeprefix("#"))

    def check(answer, endpoint, status=200):
        method, _, path = endpoint.partition(" ")
        escaped = path.replace("~", "~0").replace("/", "~1")
        media_type = "application~1json" if status < 300 else "application~1problem+json"
        code = status if status < 300 else "default"
        valid(answer, f"/paths/{escaped}/{method.lower()}/responses/{code}/content/{media_type}/schema")
        for problem in [*answer.get("errors", []), answer] if status < 300 else [answer]:
            if "type" in problem:
                kind(problem, "Problem")
        for medium in answer.get("includes", {}).get("media", []):
            kind(medium, "Media")
        return answer

    return check


@pytest.fixture(scope="module")
def everything(document):
    """Parameters that ask for all there is."""
    parameters = document["components"]["parameters"]

    def all_of(name):
        return ",".join(parameters[name]["schema"]["items"]["enum"])

    return {
        "tweet.fields": all_of("TweetFieldsParameter"),
        "user.fields": all_of("UserFieldsParameter"),
        "media.fields": all_of("MediaFieldsParameter"),
        "poll.fields": all_of("PollFieldsParameter"),
        "expansions": all_of("TweetExpansionsParameter"),
    }


@pytest.fixture(scope="module")
def staged(document):
    """All scenes, their mentions, and the odd things that scenes do not have."""
    world = World()
    scenes = play(world)
    for scene in scenes:
        scene.summon(world)
    odd = world.author("odd", verified=True)
    gone, closed = world.post(odd, "gone"), world.post("closed", "closed")
    world.post(odd, "under what is gone", reply_to=gone)
    world.quote(
        odd,
        closed,
        "of what is closed $CASH",
        media=[Media("reel", kind="video"), Media("loop", kind="animated_gif")],
    )
    world.edit(world.post(odd, "Teh"), "The @unrollbot")
    world.delete(gone)
    world.protect("closed")
    world.advance(world.search_lag * 2)
    with serve(world) as server, RewritingSession(server.url) as session:
        yield world, session, tweepy_client(world, session)


@pytest.fixture
def bearer(staged):
    world, session, _ = staged

    def ask(endpoint, status=200, path="", **params):
        method, _, template = endpoint.partition(" ")
        headers = {"Authorization": f"Bearer {world.credentials.bearer_token}"}
        answer = session.request(
            method, path or template, params=params.get("params", params), headers=headers
        )
        assert answer.status_code == status
        return answer.json()

    return ask


def test_lookups(staged, bearer, check, everything):
    posts = [post.id for post in staged[0].posts]
    for start in range(0, len(posts), 100):
        ids = ",".join(posts[start : start + 100])
        answer = check(bearer("GET /2/tweets", params={"ids": ids, **everything}), "GET /2/tweets")
        _known_names(answer)
    for post_id in [*posts[-8:], "1"]:
        path = f"/2/tweets/{post_id}"
        check(bearer("GET /2/tweets/{id}", path=path, params=everything), "GET /2/tweets/{id}")


def _known_names(answer):
    """The document allows unknown members; a misspelt one must not hide behind that."""
    known = {
        "attachments", "author_id", "conversation_id", "created_at", "display_text_range", "edit_controls",
        "edit_history_tweet_ids", "entities", "id", "in_reply_to_user_id", "lang", "note_tweet",
        "possibly_sensitive", "public_metrics", "referenced_tweets", "reply_settings", "text",
    }  # fmt: skip
    assert {name for post in answer["data"] for name in post} <= known


def test_searches(staged, bearer, check, everything):
    for post in staged[0].posts:
        if post.is_root:
            query = {"query": f"conversation_id:{post.id}", "max_results": "100", **everything}
            check(bearer("GET /2/tweets/search/recent", params=query), "GET /2/tweets/search/recent")
    query = {"query": "from:nedoverwater", "max_results": "50", **everything}
    answer = check(bearer("GET /2/tweets/search/all", params=query), "GET /2/tweets/search/all")
    assert answer["meta"]["next_token"]


def test_timelines_and_people(staged, bearer, check, everything):
    world = staged[0]
    for name in ("mentions", "tweets"):
        endpoint = f"GET /2/users/{{id}}/{name}"
        for user_id in (world.bot.id, world.find_author("nedoverwater").id, "1"):
            check(bearer(endpoint, path=f"/2/users/{user_id}/{name}", params=everything), endpoint)
    names = ",".join([*[author.username for author in world.authors][:90], "not_there"])
    check(bearer("GET /2/users/by", params={"usernames": names, **everything}), "GET /2/users/by")
    check(bearer("GET /2/users", params={"ids": f"{world.bot.id},1", **everything}), "GET /2/users")
    check(
        bearer("GET /2/users/{id}", path=f"/2/users/{world.bot.id}", params=everything), "GET /2/users/{id}"
    )
    by_name = "GET /2/users/by/username/{username}"
    check(bearer(by_name, path="/2/users/by/username/haru_kiri", params=everything), by_name)


def test_what_the_bot_does(staged, check):
    client = staged[2]
    check(client.get_me(user_fields=["profile_image_url", "public_metrics"]), "GET /2/users/me")
    made = client.create_tweet(text="Hello, all of you")
    check(made, "POST /2/tweets", 201)
    check(client.delete_tweet(made["data"]["id"]), "DELETE /2/tweets/{id}")


def test_webhooks_subscriptions_and_events(staged, check, valid):
    world, session, client = staged
    author = world.author("told")
    ask = Asking(client, check)
    with receiving(world.credentials.consumer_secret) as receiver:
        ask("GET /2/webhooks")
        hook = ask("POST /2/webhooks", {"url": receiver.url})
        ask("GET /2/webhooks")
        ask("PUT /2/webhooks/{webhook_id}", of=hook["id"])
        for kind, who in (("post.mention.create", world.bot), ("post.delete", author)):
            body = {"event_type": kind, "filter": {"user_id": who.id}, "tag": "t", "webhook_id": hook["id"]}
            valid(body, "/components/schemas/ActivitySubscriptionCreateRequest")
            made = ask("POST /2/activity/subscriptions", body, user=True)["data"]["subscription"]
        ask("GET /2/activity/subscriptions")
        ask("PUT /2/activity/subscriptions/{subscription_id}", {"tag": "u"}, of=made["subscription_id"])
        with reading(world, session, Served(world, session.base.geturl())) as stream:
            check_problem_of_a_second_reader(world, session, check)
            post = world.post(author, "Told of.", quote=world.posts[0])
            world.mention("asker", post, "@unrollbot unroll " + "at length " * 60)
            world.delete(post)
            lines = (line for line in stream.iter_lines(chunk_size=1) if line)
            streamed = [json.loads(next(lines)) for _ in range(2)]
        world.push.courier.deliver()
        assert [json.loads(body) for body, _ in receiver.got] == streamed
        schemas = ("Tweet", "PostDeleteActivityResponsePayload")
        for event, schema in zip(streamed, schemas, strict=True):  # by `oneOf`, a post is a like as well
            valid(event["data"].pop("payload"), f"/components/schemas/{schema}")
            valid(event, "/components/schemas/ActivityStreamingResponse")
        ask("DELETE /2/activity/subscriptions/{subscription_id}", of=made["subscription_id"])
        ask("DELETE /2/webhooks/{webhook_id}", of=hook["id"])


class Asking:
    """Calls by tweepy's own hand, each answer held to the document."""

    def __init__(self, client, check):
        self.client = client
        self.check = check

    def __call__(self, endpoint, body=None, *, of="", user=False):
        method, _, path = endpoint.partition(" ")
        path = "/".join(of if part.startswith("{") else part for part in path.split("/"))
        answer = self.client.request(method, path, json=body, user_auth=user)
        return self.check(answer.json(), endpoint, answer.status_code)


def check_problem_of_a_second_reader(world, session, check):
    with reading(world, session, Served(world, session.base.geturl())) as second:
        check(second.json(), "GET /2/activity/stream", second.status_code)


def test_problems(staged, bearer, check):
    world, _, client = staged
    check(bearer("GET /2/tweets", 400, params={"ids": "x"}), "GET /2/tweets", 400)
    check(bearer("GET /2/users/me", 403), "GET /2/users/me", 403)
    for switch_on, status in (("usage_capped", 429), ("credits_depleted", 402), ("rate_limited", 429)):
        getattr(world.faults, switch_on)("GET /2/tweets")
        check(bearer("GET /2/tweets", status, params={"ids": "1"}), "GET /2/tweets", status)
    world.read_only = True
    with pytest.raises(tweepy.Forbidden) as refused:
        client.create_tweet(text="Hello")
    world.read_only = False
    check(refused.value.response.json(), "POST /2/tweets", 403)
