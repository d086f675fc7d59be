"""Commands by mention: X has proved who speaks, so their word about themselves and their threads holds."""

from datetime import timedelta

import pytest

REPLY = "POST /2/tweets"


@pytest.fixture
def posts(world):
    ada = world.author("ada", name="Ada Quill")
    return world.thread(ada, ["One.", "Two.", "Three."], ago=timedelta(hours=2))


def row(house, mention):
    return house.store.mentions.find(mention.number)


def said_to(house, mention):
    return [reply.raw for reply in house.world.replies_to(mention)]


def state(house, mention):
    job = house.job(mention)
    return job.state, job.reason


def test_stop_is_confirmed_once_and_then_there_is_silence(house, posts):
    stop = house.ask(posts[0], by="ben", text="@unrollbot please STOP!")
    assert len(said_to(house, stop)) == 1
    assert (row(house, stop).decision, house.job(stop).kind, *state(house, stop)) == (
        "stop",
        "stop",
        "done",
        None,
    )
    asked = house.ask(posts[0], by="ben")
    again = house.ask(posts[0], by="ben", text="@unrollbot stop")
    assert said_to(house, asked) == said_to(house, again) == []
    assert row(house, asked).reason == "requester-opted-out"
    assert len(said_to(house, house.ask(posts[0], by="cleo"))) == 1


def test_stop_holds_for_what_was_asked_before_and_not_answered_yet(house, posts):
    asked = house.world.mention("ben", posts[0])
    house.poll()
    house.world.mention("ben", posts[0], "@unrollbot stop")
    house.poll()
    calls = len(house.world.ledger.calls)
    house.work()
    assert state(house, asked) == ("refused", "requester-opted-out")
    assert said_to(house, asked) == []
    bought = [call for call in house.world.ledger.calls[calls:] if call.endpoint != REPLY]
    assert bought == []


def test_stop_that_comes_while_the_thread_is_fetched_is_heard_before_we_speak(house, posts):
    asked = house.world.mention("ben", posts[0])
    house.poll()
    book, said = house.world.ledger.book, []

    def stop_meanwhile(resources, at):
        if not said:
            said.append(house.store.people.obey(int(asked.author.id), "stop", now=at))
        return book(resources, at)

    house.world.ledger.book = stop_meanwhile
    house.work()
    assert said
    assert state(house, asked) == ("refused", "requester-opted-out")
    assert said_to(house, asked) == []


def test_start_takes_a_stop_back(house, posts):
    house.ask(posts[0], by="ben", text="@unrollbot stop")
    start = house.ask(posts[0], by="ben", text="@unrollbot start")
    asked = house.ask(posts[0], by="ben")
    assert (len(said_to(house, start)), len(said_to(house, asked))) == (1, 1)


def test_stop_and_start_in_one_look_hold_in_their_order(house, posts):
    for text in ("stop", "start", "unroll", "stop", "unroll"):
        mention = house.world.mention("ben", posts[0], f"@unrollbot {text}")
    house.run()
    assert row(house, mention).reason == "requester-opted-out"
    assert house.store.people.find(int(mention.author.id)).stopped_at is not None


def test_a_start_is_not_undone_by_an_older_stop_that_x_shows_late(house, posts):
    house.world.mention("ben", posts[0], "@unrollbot stop", late=timedelta(minutes=2))
    house.world.advance(timedelta(seconds=1))
    start = house.ask(posts[0], by="ben", text="@unrollbot start")
    house.world.advance(timedelta(minutes=3))
    house.run()
    assert house.store.people.find(int(start.author.id)).stopped_at is None


