"""Who is next: seen over any set of due jobs."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Goal
from bot.rules.plan import RECENT_SEARCH_REACH
from bot.rules.urgency import (
    ARCHIVE,
    CHEAP,
    COMMAND,
    ON_THEIR_WAY,
    ONLY_THE_REPLY,
    UPKEEP,
    Due,
    next_in_line,
    urgency,
)
from sandbox.clock import snowflake

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DUE = st.builds(
    Due,
    id=st.integers(1, 10_000),
    requester=st.one_of(st.none(), st.integers(1, 5)),
    urgency=st.integers(COMMAND, UPKEEP),
    sent=st.booleans(),
)
ALL_DUE = st.lists(DUE, max_size=120, unique_by=lambda job: job.id)


@given(ALL_DUE, st.integers(0, 80), st.one_of(st.none(), st.integers(0, 10)))
def test_the_line_is_short_and_holds_nobody_twice(due, depth, replies):
    line = next_in_line(due, depth=depth, replies=replies)
    by_id = {job.id: job for job in due}
    sent = sum(job.sent for job in due)
    assert len(line) == len(set(line)) <= max(0, depth - sent)
    assert not any(by_id[job].sent for job in line)
    on_their_way = Counter(job.requester for job in due if job.sent or job.id in line)
    already = Counter(job.requester for job in due if job.sent)
    assert all(count <= max(ON_THEIR_WAY, already[who]) for who, count in on_their_way.items())
    ready = [job for job in line if by_id[job].urgency == ONLY_THE_REPLY]
    assert replies is None or len(ready) <= replies


@given(ALL_DUE, st.integers(0, 80))
def test_the_urgent_go_first_and_equals_take_turns(due, depth):
    by_id = {job.id: job for job in due}
    line = [by_id[job] for job in next_in_line(due, depth=depth)]
    assert [job.urgency for job in line] == sorted(job.urgency for job in line)
    taken = Counter(job.requester for job in due if job.sent)
    turns: dict[int, list[int]] = {}
    for job in line:
        taken[job.requester] += 1
        turns.setdefault(job.urgency, []).append(taken[job.requester])
    assert all(of_one == sorted(of_one) for of_one in turns.values())


@given(st.integers(1, 500), st.integers(1, 100))
def test_whoever_asks_for_the_first_time_is_next_however_much_another_asks(greedy, waiting):
    """The others' first requests come before the greedy one's second, and the queue has room for them."""
    many = [Due(n, 1, CHEAP) for n in range(1, greedy + 1)]
    first = next_in_line(many, depth=64)
    assert len(first) == min(greedy, ON_THEIR_WAY)
    on_their_way = [Due(job.id, 1, CHEAP, sent=job.id in first) for job in many]
    modest = [Due(1_000 + n, 2 + n, CHEAP) for n in range(waiting)]
    line = next_in_line([*on_their_way, *modest], depth=64)
    assert line == [job.id for job in modest][: 64 - len(first)]


@pytest.mark.parametrize(
    ("days", "saved", "told"), [(1, False, CHEAP), (30, False, ARCHIVE), (30, True, CHEAP)]
)
def test_the_archive_is_searched_for_what_is_old_and_not_saved(days, saved, told):
    root = snowflake(NOW - timedelta(days=days))
    assert urgency(Goal(NOW.year << 50, root), saved=saved, now=NOW) == told


def test_recent_search_reaches_a_week():
    edge = snowflake(NOW - RECENT_SEARCH_REACH)
    assert urgency(Goal(edge), saved=False, now=NOW) == CHEAP
    assert urgency(Goal(edge - (1 << 40)), saved=False, now=NOW) == ARCHIVE
