"""Who follows whom and what they are told: once, together, and nothing that should not be."""

from datetime import timedelta

import pytest

from bot.rules.letters import AT_MOST_EVERY, CONFIRM_WITHIN
from bot.rules.listing import Listing
from bot.store.letters import WAKE_UP_LOST, WORKER_LOST
from tests.store.conftest import NOW, racing
from tests.store.made import ADA
from tests.store.test_cards import BEN, save

ALL = Listing("all")
CLEO = "Cleo@Reader.example"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def known(store):
    """Two authors with a thread each from yesterday."""
    save(store, at=NOW - DAY)
    save(store, number=200, author=BEN, at=NOW - DAY)
    return store


def letters(store, at=NOW):
    """What a worker would send at that time, in its order."""
    read = (store.letters.read(each, ALL, now=at) for each in store.letters.due(now=at))
    return [each for each in read if each]


def question(store, at=NOW):
    """The letter that asks, as it goes out."""
    [letter] = [each for each in letters(store, at) if each.kind == "confirm"]
    assert store.letters.start(letter, now=at)
    store.letters.end(letter, "sent", now=at)
    return letter


def follow(store, author=ADA, address=CLEO, at=NOW):
    store.subscriptions.ask(address, author.id, now=at)
    letter = question(store, at)
    shown = store.subscriptions.pending(letter.token, now=at)
    assert store.subscriptions.confirm(letter.token, shown.newest, now=at)


def tell(store, at, threads=None):
    """Everything that is due goes out; the threads that each letter told of."""
    store.letters.announce(ALL, now=at)
    sent = []
    for letter in letters(store, at):
        assert store.letters.start(letter, now=at)
        store.letters.end(letter, "sent", now=at)
        sent.append([card.thread_id for card in letter.cards])
    return sent


def test_nothing_but_the_question_is_sent_before_the_answer(known):
    known.subscriptions.ask(CLEO, ADA.id, now=NOW)
    save(known, number=300, at=NOW)
    assert known.letters.announce(ALL, now=NOW) == 0
    [letter] = letters(known)
    assert (letter.kind, letter.to, [author.id for author in letter.pending]) == ("confirm", CLEO, [ADA.id])


def test_the_token_is_kept_as_a_hash_and_works_once(known):
    known.subscriptions.ask(CLEO, ADA.id, now=NOW)
    letter = question(known)
    with known.database.read() as session:
        rows = session.connection().exec_driver_sql("SELECT * FROM subscriber").fetchall()
    assert letter.token not in str(rows)
    shown = known.subscriptions.pending(letter.token, now=NOW)
    assert known.subscriptions.confirm(letter.token, shown.newest, now=NOW) == shown.authors
    assert known.subscriptions.confirm(letter.token, shown.newest, now=NOW) == ()
    assert known.subscriptions.pending(letter.token, now=NOW) is None


def test_a_token_runs_out_and_who_never_answered_is_forgotten(known):
    known.subscriptions.ask(CLEO, ADA.id, now=NOW)
    letter = question(known)
    late = NOW + CONFIRM_WITHIN
    assert known.subscriptions.pending(letter.token, now=late - MINUTE) is not None
    assert known.subscriptions.pending(letter.token, now=late) is None
    known.subscriptions.drop_unanswered(now=late)
    assert len(known.subscriptions.followers()) == 1, "the letter may have waited for a day"
    known.subscriptions.drop_unanswered(now=late + DAY + MINUTE)
    assert known.subscriptions.followers() == []


def test_an_address_is_asked_once_a_day_about_all_that_waits(known):
    known.subscriptions.ask(CLEO, ADA.id, now=NOW)
    question(known)
    for _ in range(3):
        known.subscriptions.ask(CLEO.lower(), ADA.id, now=NOW + MINUTE)
        known.subscriptions.ask(CLEO.upper(), BEN.id, now=NOW + MINUTE)
    assert letters(known, NOW + DAY - MINUTE) == []
    assert [author.id for author in question(known, NOW + DAY).pending] == [ADA.id, BEN.id]