def test_the_author_deletes_a_page_and_only_they_bring_it_back(house, posts):
    house.ask(posts[0])
    delete = house.ask(posts[2], by="ada", text="@unrollbot delete this please")
    assert state(house, delete) == ("done", None)
    assert len(said_to(house, delete)) == 1
    assert house.store.threads.find(posts[1].number).gone
    calls = len(house.world.ledger.calls_to("GET /2/tweets"))

    stranger = house.ask(posts[0], by="cleo")
    assert state(house, stranger) == ("refused", "page-removed")
    assert len(house.world.ledger.calls_to("GET /2/tweets")) == calls

    author = house.ask(posts[0], by="ada")
    assert state(house, author) == ("done", None)
    page = house.store.threads.find(posts[0].number)
    assert [post.id for post in page.thread.posts] == [post.number for post in posts]
    assert state(house, house.ask(posts[0], by="dora")) == ("done", None)


def test_a_page_that_its_author_deleted_stays_gone_when_the_thread_grows(house, posts):
    house.ask(posts[0])
    house.ask(posts[0], by="ada", text="@unrollbot delete")
    new = house.world.post("ada", "Four.", reply_to=posts[2])
    house.settle_index()
    asked = house.ask(new, by="cleo")
    assert state(house, asked) == ("refused", "page-removed")
    assert house.store.threads.find(posts[0].number).gone


def test_delete_below_the_bots_own_reply_means_the_thread_above(house, posts):
    [reply] = house.world.replies_to(house.ask(posts[1]))
    delete = house.ask(reply, by="ada", text="@unrollbot delete")
    assert state(house, delete) == ("done", None)
    assert house.store.threads.find(posts[0].number).gone


@pytest.mark.parametrize("command", ["delete", "unlist"])
def test_a_stranger_neither_deletes_nor_unlists(house, posts, command):
    house.ask(posts[0])
    mention = house.ask(posts[0], by="mallory", text=f"@unrollbot {command}")
    assert state(house, mention) == ("refused", "not-yours")
    assert said_to(house, mention) == []
    saved = house.store.threads.find(posts[0].number)
    assert (saved.gone, saved.unlisted) == (False, False)


def test_where_there_is_no_page_nothing_is_deleted(house, posts):
    mention = house.ask(posts[0], by="ada", text="@unrollbot delete")
    assert state(house, mention) == ("refused", "no-page")


def test_unlist_keeps_the_page_and_takes_it_out_of_the_lists(house, posts):
    house.ask(posts[0])
    before = house.store.threads.stamp(posts[0].number).etag
    mention = house.ask(posts[1], by="ada", text="@unrollbot unlist")
    saved = house.store.threads.find(posts[0].number)
    assert (saved.unlisted, saved.gone, len(saved.thread.posts)) == (True, False, 3)
    assert saved.etag != before
    assert len(said_to(house, mention)) == 1


def test_a_command_under_the_authors_own_thread_is_no_part_of_it(house, posts):
    house.ask(posts[0])
    house.ask(posts[2], by="ada", text="@unrollbot unlist")
    house.settle_index()
    house.ask(posts[0], by="cleo")
    saved = house.store.threads.find(posts[0].number)
    assert [post.id for post in saved.thread.posts] == [post.number for post in posts]


def test_refresh_looks_for_what_went_and_changed_a_moment_ago_and_costs_its_reply(house, posts):
    asked = house.ask(posts[0])
    thread_id = house.job(asked).thread_id
    spent = house.world.ledger.micros
    house.world.delete(posts[-1])
    house.world.edit(posts[1], "In other words.")
    mention = house.ask(posts[0], by="cleo", text="@unrollbot refresh")
    assert len(house.world.replies_to(mention)) == 1
    thread = house.store.threads.find(thread_id).thread
    assert [post.text for post in thread.posts][1:] == ["In other words."]
    assert [(gap.reason, gap.post_id) for gap in thread.gaps] == [("deleted", posts[-1].number)]
    assert house.world.ledger.micros - spent <= 11_000 + 5_000  # the newer version is a post of its own


def test_refresh_fetches_what_is_new_and_says_so(house, posts):
    house.ask(posts[0])
    new = house.world.post("ada", "Four.", reply_to=posts[2])
    house.settle_index()
    mention = house.ask(posts[0], by="cleo", text="@unrollbot refresh")
    assert [post.id for post in house.store.threads.find(new.number).thread.posts][-1] == new.number
    assert state(house, mention) == ("done", None)
    assert len(said_to(house, mention)) == 1


