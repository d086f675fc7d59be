"""One reply to one mention, ever: every outcome a POST can have, as X's own record shows it."""

from datetime import timedelta

import pytest

from bot.store.jobs import Jobs

REPLY = "POST /2/tweets"


@pytest.fixture
def posts(world):
    return world.thread(
        world.author("ada", name="Ada Quill"), ["One.", "Two.", "Three."], ago=timedelta(hours=2)
    )


def test_a_reply_whose_answer_was_lost_is_found_and_not_said_again(house, posts):
    house.world.faults.drop_answer_of(REPLY)
    mention = house.ask(posts[0])
    [reply] = house.world.replies_to(mention)
    job = house.job(mention)
    assert (job.state, job.reply_id) == ("done", reply.number)


def test_a_reply_that_was_lost_on_its_way_is_said_once_x_would_show_it(house, posts):
    house.world.faults.cut_before(REPLY)
    mention = house.ask(posts[0])
    assert len(house.world.replies_to(mention)) == 1
    assert house.job(mention).state == "done"


def test_after_an_unknown_outcome_the_bot_stays_silent_until_x_would_show_the_reply(house, posts):
    house.world.faults.drop_answer_of(REPLY)
    mention = house.world.mention("asker", posts[0])
    house.poll()
    house.work()
    job = house.job(mention)
    assert (job.state, job.reason) == ("waiting", "reply-unsure")
    assert job.reply_started_at is not None
    house.world.advance(timedelta(seconds=5))
    house.poll()
    assert house.work() == []  # not due: nobody even looks


def test_words_that_x_already_knows_are_not_replaced_by_others_after_an_unknown_outcome(build, posts):
    """The timeline lags longer than we wait: X's refusal of a duplicate says that the reply is out."""
    house = build(reply_visible_after_seconds=1)
    house.world.timeline_lag = timedelta(minutes=10)
    house.world.faults.drop_answer_of(REPLY)
    mention = house.ask(posts[0])
    assert len(house.world.replies_to(mention)) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_overloaded_x_gets_the_reply_later_and_once(house, posts, status):
    house.world.faults.answer(REPLY, status, times=2)
    mention = house.ask(posts[0])
    assert len(house.world.replies_to(mention)) == 1
    assert house.job(mention).state == "done"


@pytest.mark.parametrize("fault", ["html", "garbage", "empty"])
def test_an_answer_that_cannot_be_read_is_an_unknown_outcome(house, posts, fault):
    getattr(house.world.faults, fault)(REPLY)
    mention = house.ask(posts[0])
    assert len(house.world.replies_to(mention)) == 1
    assert house.job(mention).state == "done"


@pytest.mark.parametrize("fault", ["garbage", "empty"])
def test_a_reply_made_behind_an_unreadable_answer_is_found(house, posts, fault):
    getattr(house.world.faults, fault)(REPLY, done=True)
    mention = house.ask(posts[0])
    [reply] = house.world.replies_to(mention)
    assert house.job(mention).reply_id == reply.number


def test_a_refusal_of_x_is_the_end_with_its_reason_and_the_page_stays(house, posts):
    house.world.limit_replies(posts[0])
    mention = house.world.mention("asker", posts[0])
    house.world.limit_replies(mention)
    house.run()
    job = house.job(mention)
    assert (job.state, job.reason) == ("refused", "reply-not-allowed")
    assert house.world.replies_to(mention) == []
    assert house.store.threads.find(posts[0].number) is not None


def test_a_mention_deleted_before_we_answer_is_refused_as_gone(house, posts):
    mention = house.world.mention("asker", posts[0])
    house.poll()
    house.world.delete(mention)
    house.work()
    job = house.job(mention)
    assert (job.state, job.reason) == ("refused", "post-gone")


def test_many_askers_of_one_thread_get_different_words(house, posts):
    mentions = [house.world.mention(f"asker{n}", posts[n % 3]) for n in range(30)]
    house.run()
    replies = [reply for mention in mentions for reply in house.world.replies_to(mention)]
    assert len(replies) == 30
    assert len({reply.raw for reply in replies}) == 30


def test_one_requester_is_answered_once_for_one_thread(house, posts):
    first = house.ask(posts[0], by="ben")
    again = house.ask(posts[2], by="ben")
    assert len(house.world.replies_to(first)) == 1
    assert house.world.replies_to(again) == []
    job = house.job(again)
    assert (job.state, job.reason, job.thread_id) == ("refused", "already-answered", posts[0].number)


