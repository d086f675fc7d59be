"""What bots of this kind are known to get wrong, and this one does not."""

from datetime import timedelta

import pytest

SEARCH = "GET /2/tweets/search/recent"


@pytest.fixture
def posts(world):
    ada = world.author("ada", name="Ada Quill")
    return world.thread(ada, ["One.", "Two.", "Three."], ago=timedelta(hours=2))


def link(thread):
    return f"https://reader.example/thread/{thread[0].id}"


def answer_to(house, mention):
    [reply] = house.world.replies_to(mention)
    return reply.raw


def test_two_mentions_in_one_look_are_each_answered_with_their_own_thread(house, world, posts):
    other = world.thread("ben", ["Alpha.", "Beta."], ago=timedelta(hours=1))
    first, second = world.mention("cleo", posts[1]), world.mention("dora", other[1])
    assert house.poll().mentions == 2
    house.run()
    assert link(posts) in answer_to(house, first)
    assert link(other) in answer_to(house, second)


def test_two_mentions_of_one_person_in_one_look_are_two_answers(house, world, posts):
    other = world.thread("ben", ["Alpha.", "Beta."], ago=timedelta(hours=1))
    mentions = [world.mention("cleo", posts[0]), world.mention("cleo", other[0])]
    house.run()
    assert [link(posts) in answer_to(house, mentions[0]), link(other) in answer_to(house, mentions[1])] == [
        True,
        True,
    ]


def test_a_mention_under_a_replier_means_the_thread_above_not_the_replier(house, world, posts):
    replier = world.post("ben", "What a story!", reply_to=posts[2])
    house.settle_index()
    mention = house.ask(replier, by="cleo")
    assert link(posts) in answer_to(house, mention)
    saved = house.store.threads.find(posts[0].number)
    assert [post.id for post in saved.thread.posts] == [post.number for post in posts]
    assert house.store.threads.find(replier.number) is None


def test_five_askers_cost_one_fetch(house, world, posts):
    mentions = [world.mention(f"asker{n}", posts[n % 3]) for n in range(5)]
    house.run()
    assert all(link(posts) in answer_to(house, mention) for mention in mentions)
    bookings = house.store.spend.bookings(since=world.now().date())
    bought = sum(each.count for each in bookings if each.resource == "post")
    assert bought == len(posts)


def test_thirty_mentions_are_thirty_answers(house, world, posts):
    threads = [
        world.thread(f"author{n}", [f"{n} one.", f"{n} two."], ago=timedelta(hours=2)) for n in range(30)
    ]
    mentions = [world.mention(f"asker{n}", thread[1]) for n, thread in enumerate(threads)]
    house.run()
    assert [link(thread) in answer_to(house, m) for thread, m in zip(threads, mentions, strict=True)] == (
        [True] * 30
    )


@pytest.mark.parametrize(
    "text", ["compile!", "Compile, please", "COMPILE\U0001f64f", "pls unroll?!", "(unroll)"]
)
def test_a_keyword_is_heard_with_whatever_stands_around_it(house, posts, text):
    mention = house.ask(posts[0], text=f"@unrollbot {text}")
    assert link(posts) in answer_to(house, mention)


def test_a_fork_is_kept(house, world, posts):
    aside = world.post("ada", "By the way.", reply_to=posts[0], ago=timedelta(minutes=90))
    house.ask(posts[2])
    thread = house.store.threads.find(posts[0].number).thread
    shown = {post.id for post in thread.posts} | {post.id for fork in thread.forks for post in fork.posts}
    assert shown == {*(post.number for post in posts), aside.number}


def test_a_request_is_not_lost_when_everything_is_killed(build, world, posts):
    """The wake-ups die with the queue, the lease with the worker; a new house finds the row."""
    house = build()
    mention = world.mention("asker", posts[0])
    house.poll()
    [job_id] = house.woken
    house.store.jobs.claim(job_id, now=world.now(), worker="killed")
    house.store.close()

    again = build()
    world.advance(timedelta(seconds=61))
    again.run()
    assert link(posts) in answer_to(again, mention)


def test_who_asks_again_below_our_own_reply_means_the_same_thread(house, world, posts):
    [reply] = world.replies_to(house.ask(posts[0], by="cleo"))
    mention = house.ask(reply, by="dora")
    assert link(posts) in answer_to(house, mention)
