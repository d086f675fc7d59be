"""How often the mentions are looked at."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.rules.pace import DOUBT, SILENCE, Heard, look_is_due

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
UNDERNEATH = timedelta(minutes=5)
A_MOMENT = timedelta(seconds=1)


def due(by, heard=None, *, ago=A_MOMENT):
    looked_at = None if ago is None else NOW - ago
    return look_is_due(by, heard or Heard(), looked_at=looked_at, underneath=UNDERNEATH, now=NOW)


def test_where_x_tells_nothing_each_tick_looks():
    assert due("poll")


@pytest.mark.parametrize("by", ["webhook", "stream"])
def test_where_it_tells_at_once_a_look_is_seldom_but_never_left_out(by):
    alive = Heard(stream_opened_at=NOW - timedelta(hours=1), stream_heard_at=NOW)
    assert not due(by, alive)
    assert due(by, alive, ago=UNDERNEATH)
    assert due(by, alive, ago=None)
    assert due(by, alive, ago=-timedelta(hours=1))  # the clock was set back


def test_after_something_was_missed_each_tick_looks_for_a_while():
    assert due("webhook", Heard(doubted_at=NOW - DOUBT + A_MOMENT))
    assert not due("webhook", Heard(doubted_at=NOW - DOUBT))


def test_a_stream_that_is_not_there_silent_or_new_is_made_up_for():
    an_hour = timedelta(hours=1)
    assert due("stream")
    assert due("stream", Heard(stream_opened_at=NOW - an_hour, stream_heard_at=NOW - SILENCE - A_MOMENT))
    just_opened = Heard(stream_opened_at=NOW, stream_heard_at=NOW)
    assert due("stream", just_opened, ago=A_MOMENT)