def test_who_answers_need_not_wait_to_follow_another(known):
    follow(known)
    known.subscriptions.ask(CLEO, BEN.id, now=NOW + MINUTE)
    assert [author.id for author in question(known, NOW + MINUTE).pending] == [BEN.id]


def test_yes_is_said_to_what_was_shown_and_the_rest_is_asked_about(known):
    known.subscriptions.ask(CLEO, ADA.id, now=NOW)
    letter = question(known)
    shown = known.subscriptions.pending(letter.token, now=NOW)
    known.subscriptions.ask(CLEO, BEN.id, now=NOW + MINUTE)
    known.subscriptions.confirm(letter.token, shown.newest, now=NOW + MINUTE)
    [follower] = known.subscriptions.followers()
    assert (follower.follows, follower.pending) == ((ADA.id,), (BEN.id,))
    assert [author.id for author in question(known, NOW + MINUTE).pending] == [BEN.id]


def test_who_follows_already_is_left_in_peace(known):
    follow(known)
    known.subscriptions.ask(CLEO, ADA.id, now=NOW + 2 * DAY)
    assert letters(known, NOW + 2 * DAY) == []


def test_several_who_name_one_address_at_once_send_one_letter(known):
    racing(4, lambda n: known.subscriptions.ask(CLEO, (ADA, BEN)[n % 2].id, now=NOW))
    [letter] = letters(known)
    assert {author.id for author in letter.pending} == {ADA.id, BEN.id}


def test_each_new_thread_is_told_of_once_and_only_what_is_new(known):
    follow(known)
    assert tell(known, NOW) == []
    save(known, number=300, at=NOW + MINUTE)
    assert tell(known, NOW + MINUTE) == [[300]]
    save(known, "One, edited.", number=300, at=NOW + 2 * HOUR)
    save(known, number=400, author=BEN, at=NOW + 2 * HOUR)
    assert tell(known, NOW + 2 * HOUR) == []


def test_what_comes_within_an_hour_comes_together(known):
    follow(known)
    save(known, number=300, at=NOW + MINUTE)
    assert tell(known, NOW + MINUTE) == [[300]]
    for number in (301, 302, 303):
        save(known, number=10 * number, at=NOW + number % 300 * 10 * MINUTE)
        assert tell(known, NOW + number % 300 * 10 * MINUTE) == []
    assert tell(known, NOW + MINUTE + AT_MOST_EVERY) == [[3010, 3020, 3030]]


def test_two_pollers_at_once_make_one_letter(known):
    follow(known)
    save(known, number=300, at=NOW)
    racing(3, lambda _: known.letters.announce(ALL, now=NOW))
    assert tell(known, NOW) == [[300]]


def test_what_is_unlisted_gone_or_unconfirmed_is_told_to_nobody(known):
    follow(known)
    save(known, number=300, at=NOW + MINUTE)
    save(known, number=400, at=NOW + MINUTE)
    save(known, number=500, at=NOW + MINUTE)
    known.letters.announce(ALL, now=NOW + MINUTE)
    known.pages.unlist(300, now=NOW + MINUTE)
    known.threads.bury(400, NOW + MINUTE)
    assert tell(known, NOW + MINUTE) == [[500]]
    known.pages.unlist(500, now=NOW + 2 * MINUTE)
    save(known, number=600, at=NOW + 3 * MINUTE)
    later = Listing("all", confirmed_since=NOW + HOUR)
    assert known.letters.announce(later, now=NOW + 2 * HOUR) == 0


def test_a_letter_with_nothing_left_is_dropped_and_not_made_again(known):
    follow(known)
    save(known, number=300, at=NOW)
    known.letters.announce(ALL, now=NOW)
    known.pages.unlist(300, now=NOW)
    assert letters(known) == []
    known.pages.list_again(300)
    assert tell(known, NOW) == []
    assert known.letters.count_by_state()["dropped"] == 1


