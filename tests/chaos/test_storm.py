"""A short storm with a fixed seed; `make chaos` brings long ones."""

import pytest

from tests.chaos.storm import run


@pytest.mark.broker
@pytest.mark.timeout(400)
def test_after_a_storm_every_mention_has_one_outcome(tmp_path):
    report = run(7, f"sqlite:///{tmp_path}/unroll.db", tmp_path, mentions=60, seconds=20)
    told = "\n".join(report.lines())
    assert report.well, told
    assert sum(report.faults.values()) >= 8, told
