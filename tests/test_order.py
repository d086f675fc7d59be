from pathlib import Path

import pytest

from tests.order import LONG, long_first

ROOT = Path(__file__).parents[1]


def test_what_is_called_long_is_there():
    assert [name for name in LONG if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 7])
def test_each_worker_begins_with_a_long_one_and_nothing_is_left_out(workers):
    files = [f"tests/test_{number}.py" for number in range(60)] + [*LONG, *LONG]
    items = list(range(len(files)))

    ordered = long_first(items, files, workers)

    assert sorted(ordered) == items
    begin = 0
    for number in range(workers):
        assert files[ordered[begin]] == LONG[number]
        begin += (len(items) - begin) // (workers - number)


def test_few_tests_stay_as_they_are():
    assert long_first([1, 2], ["a.py", "b.py"], 3) == [1, 2]
