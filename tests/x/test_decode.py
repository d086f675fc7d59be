"""X's payloads as nouns: in both dialects, with fields missing, unknown or odd."""

import copy
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Conversation, Goal
from bot.rules.text import pieces
from bot.rules.thread import assemble
from bot.x import decode
from bot.x.client import POST_FIELDS
from sandbox.payload import Answer, Asked
from sandbox.reads import posts_by_ids
from sandbox.world import World

ASKED = Asked(
    posts=frozenset(POST_FIELDS),
    users=frozenset({"description", "profile_image_url", "protected"}),
    media=frozenset({"alt_text", "duration_ms", "height", "preview_image_url", "url", "variants", "width"}),
    polls=frozenset({"end_datetime", "voting_status"}),
    expansions=frozenset({"author_id", "attachments.media_keys", "attachments.poll_ids"}),
)


def answer(dialect="old"):
    """What X answers to a lookup of a thread with one of everything."""
    noon = datetime(2026, 11, 3, 12, tzinfo=UTC)
    world = World(now=lambda: noon)
    world.dialect = dialect
    ada, bob = world.author("ada", name="Ada Quill", bio="Keeps a light."), world.author("bob")
    quoted = world.post(bob, "A chart & a note.", ago=timedelta(hours=9))
    posts = world.thread(
        ada,
        [
            {"text": "The lamp & the lens. " * 20 + "#optics $LAMP @bob", "quote": quoted},
            {"text": "See https://example.com/a now", "media": ["A lamp", "A lens"], "sensitive": True},
            {"text": "Which?", "poll": [("Lamp", 12), ("Lens", 30)]},
            {"text": "It turns.", "media": {"name": "lamp.jpg", "kind": "video"}},
            {"text": "My essay.", "article": {"title": "On lenses"}},
        ],
        every=timedelta(minutes=5),
    )
    edited = world.edit(posts[2], "Which one?", at=noon - timedelta(minutes=40))
    gone = world.post(ada, "Gone.", ago=timedelta(minutes=2))
    world.delete(gone)
    ids = [*(post.id for post in posts), edited.id, quoted.id, gone.id]
    return posts_by_ids(Answer(world, ASKED, "https://x.example"), {"ids": ",".join(ids)})


def values(conversation):
    return conversation.posts, conversation.authors, conversation.missing


def test_both_dialects_decode_to_the_same_values():
    old, new = answer("old"), answer("new")
    assert "note_tweet" in old["data"][0]
    assert "note_post" in new["data"][0]
    assert values(decode.conversation(old)) == values(decode.conversation(new))


def test_one_of_everything():
    found = decode.conversation(answer())
    long, pictures, _, film, essay, poll, quoted = found.posts.values()
    assert long.text.endswith("#optics $LAMP @bob")
    assert len(long.text) > 280
    assert {entity.kind for entity in long.entities} == {"hashtag", "cashtag", "mention"}
    assert long.quoted == quoted.id
    assert [media.alt_text for media in pictures.media] == ["A lamp", "A lens"]
    assert (pictures.sensitive, pictures.reply_to, pictures.reply_to_author) == (
        True,
        long.id,
        long.author_id,
    )
    assert poll.poll.votes == 42
    assert (poll.edited, len(poll.versions)) == (True, 2)
    assert (film.media[0].kind, len(film.media[0].variants)) == ("video", 2)
    assert essay.article.title == "On lenses"
    assert found.authors[long.author_id].bio == "Keeps a light."
    assert list(found.missing.values()) == ["deleted"]


def test_what_was_kept_decodes_to_the_same_again():
    found = decode.conversation(answer())
    kept = decode.payloads(found.payloads.values(), found.authors, found.missing)
    assert values(kept) == values(found)


def test_fields_that_x_has_added_since_change_nothing():
    told = answer()
    for post in told["data"]:
        post |= {"moons": [{"deep": 1}], "entities": {**post.get("entities", {}), "orbits": [{"start": 0}]}}
    told |= {"weather": "fine"}
    told["includes"] |= {"planets": [1, None]}
    assert decode.conversation(told).posts == decode.conversation(answer()).posts


