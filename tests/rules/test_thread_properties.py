"""What holds for the thread of any conversation at all."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain import Conversation, Goal
from bot.rules.thread import assemble, prefix_people, trace
from tests.rules.making import ADA, AUTHORS, chain_of, known, make_post, make_reply, scenes


def thread_of(scene):
    thread = assemble(scene.conversation, scene.goal)
    assume(thread is not None)
    return thread


def every_post(thread):
    return [*thread.posts, *(post for fork in thread.forks for post in fork.posts)]


def lines(thread):
    """Each line of the thread with the id of the post it leaves from."""
    return [(None, thread.posts), *((fork.at, fork.posts) for fork in thread.forks)]


@given(scenes(), st.randoms())
def test_the_order_of_the_input_does_not_matter(scene, random):
    posts = list(scene.conversation.posts.items())
    random.shuffle(posts)
    shuffled = replace(scene.conversation, posts=dict(posts))
    assert assemble(shuffled, scene.goal) == assemble(scene.conversation, scene.goal)


@given(scenes(told=True))
def test_assembling_a_thread_again_from_its_own_posts_changes_nothing(scene):
    thread = thread_of(scene)
    own = Conversation(
        {post.id: post for post in every_post(thread)}, AUTHORS, scene.conversation.missing, cut=thread.cut
    )
    if any(scene.goal.post_id in post.versions for post in every_post(thread)):
        assert assemble(own, scene.goal) == thread
    goal = Goal(thread.posts[-1].id, thread.conversation_id, thread.author.id)
    again = assemble(own, goal)
    assert sorted(post.id for post in every_post(again)) == sorted(post.id for post in every_post(thread))


@given(scenes())
def test_every_post_is_by_its_author_and_stands_once(scene):
    thread = thread_of(scene)
    assert {post.author_id for post in every_post(thread)} == {thread.author.id}
    firsts = [post.first_version for post in every_post(thread)]
    assert len(firsts) == len(set(firsts))


@given(scenes())
def test_every_post_replies_to_the_one_before_it_or_to_a_gap(scene):
    thread = thread_of(scene)
    by_id = {post.id: post for post in every_post(thread)}
    gaps = {(gap.after, gap.post_id) for gap in thread.gaps}
    for at, posts in lines(thread):
        before = by_id.get(at)
        for index, post in enumerate(posts):
            starts = at is None and index == 0
            joined = before is not None and post.reply_to in before.versions
            torn = (before.id if before else None, post.reply_to) in gaps
            assert joined or torn or (starts and post.reply_to_author != thread.author.id)
            before = post


@given(scenes())
def test_posts_of_a_line_stand_in_the_order_of_time(scene):
    for _, posts in lines(thread_of(scene)):
        assert [post.first_version for post in posts] == sorted(post.first_version for post in posts)


@given(scenes())
def test_nothing_is_lost_that_hangs_on_the_chain(scene):
    thread = thread_of(scene)
    shown = {version for post in every_post(thread) for version in post.versions}
    for post in scene.conversation.posts.values():
        if post.author_id == thread.author.id and post.reply_to in shown:
            assert post.id in shown


@given(scenes())
def test_no_answer_to_somebody_else_gets_in(scene):
    """Whoever is spoken to in a post of the thread is spoken to in its first one."""
    thread = thread_of(scene)
    first = thread.posts[0]
    assume(first.reply_to is None)
    assert all(not prefix_people(post) for post in every_post(thread))


@given(scenes())
def test_the_post_that_was_pointed_at_is_in_the_main_line_if_it_is_in_the_thread(scene):
    thread = thread_of(scene)
    everywhere = {version for post in every_post(thread) for version in post.versions}
    main = {version for post in thread.posts for version in post.versions}
    assert scene.goal.post_id not in everywhere or scene.goal.post_id in main


@given(scenes())
def test_it_is_complete_only_if_the_chain_closes(scene):
    thread = thread_of(scene)
    if thread.complete:
        assert not thread.gaps
        at = {post.id: post for post in every_post(thread)}
        for place, posts in lines(thread):
            before = at.get(place)
            for post in posts:
                assert before is None or post.reply_to in before.versions
                before = post
        first = thread.posts[0]
        assert first.reply_to is None or first.reply_to_author != thread.author.id


@given(scenes())
def test_whoever_belongs_to_the_chain_that_was_pointed_at_gets_it_or_the_authors(scene):
    thread = thread_of(scene)
    root = scene.everything[0]
    assert thread.author.id in {scene.goal.author_id, root.author_id} or root.id in scene.conversation.missing


@given(scenes(told=True))
def test_where_x_was_asked_for_everything_there_are_no_holes(scene):
    chain = trace(scene.conversation, scene.goal)
    assert chain is None or not chain.holes


@given(scenes(told=False))
def test_reading_the_holes_until_none_is_left_brings_the_whole_chain(scene):
    """Search lost any of the posts: each can still be read by its id."""
    posts = {version: post for post in scene.everything for version in post.versions}
    conversation = scene.conversation
    for _ in range(len(posts) + 2):
        chain = trace(conversation, scene.goal)
        wanted = [scene.goal.conversation_id] if chain is None else [*chain.holes]
        fresh = {posts[i].id: posts[i] for i in wanted if posts[i].id not in conversation.posts}
        if not fresh:
            break
        conversation = replace(conversation, posts={**conversation.posts, **fresh})
    thread = assemble(conversation, scene.goal)
    assert thread is None or (thread.complete and not thread.gaps)


@given(st.one_of(scenes(opening=3), scenes()), st.data())
def test_posts_that_only_ask_are_left_out_and_nothing_behind_them_is(scene, data):
    thread = thread_of(scene)
    assume(len(thread.posts) > 2 and thread.posts[0].reply_to is None)
    asking = data.draw(st.sampled_from(thread.posts[1:-1]))
    goal = Goal(thread.posts[-1].id, thread.conversation_id, thread.author.id)
    whole = assemble(scene.conversation, goal)
    without = assemble(scene.conversation, goal, exclude=frozenset({asking.id}))
    assert {p.id for p in every_post(without)} == {p.id for p in every_post(whole)} - {asking.id}
    assert len(without.gaps) <= len(whole.gaps)


def test_ten_thousand_posts_in_a_row_are_no_matter_of_depth():
    posts = chain_of(10_000)
    thread = assemble(known(*reversed(posts)), Goal(posts[5_000].id, posts[0].id, ADA))
    assert len(thread.posts) == 10_000
    assert thread.complete


def test_replies_that_go_round_in_a_ring_end_all_the_same():
    one = make_post(10, reply_to=30, reply_to_author=ADA, conversation_id=1)
    two = make_reply(20, one)
    three = make_reply(30, two)
    thread = assemble(known(one, two, three), Goal(20, 1, ADA))
    assert [post.id for post in thread.posts] == [10, 20, 30]


def test_a_post_that_replies_to_itself_is_a_beginning():
    post = make_post(10, reply_to=10, reply_to_author=ADA)
    assert [p.id for p in assemble(known(post), Goal(10)).posts] == [10]


def test_nothing_comes_of_nothing():
    assert assemble(known(), Goal(10, 10, ADA)) is None
    assert assemble(known(), Goal(10)) is None


def test_both_versions_of_an_edited_post_are_one_post():
    old = make_post(10, versions=(10,))
    new = make_post(12, text="Better.", versions=(10, 12), conversation_id=10)
    more = make_reply(20, old)
    thread = assemble(known(old, new, more), Goal(10, 10, ADA))
    assert [post.id for post in thread.posts] == [12, 20]
    assert thread.id == 10
