"""What X tells is kept once, taken once, and forgotten."""

from datetime import timedelta

import pytest

from bot.rules.events import Event
from tests.store.conftest import NOW, racing


def event(post_id, kind="mention", words="@unrollbot unroll"):
    return Event(kind, post_id, 9, {"payload": {"id": str(post_id), "text": words}})


def test_an_event_is_kept_once_whichever_way_it_came(store):
    assert store.events.keep(event(7), way="webhook", now=NOW)
    assert not store.events.keep(event(7, words="other words"), way="stream", now=NOW)
    assert store.events.keep(event(7, "deletion"), way="stream", now=NOW + timedelta(seconds=1))
    assert store.events.waiting() == [event(7), event(7, "deletion")]
    assert store.events.last_at() == NOW + timedelta(seconds=1)


def test_of_racing_deliveries_one_is_new(store):
    assert sum(racing(8, lambda _: store.events.keep(event(7), way="webhook", now=NOW))) == 1


def test_what_was_taken_is_still_known_without_its_words_until_it_is_dropped(store):
    store.events.keep(event(7), way="webhook", now=NOW)
    store.events.keep(event(8), way="webhook", now=NOW)
    assert store.events.count_waiting() == 2
    store.events.take([event(7)], now=NOW)
    assert store.events.waiting() == [event(8)]
    assert store.events.count_waiting() == 1
    assert not store.events.keep(event(7), way="webhook", now=NOW)
    with store.database.read() as session:
        rows = session.connection().exec_driver_sql("SELECT told FROM event WHERE post_id = 7").all()
    assert rows == [(None,)]
    store.events.drop_old(before=NOW + timedelta(days=1))
    assert store.events.waiting() == [event(8)]
    assert store.events.keep(event(7), way="webhook", now=NOW)


def test_the_largest_id_and_any_words_come_back(store):
    told = event(2**63 - 1, words="\N{PILE OF POO} \u0000")
    store.events.keep(told, way="stream", now=NOW)
    assert store.events.waiting() == [told]


@pytest.mark.parametrize("count", [0, 200, 300])
def test_not_too_many_are_taken_at_once(store, count):
    for number in range(count):
        store.events.keep(event(number + 1), way="webhook", now=NOW + timedelta(seconds=number))
    assert len(store.events.waiting()) == min(count, 200)
