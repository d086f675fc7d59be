"""What alerts and dashboard ask Prometheus for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
DASHBOARD = DEPLOY / "grafana" / "unroll.json"

NAME = re.compile(r"\b(?:unroll|process)_\w+")


def metrics() -> set[str]:
    """Every name of a metric in an expression; `up` and `ALERTS` are Prometheus' own."""
    rules = re.sub(r"annotations:.*?(?=\n\n|\Z)", "", ALERTS.read_text("utf-8"), flags=re.DOTALL)
    return {name for text in (rules, *expressions()) for name in NAME.findall(text)}


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return found


def expressions() -> Iterator[str]:
    for panel in panels():
        for target in panel.get("targets", []):
            yield target["expr"]
