"""X's moods and ours while a thread is fetched: nothing lost, and the reason always in the row."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bot.flows.fates import MAX_FAILURES
from bot.store import threads
from bot.store.media import MAX_ATTEMPTS

LOOKUP, SEARCH = "GET /2/tweets", "GET /2/tweets/search/recent"
A_DAY = timedelta(days=1)


@pytest.fixture
def posts(world):
    return world.thread(world.author("ada"), ["One.", "Two.", "Three."], ago=timedelta(hours=2))


@pytest.mark.parametrize("endpoint", [LOOKUP, SEARCH])
@pytest.mark.parametrize("fault", ["html", "garbage", "empty", "cut_before", "drop_answer_of"])
def test_a_read_that_failed_is_done_again(house, posts, endpoint, fault):
    getattr(house.world.faults, fault)(endpoint, times=2)
    mention = house.ask(posts[1])
    assert len(house.world.replies_to(mention)) == 1
    assert house.store.threads.find(posts[0].number).thread.complete


def test_an_outage_of_x_waits_longer_each_time_and_gives_up_after_a_bounded_number(house, posts):
    house.world.faults.answer(LOOKUP, 503, times=10_000)
    mention = house.world.mention("asker", posts[0])
    for _ in range(MAX_FAILURES + 4):
        house.poll()
        house.work()
        house.world.advance(timedelta(hours=2))
    job = house.job(mention)
    assert (job.state, job.reason, job.attempts) == ("failed", "x-down", MAX_FAILURES)
    house.world.faults.clear()
    house.store.jobs.replay([job.id], now=house.world.now())
    house.run()
    assert len(house.world.replies_to(mention)) == 1


def test_a_429_waits_for_the_reset_that_x_named(house, posts):
    house.world.faults.rate_limited(SEARCH, seconds=600)
    mention = house.world.mention("asker", posts[0])
    house.poll()
    house.work()
    job = house.job(mention)
    assert (job.state, job.reason) == ("waiting", "rate-limited")
    assert timedelta(seconds=595) < job.not_before - house.world.now() < timedelta(seconds=605)


def test_a_poisonous_thread_fails_alone(house, posts, monkeypatch):
    other = house.world.thread(house.world.author("ben"), ["Uno.", "Due."], ago=timedelta(hours=1))
    poisoned = house.world.mention("asker", posts[0])
    healthy = house.world.mention("asker", other[0])
    dump = threads.THREAD.dump_json

    def explode(thread, **kwargs):
        if thread.author.username == "ada":
            raise RecursionError("poison")
        return dump(thread, **kwargs)

    monkeypatch.setattr(threads, "THREAD", type("Poison", (), {"dump_json": staticmethod(explode)}))
    for _ in range(MAX_FAILURES + 4):
        house.poll()
        house.work()
        house.world.advance(timedelta(hours=2))
    assert (house.job(poisoned).state, house.job(poisoned).reason) == ("failed", "unexpected-error")
    assert house.job(healthy).state == "done"
    assert len(house.world.replies_to(healthy)) == 1


def test_the_days_budget_is_never_passed_and_the_job_waits_for_the_next_day(build, world):
    posts = world.thread(world.author("ada"), [f"Part {n}." for n in range(60)], ago=timedelta(hours=2))
    house = build(daily_budget_usd=Decimal("0.20"))
    mention = house.world.mention("asker", posts[0])
    house.poll()
    house.work()
    spent = house.store.spend.spent(house.world.now().date())
    assert spent <= 200_000
    assert house.world.ledger.micros <= 200_000
    job = house.job(mention)
    assert (job.state, job.reason) == ("waiting", "over-budget")
    assert (job.not_before.hour, job.not_before.minute) == (0, 0)


def test_a_thread_cut_at_the_cap_says_so_and_costs_no_more(build, world):
    posts = world.thread(world.author("ada"), [f"Part {n}." for n in range(60)], ago=timedelta(hours=2))
    house = build(max_posts_per_thread=30)
    house.ask(posts[0])
    thread = house.store.threads.find(posts[0].number).thread
    assert len(thread.posts) == 30
    assert thread.cut
    assert not thread.complete
    assert "over-cap" in {gap.reason for gap in thread.gaps}
    assert house.world.ledger.by_resource["post_read"] == 30


def test_a_young_thread_is_answered_at_once_and_completed_by_itself(house, world):
    ada = world.author("ada")
    posts = world.thread(
        ada, ["One.", "Two.", "Three."], ago=timedelta(minutes=3), every=timedelta(seconds=10)
    )
    posts.append(world.post(ada, "Four.", reply_to=posts[-1]))
    mention = world.mention("asker", posts[0])
    house.poll()
    house.work()
    assert len(world.replies_to(mention)) == 1
    assert len(house.store.threads.find(posts[0].number).thread.posts) == 3
    house.run()
    saved = house.store.threads.find(posts[0].number)
    assert [post.id for post in saved.thread.posts] == [post.number for post in posts]
    assert len(world.replies_to(mention)) == 1


def test_a_thread_younger_than_the_search_index_is_not_refused_as_a_single_post(house, world):
    ada = world.author("ada")
    first = world.post(ada, "One.")
    world.post(ada, "Two.", reply_to=first)
    mention = house.ask(first)
    assert len(world.replies_to(mention)) == 1
    assert house.job(mention).state == "done"


def test_a_single_short_post_is_refused_without_a_page(house, world):
    post = world.post(world.author("ada"), "Just one.", ago=timedelta(hours=1))
    mention = house.ask(post)
    job = house.job(mention)
    assert (job.state, job.reason) == ("refused", "not-a-thread")
    assert house.store.threads.find(post.number) is None
    [told] = world.replies_to(mention)
    assert "https://" not in told.raw


def test_two_workers_buy_one_conversation_once(build, posts):
    """The second comes while the first is in the middle of it: it waits a moment, and pays nothing."""
    first, second = build(), build()
    one = first.world.mention("asker", posts[0])
    other = first.world.mention("another", posts[2])
    first.poll()
    jobs = list(first.woken)
    book = first.world.ledger.book
    second_ran = []

    def meanwhile(resources, at):
        if not second_ran:
            second_ran.append(True)
            second.woken = [jobs[1]]
            second.work()
        return book(resources, at)

    first.world.ledger.book = meanwhile
    first.woken = [jobs[0]]
    first.work()
    assert first.job(other).reason == "being-fetched"
    first.run()
    assert len(first.world.replies_to(one)) == len(first.world.replies_to(other)) == 1
    assert len(first.world.ledger.calls_to(LOOKUP)) == 1
    assert first.world.ledger.by_resource["post_read"] == 3


@pytest.mark.patient
def test_a_hiccup_of_x_is_sat_out_in_place_without_using_up_an_attempt(house, posts):
    house.world.faults.answer(LOOKUP, 503)
    mention = house.world.mention("asker", posts[0])
    house.poll()
    house.work()
    job = house.job(mention)
    assert (job.state, job.attempts) == ("done", 1)


def test_an_operator_may_have_requests_over_the_budget_refused(build, world):
    posts = world.thread(world.author("ada"), [f"Part {n}." for n in range(60)], ago=timedelta(hours=2))
    house = build(daily_budget_usd=Decimal("0.04"), over_budget="refuse")
    mention = house.ask(posts[0])
    job = house.job(mention)
    assert (job.state, job.reason) == ("refused", "over-budget")
    assert house.world.ledger.micros <= 40_000


def test_a_picture_that_we_stumble_over_stops_no_other_and_is_left_in_the_end(house, world, monkeypatch):
    root = world.post(world.author("ada"), "Two pictures.", media=["first.png", "second.png"], ago=A_DAY)
    world.post(world.author("ada"), "And words.", reply_to=root, ago=A_DAY)
    house.ask(root)
    seen = []

    def stumbles(content):
        seen.append(content)
        if content == seen[0]:
            raise ZeroDivisionError
        return ()

    monkeypatch.setattr("bot.flows.illustrate.shrink", stumbles)
    for _ in range(MAX_ATTEMPTS):
        house.illustrate(root.number)
        world.advance(A_DAY)
    assert not house.store.media.waiting(root.number)
    assert seen.count(seen[0]) == MAX_ATTEMPTS
    assert len(set(seen)) == len(seen) - MAX_ATTEMPTS + 1, "each of the others was looked at once"
