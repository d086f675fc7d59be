"""The way of a mention, as the people on X and the operator see it."""

from datetime import timedelta

import pytest


def thread_of(house, count=4, **kwargs):
    author = house.world.author("ada", name="Ada Quill")
    texts = [f"Part {n} of what I learned about lighthouses." for n in range(1, count + 1)]
    return house.world.thread(author, texts, ago=timedelta(hours=2), **kwargs)


@pytest.mark.parametrize("pointed", [0, 1, 3])
def test_a_mention_under_any_post_is_answered_with_the_whole_thread(house, pointed):
    posts = thread_of(house)
    mention = house.ask(posts[pointed])

    [reply] = house.world.replies_to(mention.id)
    assert f"https://reader.example/thread/{posts[0].id}" in reply.raw
    saved = house.store.threads.find(posts[2].number)
    assert [post.id for post in saved.thread.posts] == [post.number for post in posts]
    assert saved.thread.complete
    job = house.job(mention)
    assert (job.state, job.reply_id, job.thread_id, job.attempts) == (
        "done",
        reply.number,
        posts[0].number,
        1,
    )
