"""The units as they stand, run by a real systemd in namespaces of its own: the whole bot, shut in."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from tests.deploy.machine import HERE_ONLY, ROOT, WITHIN_SECONDS, Machine, require_machine, write

UNITS = ("unroll-poller", "unroll-worker@1", "unroll-site", "unroll-flower")
ADDRESSES = ("8000/readyz", "5555/", "8011/metrics", "8021/metrics")

# A picture is set by a process that the worker starts.
DRAWN = {"http://127.0.0.1:8021/metrics": 'unroll_exports_total{form="card",outcome="made"}'}


@pytest.mark.broker
@pytest.mark.timeout(WITHIN_SECONDS + 30)
def test_the_whole_bot_answers_from_within_its_units_and_stops_with_them(tmp_path):
    require_machine()
    machine = Machine(tmp_path)
    shutil.copytree(ROOT / "deploy" / "systemd", machine.units, dirs_exist_ok=True)
    write(machine.units / "unroll-.service.d" / "test.conf", HERE_ONLY)
    addresses = [f"http://127.0.0.1:{each}" for each in ADDRESSES]
    story = machine.run(
        "unroll.target", units=UNITS, addresses=addresses, checks=[], shows=DRAWN, stop=["unroll.target"]
    )

    assert len(story["replies"]) > 5
    assert story["working"] == [["0", "active", "success"]] * len(UNITS)
    assert story["stopped"] == [["0", "inactive", "success"]] * len(UNITS)
    told = [json.loads(line) for line in machine.said().splitlines() if line.startswith("{")]
    events = [line["event"] for line in told]
    assert events.count("metrics.served") == 2
    assert events.count("worker.core") == (len(os.sched_getaffinity(0)) > 1)
    assert "export.failed" not in events
