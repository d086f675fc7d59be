"""What was read: counted by thread and day, for a week."""

from datetime import timedelta

from tests.store.conftest import NOW, racing
from tests.store.made import post, thread

TODAY = NOW.date()


def save(store, *ids: int) -> None:
    for i in ids:
        store.threads.save(thread(post(i, conversation=i)), now=NOW)


def test_counts_of_a_day_add_up(store):
    save(store, 100, 200)
    store.reads.add({100: 2, 200: 1}, today=TODAY)
    store.reads.add({100: 3}, today=TODAY)
    assert store.reads.last_week([100, 200, 300], today=TODAY) == {100: 5, 200: 1}


def test_a_week_is_today_and_six_days_before(store):
    save(store, 100)
    for days in range(9):
        store.reads.add({100: 10**days}, today=TODAY - timedelta(days=days))
    assert store.reads.last_week([100], today=TODAY) == {100: 1111111}
    store.reads.drop_old(today=TODAY)
    assert store.reads.last_week([100], today=TODAY - timedelta(days=6)) == {100: 1111111}


def test_what_is_gone_is_not_counted(store):
    save(store, 100, 200)
    store.reads.add({100: 2, 200: 2}, today=TODAY)
    store.threads.bury(100, NOW)
    store.reads.add({100: 5, 200: 5, 999: 5}, today=TODAY)
    assert store.reads.last_week([100, 200, 999], today=TODAY) == {200: 7}


def test_counting_at_once_loses_nothing(store):
    save(store, 100, 200)
    racing(8, lambda number: store.reads.add({100: 1, 200: number}, today=TODAY))
    assert store.reads.last_week([100, 200], today=TODAY) == {100: 8, 200: 28}
