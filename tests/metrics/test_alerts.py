"""Alerts and dashboard, by Prometheus' own judge."""

import json
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path

import pytest

from tests.metrics.named import ALERTS, DASHBOARD, DEPLOY, expressions, metrics, panels
from tests.needs import unavailable

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "operators" / "numbers.md").read_text("utf-8")
NAMES = re.findall(r"- alert: (\w+)", ALERTS.read_text("utf-8"))


def promtool(*args):
    program = shutil.which("promtool")
    if program is None:
        unavailable("no promtool: install Debian's package prometheus")
    done = subprocess.run([program, *args], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_rules_and_the_configuration_are_well_formed():
    assert f"{len(NAMES)} rules found" in promtool(
        "check", "rules", "--lint=all", "--lint-fatal", str(ALERTS)
    )
    promtool("check", "config", str(DEPLOY / "prometheus" / "prometheus.yml"))


def test_each_alert_fires_at_its_time_and_is_silent_in_good_times():
    promtool("test", "rules", str(HERE / "alerts.yml"))


def test_no_alert_is_without_a_test_of_its_firing():
    told = (HERE / "alerts.yml").read_text("utf-8")
    fires = set(re.findall(r"alertname: (\w+)\n +exp_alerts:(?: &\w+)?\n", told))
    assert fires == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_operators_page_says_what_each_alert_means_and_what_to_do(name):
    assert re.search(rf"^\| `{name}` \| .+ \| .+ \|$", PAGE, re.MULTILINE)


def test_every_expression_of_the_dashboard_is_one(tmp_path):
    rules = [
        {"record": f"panel:{number}", "expr": expr.replace("$__rate_interval", "1m")}
        for number, expr in enumerate(expressions())
    ]
    assert len(rules) > 20
    written = tmp_path / "dashboard.yml"
    written.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", "--lint=none", str(written))


def test_the_panels_stand_side_by_side_and_each_says_what_it_shows():
    told = json.loads(DASHBOARD.read_text("utf-8"))
    assert [each["type"] for each in told["templating"]["list"]] == ["datasource"]
    assert len({panel["id"] for panel in panels()}) == len(panels())
    assert all(panel["title"] for panel in panels())
    for one, other in combinations((panel["gridPos"] for panel in panels()), 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels())


def test_what_the_house_counts_is_looked_at():
    """What no panel and no alert shows, nobody will ever see."""
    source = (HERE.parents[1] / "bot" / "metrics.py").read_text("utf-8")
    counted = set(re.findall(r'"(unroll_\w+)"', source))
    assert len(counted) > 15
    assert {name for name in counted if not any(used.startswith(name) for used in metrics())} == set()