def test_the_last_goodbye_takes_the_address_along(known):
    follow(known)
    follow(known, BEN, at=NOW + 2 * DAY)
    save(known, number=300, at=NOW + 2 * DAY)
    save(known, number=400, author=BEN, at=NOW + 2 * DAY)
    known.letters.announce(ALL, now=NOW + 2 * DAY)
    tokens = {each.author.id: each.token for each in letters(known, NOW + 2 * DAY)}
    assert known.subscriptions.end(tokens[ADA.id])
    assert not known.subscriptions.end(tokens[ADA.id])
    [follower] = known.subscriptions.followers()
    assert (follower.address, follower.follows) == (CLEO, (BEN.id,))
    assert tell(known, NOW + 2 * DAY) == [[400]]
    assert known.subscriptions.end(tokens[BEN.id])
    assert nothing_left(known)


def test_forgetting_takes_everything(known):
    follow(known)
    follow(known, BEN, at=NOW + 2 * DAY)
    save(known, number=300, at=NOW + 2 * DAY)
    known.letters.announce(ALL, now=NOW + 2 * DAY)
    [letter] = letters(known, NOW + 2 * DAY)
    assert known.subscriptions.forget(letter.token)
    assert not known.letters.start(letter, now=NOW + 2 * DAY), "not even what a worker had in hand"
    assert nothing_left(known)


def test_an_address_that_is_none_is_forgotten(known):
    known.subscriptions.ask(CLEO, ADA.id, now=NOW)
    [letter] = letters(known)
    known.letters.bounce(letter)
    assert nothing_left(known)


def test_nobody_follows_an_author_who_left(known):
    follow(known)
    follow(known, BEN, address="other@reader.example")
    known.subscriptions.end_author(ADA.id)
    assert [each.follows for each in known.subscriptions.followers()] == [(BEN.id,)]


def nothing_left(store) -> bool:
    with store.database.read() as session:
        names = ("subscriber", "subscription", "letter", "letter_thread")
        rows = [session.connection().exec_driver_sql(f"SELECT * FROM {name}").fetchall() for name in names]  # noqa: S608
    return not any(rows)


def test_one_of_two_workers_sends_it(known):
    known.subscriptions.ask(CLEO, ADA.id, now=NOW)
    [letter] = letters(known)
    assert sorted(racing(2, lambda _: known.letters.start(letter, now=NOW))) == [False, True]


def test_what_a_dead_worker_began_is_not_begun_again(known):
    known.subscriptions.ask(CLEO, ADA.id, now=NOW)
    [letter] = letters(known)
    known.letters.start(letter, now=NOW)
    assert known.letters.give_up_lost(now=NOW + WORKER_LOST) == 0
    assert known.letters.give_up_lost(now=NOW + WORKER_LOST + MINUTE) == 1
    assert letters(known, NOW + HOUR) == []
    known.letters.end(letter, "sent", now=NOW + HOUR)  # it was only slow
    assert known.letters.count_by_state() == {"sent": 1}


def test_wake_ups_are_sent_once_until_they_are_lost(known):
    assert not known.letters.wake_up(now=NOW)
    known.subscriptions.ask(CLEO, ADA.id, now=NOW)
    assert known.letters.wake_up(now=NOW)
    assert not known.letters.wake_up(now=NOW + WAKE_UP_LOST)
    assert known.letters.wake_up(now=NOW + WAKE_UP_LOST + MINUTE)
    known.letters.unsend()
    assert known.letters.wake_up(now=NOW + WAKE_UP_LOST + MINUTE)
    assert known.letters.wake_up(now=NOW + HOUR)
    assert known.letters.wake_up(now=NOW + MINUTE), "a clock was set back: nobody waits that long"


def test_what_was_dealt_with_is_kept_for_a_month_and_what_is_old_is_not_sent(known):
    follow(known)
    save(known, number=300, at=NOW + MINUTE)
    assert tell(known, NOW + MINUTE) == [[300]]
    save(known, number=400, at=NOW + 2 * HOUR)
    known.letters.announce(ALL, now=NOW + 2 * HOUR)
    known.letters.give_up_unsent(now=NOW + 4 * DAY)
    assert letters(known, NOW + 4 * DAY) == []
    known.letters.drop_old(now=NOW + 32 * DAY)
    assert known.letters.count_by_state() == {"failed": 1}