def test_with_the_policy_first_only_the_first_requester_is_answered_in_public(build, posts):
    house = build(reply_policy="first")
    first, second = house.ask(posts[0], by="ben"), house.ask(posts[1], by="cleo")
    assert len(house.world.replies_to(first)) == 1
    assert house.world.replies_to(second) == []
    assert house.job(second).reason == "already-answered"


def test_a_replayed_job_that_has_replied_never_replies_again(house, posts):
    mention = house.ask(posts[0])
    job = house.job(mention)
    assert house.store.jobs.replay([job.id], now=house.world.now()) == [job.id]
    house.run()
    assert len(house.world.replies_to(mention)) == 1
    assert house.job(mention).state == "done"


def test_a_replayed_job_whose_reply_is_unsure_looks_first(house, posts):
    house.world.faults.drop_answer_of(REPLY)
    mention = house.world.mention("asker", posts[0])
    house.poll()
    house.work()
    house.store.jobs.replay([house.job(mention).id], now=house.world.now())
    house.run()
    assert len(house.world.replies_to(mention)) == 1


def test_a_worker_that_lost_its_lease_does_not_speak(house, posts):
    """The lease runs out while X is slow to search; another worker takes over and answers."""
    mention = house.world.mention("asker", posts[0])
    house.poll()
    [job_id] = house.woken
    stolen = []
    lookup = house.world.ledger.book

    def steal(resources, at):
        if not stolen:
            stolen.append(house.store.jobs.claim(job_id, now=at + timedelta(minutes=2), worker="other"))
        return lookup(resources, at)

    house.world.ledger.book = steal
    house.work()
    assert house.world.replies_to(mention) == []
    assert house.job(mention).lease_token == stolen[0].lease_token
    house.run()
    assert len(house.world.replies_to(mention)) == 1


def test_words_that_another_mention_was_answered_with_are_replaced_by_others(house, posts, monkeypatch):
    """Ours were lost on the way, and meanwhile X has the same words from somebody else's answer."""
    monkeypatch.setattr("bot.flows.answer.compose", lambda *_, attempt, **__: f"Here it is, {attempt % 3}.")
    one, other = (house.world.mention(name, posts[0]) for name in ("ben", "cleo"))
    house.poll()
    first, second = list(house.woken)
    house.world.faults.cut_before(REPLY)
    house.woken = [first]
    house.work()
    text = house.job(one).reply_text
    house.world.post(house.world.bot, text, reply_to=other)
    house.store.jobs.start_reply(
        house.store.jobs.claim(second, now=house.world.now(), worker="w"), text, now=house.world.now()
    )
    house.run()
    assert len(house.world.replies_to(one)) == 1
    assert len(house.world.replies_to(other)) == 1


def test_askers_who_come_at_the_same_moment_do_not_use_up_each_others_words(house, posts, monkeypatch):
    """Each takes itself for the first: what the others have said is skipped, however much it is."""
    said_before = Jobs.said_before
    monkeypatch.setattr(Jobs, "said_before", lambda *args, **more: (0, said_before(*args, **more)[1]))
    mentions = [house.world.mention(f"asker{n}", posts[n % 3]) for n in range(15)]
    house.run()
    assert [len(house.world.replies_to(mention)) for mention in mentions] == [1] * 15


def test_a_reply_is_found_behind_many_newer_ones_with_little_money_left(house, posts, monkeypatch):
    monkeypatch.setattr("bot.x.client.TIMELINE_PAGE", (5, 5))
    house.world.faults.drop_answer_of(REPLY)
    mention = house.world.mention("asker", posts[0])
    house.poll()
    house.work()
    for n in range(60):
        house.world.post(house.world.bot, f"Something else, {n}.")
    house.run()
    [reply] = house.world.replies_to(mention)
    assert house.job(mention).reply_id == reply.number


@pytest.mark.parametrize("mood", ["rate_limited", "not_permitted", "credits_depleted"])
def test_what_was_unsure_stays_unsure_whatever_refuses_the_second_try(build, posts, mood):
    """The timeline lags longer than we wait, and before X can say that it knows the words it says no."""
    house = build(reply_visible_after_seconds=1)
    house.world.timeline_lag = timedelta(hours=10)
    house.world.faults.drop_answer_of(REPLY)
    getattr(house.world.faults, mood)(REPLY)
    mention = house.ask(posts[0])
    for _ in range(20):
        house.world.advance(timedelta(minutes=10))
        house.run()
    assert len(house.world.replies_to(mention)) == 1


