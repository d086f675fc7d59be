"""Who waits for an answer goes first; what comes after it is put off, and never for good."""

from __future__ import annotations

from contextlib import suppress

import pytest

from workers.afterwards import MOST_PUT_OFF, Afterwards


@pytest.fixture
def done():
    return []


def test_it_waits_for_the_last_who_is_being_answered(done):
    afterwards = Afterwards()
    with afterwards.answering():
        with afterwards.answering():
            afterwards.put_off(lambda: done.append("first"))
        assert done == []
        afterwards.put_off(lambda: done.append("second"))
        assert done == []
    assert done == ["first", "second"]


def test_where_nobody_is_answered_it_is_done_at_once(done):
    Afterwards().put_off(lambda: done.append("now"))
    assert done == ["now"]


def test_an_answer_that_fails_holds_nothing_up(done):
    afterwards = Afterwards()
    with suppress(ZeroDivisionError), afterwards.answering():
        afterwards.put_off(lambda: done.append("all the same"))
        1 / 0  # noqa: B018
    assert done == ["all the same"]


def test_a_worker_that_is_never_idle_does_it_in_between(done):
    afterwards = Afterwards()
    with afterwards.answering():
        for number in range(MOST_PUT_OFF + 1):
            afterwards.put_off(lambda number=number: done.append(number))
        assert done == [*range(MOST_PUT_OFF)]
    assert done == [*range(MOST_PUT_OFF + 1)]
