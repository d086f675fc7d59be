"""Facts the processes share, and names that one of them holds."""

from datetime import timedelta

from bot.domain import Author
from bot.store.notes import PAUSED, Pause
from tests.store.conftest import NOW, racing

HOLD = timedelta(seconds=60)
SECOND = timedelta(seconds=1)


def test_of_racing_processes_one_holds_a_name(store):
    got = racing(16, lambda _: store.notes.acquire("conversation:1", now=NOW, hold=HOLD))
    assert sum(token is not None for token in got) == 1
    assert store.notes.acquire("conversation:2", now=NOW, hold=HOLD) is not None


def test_a_name_is_free_again_when_released_or_run_out(store):
    token = store.notes.acquire("n", now=NOW, hold=HOLD)
    assert store.notes.acquire("n", now=NOW + HOLD, hold=HOLD) is None
    late = store.notes.acquire("n", now=NOW + HOLD + SECOND, hold=HOLD)
    store.notes.release("n", token)
    assert store.notes.acquire("n", now=NOW + HOLD + SECOND, hold=HOLD) is None, "the old token opens nothing"
    store.notes.release("n", late)
    assert store.notes.acquire("n", now=NOW + HOLD + SECOND, hold=HOLD) is not None


def test_a_name_that_ran_out_is_taken_over_by_one(store):
    store.notes.acquire("n", now=NOW, hold=HOLD)
    got = racing(16, lambda _: store.notes.acquire("n", now=NOW + HOLD + SECOND, hold=HOLD))
    assert sum(token is not None for token in got) == 1


def test_a_pause_is_set_by_many_and_dropped_by_one(store):
    pause = Pause("unauthorized", "401", NOW, NOW + HOLD)
    racing(16, lambda _: store.notes.set_pause(pause, now=NOW))
    assert store.notes.pause() == pause
    assert sum(racing(8, lambda _: store.notes.drop(PAUSED))) == 1
    assert store.notes.pause() is None


def test_who_the_bot_is(store):
    assert store.notes.bot() is None
    bot = Author(2**63 - 1, "unrollbot", "Unroll 🧵")
    store.notes.set_bot(bot, now=NOW)
    store.notes.set_bot(bot, now=NOW)
    assert store.notes.bot() == bot


def test_a_note_is_replaced(store):
    store.notes.put("polled", {"at": "1"}, now=NOW)
    store.notes.put("polled", {"at": "2"}, now=NOW)
    assert store.notes.get("polled") == {"at": "2"}
    assert store.notes.get("unknown") is None