@pytest.mark.parametrize("fault", ["drop_answer_of", "garbage", "empty"])
def test_a_reply_that_is_found_is_booked_as_x_has_billed_it(house, posts, fault):
    done = {} if fault == "drop_answer_of" else {"done": True}
    getattr(house.world.faults, fault)(REPLY, **done)
    mention = house.ask(posts[0])
    job = house.job(mention)
    assert job.reply_id is not None
    bookings = house.store.spend.bookings(since=house.world.now().date())
    assert [(b.job_id, b.count) for b in bookings if b.resource == "reply"] == [(job.id, 1)]
    assert sum(booking.micro_usd for booking in bookings) == house.world.ledger.micros


def test_who_was_never_answered_and_asks_again_is_answered(house, posts):
    """A try of unknown outcome that was ended since, and that X does not show, is no answer."""
    first = house.world.mention("ben", posts[1])
    house.poll()
    house.world.faults.answer(REPLY, 503)
    house.work()
    house.world.mention("ada", posts[2], "@unrollbot opt out")
    house.run()
    assert house.job(first).reason == "author-opted-out"
    assert house.world.replies_to(first) == []
    house.world.mention("ada", posts[2], "@unrollbot opt in")
    house.run()
    again = house.ask(posts[2], by="ben")
    assert house.job(again).state == "done"
    assert len(house.world.replies_to(again)) == 1
    house.store.jobs.replay([house.job(first).id], now=house.world.now())
    house.run()
    assert house.world.replies_to(first) == []


class TestEditedMention:
    """X gives an edited post a new id, and shows it as a mention that is new."""

    def test_a_request_that_is_edited_is_answered_once(self, house, posts):
        mention = house.ask(posts[0])
        newer = house.world.edit(mention, "@unrollbot unroll, please")
        house.run()
        assert len(house.world.replies_to(mention)) == 1  # to any of its versions
        assert house.store.jobs.find_by_mention(newer.number) is None
        assert house.store.mentions.find(newer.number).reason == "edited"

    def test_one_that_is_edited_before_it_is_answered_is_answered_once(self, house, posts):
        mention = house.world.mention("asker", posts[0])
        house.poll()
        house.world.edit(mention, "@unrollbot unroll, please")
        house.run()
        assert len(house.world.replies_to(mention)) == 1

    def test_a_refusal_is_explained_once(self, house, world):
        mention = house.ask(world.post("ada", "Short.", ago=timedelta(hours=1)))
        assert len(world.replies_to(mention)) == 1
        world.edit(mention, "@unrollbot unroll, please")
        house.run()
        assert len(world.replies_to(mention)) == 1

    def test_a_command_is_confirmed_once(self, house, posts):
        house.ask(posts[0], by="ben")
        mention = house.ask(posts[0], text="@unrollbot refresh")
        assert len(house.world.replies_to(mention)) == 1
        house.world.edit(mention, "@unrollbot refresh please")
        house.run()
        assert len(house.world.replies_to(mention)) == 1

    def test_it_costs_its_asker_one_request_of_the_day(self, build, posts, world):
        house = build(requests_per_user_per_day=2)
        mention = house.ask(posts[0])
        for text in ("@unrollbot unroll!", "@unrollbot unroll!!", "@unrollbot unroll!!!"):
            world.edit(mention, text)
            house.run()
        other = world.thread(world.author("bob"), ["Four.", "Five."], ago=timedelta(hours=2))
        assert house.job(house.ask(other[0])).state == "done"

    def test_a_word_that_is_mended_makes_it_a_request(self, house, posts):
        mention = house.world.mention("asker", posts[0], "@unrollbot unrol")
        house.run()
        assert house.world.replies_to(mention) == []
        house.world.edit(mention, "@unrollbot unroll")
        house.run()
        assert len(house.world.replies_to(mention)) == 1

    def test_a_stop_that_is_edited_in_is_honoured_without_a_second_word(self, house, posts):
        mention = house.ask(posts[0], by="ben")
        house.world.edit(mention, "@unrollbot stop")
        house.run()
        assert len(house.world.replies_to(mention)) == 1
        other = house.world.thread(house.world.author("bob"), ["Four.", "Five."], ago=timedelta(hours=2))
        refused = house.world.mention("ben", other[0])
        house.run()
        assert house.world.replies_to(refused) == []
        assert house.store.mentions.find(refused.number).reason == "requester-opted-out"
