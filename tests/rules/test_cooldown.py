"""Silence after X's complaints: longer each time, never more than a day, forgotten in the end."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.rules.cooldown import FIRST_SILENCE, LONGEST_SILENCE, REMEMBERED_FOR, after_complaint, after_reply

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTES = st.integers(0, 5_000).map(lambda n: timedelta(minutes=n))


@given(st.lists(st.tuples(MINUTES, st.sampled_from(["complaint", "reply"])), max_size=40))
def test_it_is_bounded_and_never_shortened_by_a_complaint(told):
    now, rest = NOW, None
    for later, what in told:
        now += later
        if what == "reply":
            rest = after_reply(rest, now=now) if rest else None
            assert rest is None or not rest.holds(now)
            continue
        held = rest is not None and rest.holds(now)
        made = after_complaint(rest, now=now, detail="no")
        assert made.holds(now)
        assert made.until - now <= LONGEST_SILENCE
        assert made == rest if held else made.until - now >= FIRST_SILENCE
        rest = made


def test_a_complaint_soon_after_a_reply_goes_on_where_the_last_one_ended():
    first = after_complaint(None, now=NOW, detail="no")
    over = after_reply(first, now=NOW + FIRST_SILENCE)
    soon = over.over_at + timedelta(hours=1)
    assert after_complaint(over, now=soon, detail="no").until - soon == 2 * FIRST_SILENCE
    late = over.over_at + REMEMBERED_FOR + timedelta(seconds=1)
    assert after_complaint(over, now=late, detail="no").until - late == FIRST_SILENCE
