"""Which calls are made for which knowledge: values in, values out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given

from bot.domain import Conversation, Goal
from bot.rules.plan import (
    YOUNG,
    Lookup,
    Search,
    drift_of,
    id_before,
    next_calls,
    posted_at,
    search_again_at,
)
from bot.rules.thread import assemble
from tests.rules.making import ADA, AUTHORS, BOB, NOON, chain_of, id_at, known, make_post, make_reply, scenes

SOON = NOON + timedelta(hours=1)


def goal_at(post, author=ADA):
    return Goal(post.id, post.conversation_id, author, AUTHORS[author].username)


def nobody(*posts, **more):
    return replace(known(*posts, **more), authors={})


def test_a_fresh_thread_takes_one_search_and_one_lookup_of_its_root():
    posts = chain_of(5)
    goal = goal_at(posts[2])
    [search] = next_calls(goal, nobody(), now=SOON)
    assert search == Search(posts[0].id, "ada")
    assert search.query == f"conversation_id:{posts[0].id} from:ada to:ada"
    calls = next_calls(goal, nobody(*posts[1:]), {search}, now=SOON)
    assert calls == (Lookup((posts[0].id,)),)
    assert next_calls(goal, known(*posts), {search, *calls}, now=SOON) == ()


def test_root_holes_and_quotes_are_read_in_one_call():
    posts = chain_of(5)
    quoting = replace(posts[3], quoted=77)
    goal = goal_at(posts[2])
    search = Search(posts[0].id, "ada")
    found = nobody(posts[1], posts[2], quoting, posts[4])
    assert next_calls(goal, found, {search}, now=SOON) == (Lookup((posts[0].id, 77)),)
    with_hole = nobody(posts[2], quoting, posts[4])
    [lookup] = next_calls(goal, with_hole, {search}, now=SOON)
    assert posts[1].id in lookup.ids


def test_older_than_seven_days_is_asked_of_the_archive():
    posts = chain_of(3)
    for age, archive in [(timedelta(days=6, hours=22), False), (timedelta(days=7), True)]:
        [search] = next_calls(goal_at(posts[1]), nobody(), now=NOON + age)
        assert search.archive is archive


def test_a_link_is_followed_to_its_post_first():
    posts = chain_of(3)
    assert next_calls(Goal(posts[1].id), nobody(), now=SOON) == (Lookup((posts[1].id,)),)
    [search] = next_calls(Goal(posts[1].id), known(posts[1]), now=SOON)
    assert search == Search(posts[0].id, "ada")


def test_a_link_to_a_post_that_is_gone_ends_there():
    assert next_calls(Goal(5), known(missing={5: "deleted"}), now=SOON) == ()


def test_a_strangers_reply_is_not_bought_to_learn_who_is_meant():
    posts = chain_of(3)
    comment = make_reply(id_at(SOON), posts[1], BOB)
    goal = goal_at(comment, BOB)
    [first] = next_calls(goal, nobody(), now=SOON)
    assert first.author == "bob"  # an empty answer is free
    assert next_calls(goal, nobody(), {first}, now=SOON) == (Lookup((posts[0].id,)),)
    [second] = next_calls(goal, known(posts[0]), {first}, now=SOON)
    assert second.author == "ada"
    assert next_calls(goal, known(*posts), {first, second}, now=SOON) == ()


def test_a_strangers_own_thread_is_read_without_the_conversations_root():
    posts = chain_of(2)
    own = chain_of(3, BOB, SOON, first=posts[1])
    goal = goal_at(own[1], BOB)
    [search] = next_calls(goal, nobody(), now=SOON)
    calls = next_calls(goal, nobody(*own[1:]), {search}, now=SOON)
    assert calls == (Lookup((own[0].id,)),)
    assert next_calls(goal, known(*own), {search, *calls}, now=SOON) == ()


def test_where_the_root_is_gone_the_strangers_reply_tells_whom_it_answered():
    posts = chain_of(3)
    comment = make_reply(id_at(SOON), posts[1], BOB)
    goal = goal_at(comment, BOB)
    gone = {posts[0].id: "deleted"}
    done = {Search(posts[0].id, "bob")}
    assert next_calls(goal, known(missing=gone), done, now=SOON) == (Lookup((comment.id,)),)
    [search] = next_calls(goal, known(comment, missing=gone), done, now=SOON)
    assert search.author in {"ada", str(ADA)}


def test_the_author_is_read_with_a_post_where_the_root_is_gone():
    posts = chain_of(3)
    found = nobody(*posts[1:], missing={posts[0].id: "deleted"})
    done = {Search(posts[0].id, "ada"), Lookup((posts[0].id,))}
    assert next_calls(goal_at(posts[1]), found, done, now=SOON) == (Lookup((posts[2].id,)),)


def test_a_refresh_asks_only_for_what_is_newer():
    posts = chain_of(5)
    later = NOON + timedelta(days=3)
    [search] = next_calls(goal_at(posts[0]), known(*posts), now=later, newest={ADA: posts[4].id})
    assert (search.since_id, search.archive) == (posts[4].id, False)
    assert next_calls(goal_at(posts[0]), known(*posts), {search}, now=later) == ()


def test_on_the_day_itself_it_looks_back_as_far_as_search_may_have_lagged():
    posts = chain_of(5)
    [search] = next_calls(goal_at(posts[0]), known(*posts), now=SOON, newest={ADA: posts[4].id})
    assert posted_at(posts[4].id) - posted_at(search.since_id) == YOUNG


def test_what_is_newer_than_an_old_post_is_asked_of_the_archive():
    posts = chain_of(5)
    later = NOON + timedelta(days=30)
    [search] = next_calls(goal_at(posts[0]), known(*posts), now=later, newest={ADA: posts[4].id})
    assert (search.since_id, search.archive) == (posts[4].id, True)


def test_holes_are_read_a_hundred_at_a_time():
    posts = chain_of(502)
    found = nobody(posts[0], *posts[2::2])
    done = {Search(posts[0].id, "ada")}
    calls = next_calls(goal_at(posts[0]), found, done, now=SOON)
    assert [len(call.ids) for call in calls] == [100, 100, 50]
    assert {i for call in calls for i in call.ids} == {post.id for post in posts[1:500:2]}


def test_the_parents_of_asides_are_not_bought():
    posts = chain_of(3)
    question = make_reply(id_at(SOON), posts[1], BOB)
    answer = make_reply(id_at(SOON, 1), question)
    more = make_reply(id_at(SOON, 2), answer)
    done = {Search(posts[0].id, "ada")}
    assert next_calls(goal_at(posts[0]), known(*posts, more), done, now=SOON) == ()


def test_but_where_no_prefix_tells_they_are():
    posts = chain_of(3)
    question = make_reply(id_at(SOON), posts[1], BOB)
    answer = make_reply(id_at(SOON, 1), question)
    more = replace(make_reply(id_at(SOON, 2), answer), entities=(), display_start=0)
    done = {Search(posts[0].id, "ada")}
    calls = next_calls(goal_at(posts[0]), known(*posts, more), done, now=SOON)
    assert calls == (Lookup((answer.id,)),)
    assert next_calls(goal_at(posts[0]), known(*posts, answer, more), {*done, *calls}, now=SOON) == ()


def test_posts_that_only_ask_are_not_bought():
    posts = chain_of(4)
    done = {Search(posts[0].id, "ada")}
    found = known(posts[0], posts[1], posts[3])
    exclude = frozenset({posts[2].id})
    assert next_calls(goal_at(posts[0]), found, done, now=SOON, exclude=exclude) == ()


def test_the_post_pointed_at_is_read_where_search_lags():
    posts = chain_of(3)
    done = {Search(posts[0].id, "ada")}
    assert next_calls(goal_at(posts[2]), known(*posts[:2]), done, now=SOON) == (Lookup((posts[2].id,)),)


def test_an_older_version_is_followed_to_the_newest_once():
    posts = chain_of(3)
    old = replace(posts[0], versions=(posts[0].id, posts[0].id + 1))
    new = replace(old, id=posts[0].id + 1)
    done = {Search(posts[0].id, "ada")}
    calls = next_calls(goal_at(posts[0]), known(old, *posts[1:]), done, now=SOON)
    assert calls == (Lookup((new.id,)),)
    assert next_calls(goal_at(posts[0]), known(old, new, *posts[1:]), done, now=SOON) == ()
    assert next_calls(goal_at(posts[0]), known(old, *posts[1:]), {*done, *calls}, now=SOON) == ()


def test_what_x_passed_over_in_silence_is_not_asked_again():
    posts = chain_of(3)
    done = {Search(posts[0].id, "ada"), Lookup((posts[0].id,))}
    calls = next_calls(goal_at(posts[1]), nobody(*posts[1:]), done, now=SOON)
    assert calls == (Lookup((posts[2].id,)),)  # for its author
    assert next_calls(goal_at(posts[1]), nobody(*posts[1:]), {*done, *calls}, now=SOON) == ()


@given(scenes())
def test_any_conversation_is_settled_in_few_calls_that_all_name_their_author(scene):
    """Against an X that answers every call from what can still be read."""
    shown = {version: post for post in scene.conversation.posts.values() for version in post.versions}
    found, done = nobody(), set()
    for _ in range(40):
        calls = next_calls(scene.goal, found, done, now=SOON)
        if not calls:
            break
        for call in calls:
            assert call not in done
            done.add(call)
            got, missing = _answer(call, shown)
            posts = {**found.posts, **{post.id: post for post in got}}
            authors = found.authors
            if isinstance(call, Lookup):
                authors = {**authors, **{post.author_id: AUTHORS[post.author_id] for post in got}}
            found = replace(found, posts=posts, authors=authors, missing={**found.missing, **missing})
    else:
        raise AssertionError("the plan goes on for ever")
    thread = assemble(found, scene.goal)
    everything = assemble(replace(scene.conversation, missing=found.missing), scene.goal)
    if thread is not None and everything is not None and thread.author == everything.author:
        assert thread.posts == everything.posts


def _answer(call, shown):
    if isinstance(call, Lookup):
        assert len(call.ids) <= 100
        found = [shown[i] for i in call.ids if i in shown]
        return found, {i: "deleted" for i in call.ids if i not in shown}
    assert "from:" in call.query
    names = {author.username: author.id for author in AUTHORS.values()}
    author = names.get(call.author) or (int(call.author) if call.author.isdecimal() else None)
    return [
        post
        for post in {post.id: post for post in shown.values()}.values()
        if post.author_id == author == post.reply_to_author
    ], {}


def test_a_young_thread_is_looked_at_again_when_search_has_caught_up():
    posts = chain_of(2)
    thread = assemble(known(*posts), goal_at(posts[0]))
    newest = posts[1].created_at
    asked_at = newest + timedelta(seconds=5)
    assert search_again_at(thread, now=asked_at) >= newest + timedelta(seconds=60)
    assert search_again_at(thread, now=newest + YOUNG) is None


def test_ids_tell_the_time():
    assert posted_at(id_at(NOON)) == NOON
    assert posted_at(id_before(id_at(NOON), timedelta(minutes=5))) == NOON - timedelta(minutes=5)
    assert id_before(1, timedelta(minutes=5)) is None
    assert make_post(id_at(NOON)).created_at == NOON


def test_a_server_whose_ids_tell_another_time_does_not_make_every_thread_an_old_one():
    """The mention's own time and id say how far the ids are off."""
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    mention_id, root_id = 1_990_000_000_000_000_500, 1_990_000_000_000_000_001
    goal = Goal(root_id, root_id, 7, "ada")
    [honest] = next_calls(goal, Conversation(), now=now)
    assert honest.archive  # by its id alone it is a year old
    [search] = next_calls(goal, Conversation(), now=now, drift=drift_of(mention_id, now))
    assert not search.archive
    assert drift_of(id_at(now), now) == timedelta(0)
