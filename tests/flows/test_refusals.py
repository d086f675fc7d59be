"""When it can't, the bot says why where a person can do something about it, once, and is silent elsewhere."""

from datetime import timedelta

import pytest

from bot.rules.phrases import refusal

REPLY = "POST /2/tweets"


@pytest.fixture
def posts(world):
    return world.thread(world.author("ada"), ["One.", "Two.", "Three."], ago=timedelta(hours=2))


@pytest.fixture
def single(world):
    return world.post("ada", "Only this.", ago=timedelta(hours=2))


def said_in(lang, reason):
    return {refusal(reason, lang, attempt=n) for n in range(100)}


def outcome(house, mention):
    job = house.job(mention)
    return job.state, job.reason, len(house.world.replies_to(mention))


def test_a_single_post_is_explained_once_and_the_job_stays_refused(house, single):
    mention = house.ask(single)
    [reply] = house.world.replies_to(mention)
    job = house.job(mention)
    assert (job.state, job.reason, job.reply_id) == ("refused", "not-a-thread", reply.number)
    assert reply.raw in said_in("en", "not-a-thread")
    assert house.store.threads.find(single.number) is None


def test_a_refusal_is_in_the_language_of_the_mention(house, single):
    mention = house.world.mention("asker", single, "@unrollbot unroll, bitte", lang="de")
    house.run()
    [reply] = house.world.replies_to(mention)
    assert reply.raw in said_in("de", "not-a-thread")


def test_a_protected_author_is_explained(house, posts):
    house.world.protect("ada")
    assert outcome(house, house.ask(posts[0])) == ("refused", "protected", 1)


def test_a_deleted_post_is_not(house, posts):
    for post in posts:
        house.world.delete(post)
    assert outcome(house, house.ask(posts[0])) == ("refused", "post-gone", 0)


def test_a_setting_keeps_refusals_silent(build, single):
    house = build(refusal_replies=False)
    assert outcome(house, house.ask(single)) == ("refused", "not-a-thread", 0)


def test_a_replayed_refusal_is_not_said_again(house, single):
    mention = house.ask(single)
    house.store.jobs.replay([house.job(mention).id], now=house.world.now())
    house.run()
    assert outcome(house, mention) == ("refused", "not-a-thread", 1)
    assert house.job(mention).reply_id is not None


def test_what_was_refused_and_is_a_thread_by_now_gets_its_page_without_another_word(house, single):
    mention = house.ask(single)
    house.world.post("ada", "And this.", reply_to=single)
    house.settle_index()
    house.store.jobs.replay([house.job(mention).id], now=house.world.now())
    house.run()
    assert outcome(house, mention) == ("done", None, 1)
    assert len(house.store.threads.find(single.number).thread.posts) == 2


@pytest.mark.parametrize("fault", ["drop_answer_of", "cut_before", "html", "garbage", "empty"])
def test_a_refusal_is_said_once_whatever_becomes_of_the_post(house, single, fault):
    getattr(house.world.faults, fault)(REPLY)
    assert outcome(house, house.ask(single)) == ("refused", "not-a-thread", 1)


def test_where_x_does_not_let_us_speak_the_reason_stays_the_first_one(house, single):
    mention = house.world.mention("asker", single)
    house.world.limit_replies(mention)
    house.run()
    assert outcome(house, mention) == ("refused", "not-a-thread", 0)


def test_refusals_of_one_day_differ_in_their_words(house, world):
    alone = [world.post(f"author{n}", "Only this.", ago=timedelta(hours=2)) for n in range(6)]
    mentions = [house.world.mention(f"asker{n}", post) for n, post in enumerate(alone)]
    house.run()
    said = [reply.raw for mention in mentions for reply in house.world.replies_to(mention)]
    assert len(said) == len(set(said)) == 6


def test_a_conversation_gets_so_many_requests_an_hour(build, posts):
    house = build(requests_per_conversation_per_hour=3)
    asked = [house.world.mention(f"asker{n}", posts[0]) for n in range(5)]
    house.poll()
    reasons = [house.store.mentions.find(mention.number).reason for mention in asked]
    assert reasons == [None, None, None, "conversation-limit", "conversation-limit"]
    house.world.advance(timedelta(hours=1, seconds=1))
    later = house.world.mention("later", posts[0])
    house.poll()
    assert house.store.mentions.find(later.number).decision == "request"


def test_an_authors_posts_get_so_many_requests_a_day(build, world):
    house = build(requests_per_author_per_day=2)
    threads = [world.thread("ada", [f"{n}.", "Two."], ago=timedelta(hours=2)) for n in range(4)]
    asked = [house.world.mention(f"asker{n}", thread[0]) for n, thread in enumerate(threads)]
    house.poll()
    other = world.mention("asker9", world.thread("ben", ["One.", "Two."], ago=timedelta(hours=2))[0])
    house.poll()
    rows = [house.store.mentions.find(mention.number) for mention in (*asked, other)]
    assert [row.reason for row in rows] == [None, None, "author-limit", "author-limit", None]


def test_requests_by_link_count_for_the_threads_author_too(build, world):
    """A link does not tell whose thread it is: one post is bought to know, and no more of it."""
    house = build(requests_per_author_per_day=2)
    threads = [world.thread("ada", [f"{n}.", "Two.", "Three."], ago=timedelta(hours=2)) for n in range(4)]
    asked = [house.ask(threads[0][0], by="ben")]
    for n, thread in enumerate(threads[1:]):
        link = f"https://x.com/ada/status/{thread[1].id}"
        asked.append(world.post(f"asker{n}", f"@unrollbot unroll {link}"))
        house.run()
    assert [house.job(each).reason for each in asked] == [None, None, "author-limit", "author-limit"]
    assert [len(world.replies_to(each)) for each in asked] == [1, 1, 0, 0]
    for each in asked[2:]:
        bought = [
            b for b in house.store.spend.bookings(since=world.now().date()) if b.job_id == house.job(each).id
        ]
        assert sum(b.count for b in bought if b.resource == "post") == 1


def test_a_saved_page_tells_whose_thread_it_is_and_nothing_is_bought(build, world, posts):
    house = build(requests_per_author_per_day=2)
    asked = [house.ask(posts[0], by="ben"), house.ask(posts[1], by="cleo")]
    calls = len(world.ledger.calls)
    asked.append(world.quote("dora", posts[1], "@unrollbot unroll"))
    house.run()
    assert house.store.mentions.find(asked[2].number).reason == "author-limit"
    assert {call.endpoint for call in world.ledger.calls[calls:]} == {"GET /2/users/:id/mentions"}


def test_what_is_asked_under_strangers_replies_counts_for_the_threads_author(build, world, posts):
    house = build(requests_per_author_per_day=2)
    replies = [world.post(f"fan{n}", "Lovely.", reply_to=posts[n]) for n in range(3)]
    house.settle_index()
    asked = [house.ask(reply, by=f"asker{n}") for n, reply in enumerate(replies)]
    assert [house.job(each).reason for each in asked] == [None, None, "author-limit"]