@pytest.mark.parametrize("nothing", [{}, {"data": None}, {"data": []}, {"includes": None, "errors": None}])
def test_nothing_is_nothing(nothing):
    assert decode.conversation(nothing) == Conversation()


def test_two_fields_are_enough_for_a_post():
    [post] = decode.conversation({"data": {"id": "1590000000000000000", "text": "Hello."}}).posts.values()
    assert (post.text, post.versions, post.conversation_id) == ("Hello.", (post.id,), post.id)
    assert post.created_at.year == 2022


@pytest.mark.parametrize("broken", [None, 7, "a", {}, {"id": "1"}, {"id": [], "text": "x"}, {"text": "x"}])
def test_a_malformed_post_does_not_take_the_others_with_it(broken):
    told = answer()
    whole = decode.conversation(told).posts
    told["data"].insert(1, broken)
    assert decode.conversation(told).posts == whole


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("https://api.x.com/2/problems/resource-not-found", "deleted"),
        ("https://api.twitter.com/2/problems/not-authorized-for-resource", "protected"),
        ("https://elsewhere.example/resource-unavailable/", "withheld"),
    ],
)
@pytest.mark.parametrize("resource", ["tweet", "post"])
def test_the_last_part_of_a_problems_type_says_why_a_post_is_missing(kind, reason, resource):
    error = {"type": kind, "resource_id": "12", "resource_type": resource}
    assert decode.conversation({"errors": [error]}).missing == {12: reason}


def test_a_problem_with_something_else_is_no_missing_post():
    error = {"type": "x/resource-not-found", "resource_id": "12", "resource_type": "user"}
    assert decode.conversation({"errors": [error, None, {}, {"type": 4, "value": {}}]}).missing == {}


@pytest.mark.parametrize(
    ("withheld", "codes"),
    [
        ({"copyright": True}, ("XY",)),
        ({"copyright": True, "country_codes": []}, ("XY",)),
        ({"copyright": True, "country_codes": ["DE", "FR"]}, ("DE", "FR")),
        ({"copyright": False, "country_codes": ["XX"], "scope": "tweet"}, ("XX",)),
        ({"copyright": False, "country_codes": []}, ()),
        ({"copyright": "yes", "country_codes": "DE"}, ()),
        ("everywhere", ()),
        (None, ()),
    ],
)
def test_where_a_post_is_withheld(withheld, codes):
    payload = {"post": {"id": "1", "text": "x", "withheld": withheld}}
    assert decode.post(payload).withheld_in == codes


def places(value, path=()):
    """The way to everything inside a payload."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


TOLD = answer()
PLACES = list(places(TOLD))
ODD = [None, True, -1, 2.5, 10**30, "", "x", "-1", "²", "9" * 40, [], [None], {}, {"id": None}, [[]], "2026"]


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(ODD)), max_size=12))
def test_no_value_is_too_odd(changes):
    told = copy.deepcopy(TOLD)
    for path, odd in changes:
        _put(told, path, odd)
    found = decode.conversation(told)
    untouched = {path[1] for path, _ in changes if path[0] == "data" and len(path) > 1}
    if all(path != ("data",) for path, _ in changes):
        kept = {str(post_id) for post_id in found.posts}
        assert kept >= {raw["id"] for n, raw in enumerate(TOLD["data"]) if n not in untouched}
    for post in found.posts.values():
        assert isinstance(hash(post), int)
        assert post.created_at.tzinfo is not None
        pieces(post)
        assemble(found, Goal(post.id))


def _put(told, path, odd):
    for key in path[:-1]:
        try:
            told = told[key]
        except (KeyError, IndexError, TypeError):
            return
    last = path[-1]
    if isinstance(told, dict) or (isinstance(told, list) and isinstance(last, int) and last < len(told)):
        told[last] = copy.deepcopy(odd)