def test_help_is_given_once_a_day(house, posts):
    first = house.ask(posts[0], by="ben", text="@unrollbot how does this work?")
    second = house.ask(posts[0], by="ben", text="@unrollbot help")
    assert (len(said_to(house, first)), said_to(house, second)) == (1, [])
    assert row(house, second).reason == "helped-already"
    house.world.advance(timedelta(days=1))
    assert len(said_to(house, house.ask(posts[0], by="ben", text="@unrollbot help"))) == 1


def test_thanks_and_talk_about_the_bot_get_no_answer(house, posts):
    texts = ["@unrollbot thank you a lot!", "@unrollbot is good", "stop the war @unrollbot", "@unrollbot 👍"]
    mentions = [house.world.mention("ben", posts[0], text) for text in texts]
    house.run()
    assert [row(house, mention).reason for mention in mentions] == ["no-keyword"] * len(texts)


def test_who_is_blocked_gets_nothing(house, posts):
    house.store.people.block(int(house.author("mallory").id), now=house.world.now())
    texts = ["@unrollbot unroll", "@unrollbot help", "@unrollbot stop"]
    mentions = [house.world.mention("mallory", posts[0], text) for text in texts]
    house.run()
    assert [row(house, mention).reason for mention in mentions[:2]] == ["blocked", "blocked"]
    assert [said_to(house, mention) for mention in mentions] == [[], [], []]


def test_who_is_blocked_meanwhile_gets_no_answer_to_what_is_queued(house, posts):
    asked = house.world.mention("mallory", posts[0])
    house.poll()
    house.store.people.block(int(asked.author.id), now=house.world.now())
    house.work()
    assert state(house, asked) == ("refused", "blocked")


@pytest.mark.parametrize("fault", ["drop_answer_of", "cut_before", "html", "garbage", "empty"])
@pytest.mark.parametrize("command", ["stop", "delete", "opt out"])
def test_a_command_is_confirmed_once_whatever_becomes_of_the_post(house, posts, command, fault):
    house.ask(posts[0])
    getattr(house.world.faults, fault)(REPLY)
    mention = house.ask(posts[0], by="ada", text=f"@unrollbot {command}")
    assert len(said_to(house, mention)) == 1
    assert state(house, mention) == ("done", None)


def test_a_replayed_command_is_not_confirmed_again(house, posts):
    mention = house.ask(posts[0], by="ben", text="@unrollbot stop")
    house.store.jobs.replay([house.job(mention).id], now=house.world.now())
    house.run()
    assert len(said_to(house, mention)) == 1


def test_a_command_that_x_lets_us_not_confirm_is_obeyed(house, posts):
    house.ask(posts[0])
    delete = house.world.mention("ada", posts[0], "@unrollbot delete")
    house.world.limit_replies(delete)
    house.run()
    assert state(house, delete) == ("done", None)
    assert house.store.threads.find(posts[0].number).gone


def test_a_page_is_deleted_even_while_x_lets_us_do_nothing(house, posts):
    house.ask(posts[0])
    asked = house.world.mention("cleo", posts[0])
    delete = house.world.mention("ada", posts[0], "@unrollbot delete")
    house.poll()
    house.world.faults.credits_depleted(REPLY)
    assert asked.number
    house.woken.sort(reverse=True)
    house.work()
    assert house.store.notes.pause() is not None
    assert house.store.threads.find(posts[0].number).gone
    house.run()
    assert len(said_to(house, delete)) == 1


def test_many_commands_of_a_day_are_obeyed_and_the_last_ones_in_silence(build, posts):
    house = build(requests_per_user_per_day=2)
    texts = ["stop", "start", "stop", "start"]
    mentions = [house.ask(posts[0], by="ben", text=f"@unrollbot {text}") for text in texts]
    assert [len(said_to(house, mention)) for mention in mentions] == [1, 1, 0, 0]
    assert house.store.people.find(int(mentions[0].author.id)).stopped_at is None
