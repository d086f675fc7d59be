"""What a thread costs: X's own ledger beside the floor, and beside what the bot has booked."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

HOURS = timedelta(hours=1)
DAYS = timedelta(days=1)
MENTION, POST, USER, REPLY = Decimal("0.001"), Decimal("0.005"), Decimal("0.010"), Decimal("0.010")
LOOKUP, SEARCH, ARCHIVE = "GET /2/tweets", "GET /2/tweets/search/recent", "GET /2/tweets/search/all"


def floor(posts, authors=1):
    """No way to answer a mention with a thread of so many posts is cheaper."""
    return MENTION + POST * posts + USER * authors + REPLY


def words(count):
    return [f"Part {n} on lighthouses." for n in range(1, count + 1)]


@pytest.fixture
def ada(world):
    return world.author("ada", name="Ada Quill")


class Bill:
    """What X billed and answered while somebody asked; the bot's own account is counted apart."""

    def __init__(self, house):
        self.house = house
        house.poll()  # the bot asks once who it is
        ledger = house.world.ledger
        self.total, self.calls = ledger.total, len(ledger.calls)

    @property
    def usd(self):
        return self.house.world.ledger.total - self.total

    @property
    def made(self):
        calls = self.house.world.ledger.calls[self.calls :]
        return Counter(call.endpoint for call in calls if "mentions" not in call.endpoint)

    @property
    def bought(self):
        billed = Counter()
        for call in self.house.world.ledger.calls[self.calls :]:
            billed.update(call.billed)
        return billed["post_read"]


@pytest.fixture
def bill(house):
    return Bill(house)


def ask(house, post, **how):
    mention = house.ask(post, **how)
    job = house.job(mention)
    assert job.state == "done", job.reason
    return house.store.threads.find(job.thread_id).thread


