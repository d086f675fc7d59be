"""Runs beside the units, as root: mentions the bot, waits for its replies, stops it, tells what happened."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import requests

SANDBOX, SITE, FLOWER = "http://127.0.0.1:8001", "http://127.0.0.1:8000", "http://127.0.0.1:5555"
METRICS = ("http://127.0.0.1:8011/metrics", "http://127.0.0.1:8021/metrics")
UNITS = ("unroll-poller", "unroll-worker@1", "unroll-site", "unroll-flower")
PATIENCE_SECONDS = 90


def wait(look: Callable[[], object]) -> object:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if found := look():
                return found
        except requests.RequestException:
            pass
        if time.monotonic() > end:
            raise TimeoutError(look)
        time.sleep(0.2)


def replied() -> list[dict]:
    mentions = requests.get(f"{SANDBOX}/sandbox/state.json", timeout=5).json()["mentions"]
    return mentions if all(mention["replies"] for mention in mentions) else []


def status(address: str) -> int:
    return requests.get(address, timeout=5).status_code


def show(unit: str) -> dict[str, str]:
    asked = ["systemctl", "show", unit, "--property=Result,NRestarts,ActiveState"]
    lines = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    return dict(line.split("=", 1) for line in lines)


def main(told: Path) -> None:
    wait(lambda: status(f"{SITE}/readyz") == 200)
    wait(lambda: status(f"{FLOWER}/") == 200)
    replies = {each["author"]: each["replies"][0]["text"] for each in wait(replied)}
    served = [status(address) for address in METRICS]
    working = {unit: show(unit) for unit in UNITS}
    subprocess.run(["systemctl", "stop", "unroll.target"], check=True)
    wait(lambda: all(show(unit)["ActiveState"] in {"inactive", "failed"} for unit in UNITS))
    stopped = {unit: show(unit) for unit in UNITS}
    document = {"replies": replies, "served": served, "working": working, "stopped": stopped}
    told.with_suffix(".part").write_text(json.dumps(document), "utf-8")
    told.with_suffix(".part").rename(told)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
