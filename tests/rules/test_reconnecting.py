"""When the stream is opened again."""

import pytest

from bot.rules.reconnecting import JITTER, seconds_until_next


@pytest.mark.parametrize(
    ("reason", "waits"),
    [
        ("stream-ended", [0, 0.25, 0.5, 0.75]),
        ("x-unreachable", [0, 0.25, 0.5, 0.75]),
        ("x-down", [5, 10, 20, 40, 80, 160, 320, 320]),
        ("unauthorized", [5, 10, 20]),
        ("rate-limited", [60, 120, 240, 480, 960, 960]),
    ],
)
def test_a_lost_connection_is_opened_at_once_and_a_refused_one_later_and_later(reason, waits):
    told = [seconds_until_next(reason, failures, chance=0) for failures in range(1, len(waits) + 1)]
    assert told == waits


def test_it_never_waits_longer_than_x_says_and_not_all_come_at_one_moment():
    for reason, most in (("x-unreachable", 16), ("x-down", 320), ("rate-limited", 960)):
        assert seconds_until_next(reason, 10_000, chance=0) == most
        assert seconds_until_next(reason, 10_000, chance=1) == most * (1 + JITTER)