@pytest.mark.parametrize("count", [2, 10, 25, 99, 100])
def test_a_fresh_thread_costs_the_floor_in_one_search_one_lookup_and_one_reply(
    house, world, ada, bill, count
):
    posts = world.thread(ada, words(count), ago=5 * HOURS)
    assert len(ask(house, posts[count // 2]).posts) == count
    assert bill.usd == floor(count)
    assert bill.made == {SEARCH: 1, LOOKUP: 1, "POST /2/tweets": 1}


def test_an_old_thread_costs_the_floor_by_way_of_the_archive(house, world, ada, bill):
    posts = world.thread(ada, words(30), ago=40 * DAYS)
    assert ask(house, posts[-1]).complete
    assert bill.usd == floor(30)
    assert bill.made == {ARCHIVE: 1, LOOKUP: 1, "POST /2/tweets": 1}


def test_a_thread_of_many_pages_costs_the_floor(house, world, ada, bill):
    posts = world.thread(ada, words(240), ago=5 * HOURS)
    assert len(ask(house, posts[3]).posts) == 240
    assert bill.usd == floor(240)
    assert bill.made == {SEARCH: 3, LOOKUP: 1, "POST /2/tweets": 1}


def test_a_single_post_costs_the_floor(house, world, ada, bill):
    post = world.post(ada, "Look.", media="A lamp at dusk", ago=HOURS)
    ask(house, post)
    assert bill.usd == floor(1)


@pytest.mark.parametrize("dialect", ["old", "new"])
def test_the_dialect_changes_no_price(house, world, ada, dialect):
    world.dialect = dialect
    bill = Bill(house)
    ask(house, world.thread(ada, words(12))[0])
    assert bill.usd == floor(12)


def test_what_others_say_is_never_bought(house, world, ada, bill):
    posts = world.thread(ada, words(5), ago=5 * HOURS)
    for n in range(300):
        world.post(f"guest{n % 40}", "A word of mine.", reply_to=posts[n % 5], ago=4 * HOURS)
    ask(house, posts[2])
    assert bill.usd == floor(5)


def test_a_mention_under_a_strangers_reply_costs_no_more(house, world, ada, bill):
    posts = world.thread(ada, words(5), ago=5 * HOURS)
    comment = world.post("bob", "Lovely.", reply_to=posts[2], ago=4 * HOURS)
    assert ask(house, comment).author.username == "ada"
    assert bill.usd == floor(5)


def test_a_strangers_own_thread_costs_its_floor_without_the_conversations_root(house, world, ada, bill):
    posts = world.thread(ada, words(5), ago=5 * HOURS)
    own = world.thread("bob", words(4), reply_to=posts[2], ago=4 * HOURS)
    assert len(ask(house, own[1]).posts) == 4
    assert bill.usd == floor(4)


def test_answers_to_others_cost_nothing(house, world, ada, bill):
    posts = world.thread(ada, words(5), ago=5 * HOURS)
    for n in range(20):
        question = world.post(f"guest{n}", "Why?", reply_to=posts[n % 5], ago=4 * HOURS)
        world.post(ada, "Because.", reply_to=question, ago=3 * HOURS)
    ask(house, posts[2])
    assert bill.usd == floor(5)


def test_of_monologues_beside_the_thread_search_brings_no_more_than_it_must(house, world, ada, bill):
    """A reply to oneself in a side conversation cannot be told from one in the thread by any query; its
    parents, which are answers to others, are not bought.
    """
    posts = world.thread(ada, words(5), ago=5 * HOURS)
    question = world.post("bob", "Why?", reply_to=posts[1], ago=4 * HOURS)
    world.thread(ada, ["Because.", "And so.", "And then."], reply_to=question, ago=3 * HOURS)
    ask(house, posts[2])
    assert bill.usd == floor(5) + 2 * POST


def test_quoted_posts_are_bought_with_the_root_and_their_authors_once(house, world, ada, bill):
    one = world.post("bob", "A chart.", ago=9 * HOURS)
    two = world.post("bob", "Another.", ago=8 * HOURS)
    posts = world.thread(ada, [{"text": "See", "quote": one}, {"text": "and", "quote": two}, "so."])
    assert len(ask(house, posts[2]).quotes) == 2
    assert bill.usd == floor(3 + 2, authors=2)
    assert bill.made[LOOKUP] <= 2


def test_a_quote_in_a_reply_comes_in_the_same_call_as_the_root(house, world, ada, bill):
    chart = world.post("bob", "A chart.", ago=9 * HOURS)
    posts = world.thread(ada, ["See", {"text": "this", "quote": chart}, "so."])
    ask(house, posts[2])
    assert bill.made == {SEARCH: 1, LOOKUP: 1, "POST /2/tweets": 1}


@pytest.mark.parametrize("pointed", [0, 13, 39])
def test_holes_in_search_cost_what_the_posts_cost(house, world, ada, bill, pointed):
    posts = world.thread(ada, words(40), ago=5 * HOURS)
    for index in (7, 13, 21, 22, 30):
        world.index_hole(posts[index])
    thread = ask(house, posts[pointed])
    assert thread.complete
    assert len(thread.posts) == 40
    assert bill.usd <= floor(40) * Decimal("1.05")


def test_deleted_posts_cost_nothing(house, world, ada, bill):
    posts = world.thread(ada, words(20), ago=5 * HOURS)
    for index in (4, 9, 14):
        world.delete(posts[index])
    assert len(ask(house, posts[2]).gaps) == 3
    assert bill.usd == floor(17)


class TestTheSecondTime:
    @pytest.mark.parametrize("later", [HOURS, 3 * DAYS, 30 * DAYS])
    def test_a_second_mention_costs_its_mention_and_its_reply(self, house, world, ada, later):
        posts = world.thread(ada, words(30), ago=5 * HOURS)
        ask(house, posts[3])
        world.advance(later)
        bill = Bill(house)
        ask(house, posts[9], by="another")
        assert bill.usd == MENTION + REPLY
        assert bill.bought == 0

    def test_so_does_one_from_a_strangers_reply(self, house, world, ada):
        posts = world.thread(ada, words(30), ago=5 * HOURS)
        ask(house, posts[3])
        comment = world.post("bob", "Lovely.", reply_to=posts[2])
        world.advance(2 * DAYS)
        bill = Bill(house)
        assert len(ask(house, comment, by="another").posts) == 30
        assert bill.usd == MENTION + REPLY

    def test_so_does_one_of_a_thread_with_gaps(self, house, world, ada):
        posts = world.thread(ada, words(30), ago=5 * HOURS)
        for index in (0, 9, 14):
            world.delete(posts[index])
        ask(house, posts[3])
        world.advance(2 * DAYS)
        bill = Bill(house)
        assert len(ask(house, posts[5], by="another").gaps) == 3
        assert bill.usd == MENTION + REPLY

    def test_of_a_thread_that_has_grown_only_the_new_posts_are_bought(self, house, world, ada):
        posts = world.thread(ada, words(30), ago=5 * HOURS)
        ask(house, posts[3])
        world.advance(2 * DAYS)
        more = world.thread(ada, ["One more.", "And another."], reply_to=posts[-1], ago=HOURS)
        bill = Bill(house)
        thread = ask(house, more[0], by="another")
        assert [post.id for post in thread.posts] == [post.number for post in posts + more]
        assert bill.usd == MENTION + 2 * POST + REPLY
        assert bill.made == {SEARCH: 1, "POST /2/tweets": 1}

    def test_a_young_thread_is_completed_for_the_price_of_what_is_new(self, house, world, ada):
        posts = world.thread(ada, words(6), ago=timedelta(minutes=10))
        fresh = world.post(ada, "Just now.", reply_to=posts[-1])
        bill = Bill(house)
        house.ask(posts[2])
        house.run()
        thread = house.store.threads.find(posts[0].number).thread
        assert [post.id for post in thread.posts] == [*(post.number for post in posts), fresh.number]
        assert bill.usd == floor(7)


def test_the_cap_is_not_passed_by_asking_again(build, world, ada):
    house = build(max_posts_per_thread=30)
    posts = world.thread(ada, words(80), ago=5 * HOURS)
    bill = Bill(house)
    for n in range(3):
        assert ask(house, posts[n * 30], by=f"asker{n}").cut
    assert bill.bought <= 30


@pytest.mark.parametrize("count", [25, 30])
def test_a_thread_as_long_as_the_cap_is_whole_however_often_it_is_asked_for(build, world, ada, count):
    house = build(max_posts_per_thread=30)
    posts = world.thread(ada, words(count), ago=5 * HOURS)
    for n in range(3):
        thread = ask(house, posts[n], by=f"asker{n}")
        assert (len(thread.posts), thread.cut, thread.complete) == (count, False, True)
    bill = Bill(house)
    ask(house, posts[0], by="last")
    assert bill.usd == MENTION + REPLY


class TestAFetchThatIsCutOff:
    """What was bought is kept, answer by answer."""

    @pytest.mark.parametrize("fault", ["cut_before", "html"])
    def test_keeps_the_pages_that_came(self, build, world, ada, fault, monkeypatch):
        house = build()
        posts = world.thread(ada, words(250), ago=5 * HOURS)
        mention = world.mention("asker", posts[0])
        house.poll()
        keep, calls = type(house.store.threads).save_conversation, []

        def keep_and_fail(store, *args, **how):
            keep(store, *args, **how)
            calls.append(args)
            getattr(world.faults, fault)(SEARCH)  # the next page

        monkeypatch.setattr("bot.store.threads.Threads.save_conversation", keep_and_fail)
        house.work()
        monkeypatch.undo()
        assert house.job(mention).state == "waiting"
        assert len(calls) == 1
        kept = house.store.threads.known(house.job(mention).goal).payloads
        assert len(kept) == 100
        bill = Bill(house)
        house.run()
        assert house.job(mention).state == "done"
        assert bill.bought == 150
        assert len(house.store.threads.find(posts[0].number).thread.posts) == 250

    def test_keeps_the_root_where_the_quotes_do_not_come(self, house, world, ada, monkeypatch):
        quoted = [world.post(f"poet{n}", f"Line {n}.", ago=9 * HOURS) for n in range(120)]
        parts = [{"text": "See", "quote": post} for post in quoted]
        posts = world.thread(ada, ["Poems", *parts], ago=5 * HOURS)
        mention = world.mention("asker", posts[0])
        house.poll()
        keep, kept = type(house.store.threads).save_conversation, []

        def keep_and_fail(store, found, *args, **how):
            keep(store, found, *args, **how)
            if found.authors:
                kept.append(len(found.posts))
                world.faults.html(LOOKUP)

        monkeypatch.setattr("bot.store.threads.Threads.save_conversation", keep_and_fail)
        house.work()
        monkeypatch.undo()
        assert kept == [100]
        bill = Bill(house)
        house.run()
        assert house.job(mention).state == "done"
        assert bill.bought == 21


def test_who_was_answered_already_and_asks_again_costs_the_mention(house, world, ada):
    posts = world.thread(ada, words(30), ago=5 * HOURS)
    ask(house, posts[3], by="ben")
    world.post(ada, "One more.", reply_to=posts[-1], ago=HOURS)
    world.advance(2 * DAYS)
    bill = Bill(house)
    again = house.ask(posts[5], by="ben")
    assert house.job(again).reason == "already-answered"
    assert bill.usd == MENTION
    assert bill.made == {}


def test_what_the_bot_has_booked_is_what_x_has_billed(house, world, ada):
    quoted = world.post("bob", "A chart.", ago=9 * HOURS)
    posts = world.thread(ada, [*words(20), {"text": "See", "quote": quoted}], ago=5 * HOURS)
    world.index_hole(posts[4])
    world.delete(posts[7])
    comment = world.post("eve", "Lovely.", reply_to=posts[2], ago=HOURS)
    for n, pointed in enumerate((posts[3], posts[20], comment)):
        ask(house, pointed, by=f"asker{n}")
        world.advance(DAYS)
    house.poll()
    first = (world.now() - 10 * DAYS).date()
    booked, micro = Counter(), 0
    for booking in house.store.spend.bookings(since=first):
        booked[booking.resource] += booking.count
        micro += booking.micro_usd
    billed = world.ledger.by_resource
    assert booked == {
        "post": billed["post_read"],
        "user": billed["user_read"],
        "mention": billed["mention_read"],
        "reply": billed["summoned_reply"] + billed["summoned_reply_with_link"],
    }
    assert micro == world.ledger.micros


def test_mentions_are_booked_at_their_price_where_another_account_owns_the_app(build, world, ada):
    house = build(mention_price_usd=Decimal("0.005"))
    post = world.post(ada, "One.", ago=HOURS)
    for number in range(3):
        world.mention(f"asker{number}", post, text="@unrollbot thank you")
    house.poll()
    booked = house.store.spend.bookings(since=world.now().date())
    assert sum(each.micro_usd for each in booked if each.resource == "mention") == 3 * 5_000
    poor = build(mention_price_usd=Decimal("0.005"), daily_budget_usd=Decimal("0.049"))
    assert poor.poll().trouble == "over-budget", "5 more may come, for $0.025, and $0.024 are left"


def test_a_reply_that_x_bills_as_a_post_with_a_link_is_no_way_past_the_budget(build, world, ada):
    money = {"daily_budget_usd": Decimal("0.25"), "recheck_budget_usd": Decimal(0)}
    house = build(reply_price_usd=Decimal("0.200"), **money)
    posts = world.thread(ada, [f"Part {n}." for n in range(10)], ago=HOURS)
    mention = world.mention("asker", posts[0])
    house.poll()
    house.work()
    job = house.job(mention)
    assert (job.state, job.reason) == ("waiting", "over-budget")
    assert world.replies_to(mention) == []
    assert house.store.spend.spent(world.now().date()) <= 250_000

    house.world.advance(job.not_before - world.now())
    house.run()
    assert len(world.replies_to(mention)) == 1
    assert 200_000 <= house.store.spend.spent(world.now().date()) <= 250_000
