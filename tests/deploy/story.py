"""Runs beside the units, as root: waits until the bot has replied, stops it, tells what happened."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import requests

SANDBOX = "http://127.0.0.1:8001"
PATIENCE_SECONDS = 90


def wait(look: Callable[[], object], what: object) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if look():
                return
        except requests.RequestException:
            pass
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.2)


def replies() -> dict[str, str]:
    """Who asked, and what they were told; nobody before all are answered."""
    mentions = requests.get(f"{SANDBOX}/sandbox/state.json", timeout=5).json()["mentions"]
    if not all(mention["replies"] for mention in mentions):
        return {}
    return {mention["author"]: mention["replies"][0]["text"] for mention in mentions}


def answers(address: str) -> bool:
    return requests.get(address, timeout=5).status_code == requests.codes.ok


def show(unit: str) -> list[str]:
    """How it did, how often it was started again, whether it is up."""
    asked = ["systemctl", "show", unit, "--value", "--property=Result,NRestarts,ActiveState"]
    return sorted(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split())


def passes(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def tell(known: dict) -> dict:
    units = known["units"]
    for address in known["addresses"]:
        wait(lambda address=address: answers(address), address)
    wait(replies, "all replies")
    for address, words in known.get("shows", {}).items():
        wait(lambda address=address, words=words: words in requests.get(address, timeout=5).text, words)
    healthy = [passes(command) for command in known["checks"]]
    working = [show(unit) for unit in units]
    said = replies()
    subprocess.run(["systemctl", "stop", *known["stop"]], check=True)
    wait(lambda: all({"inactive", "failed"} & set(show(unit)) for unit in units), "the end")
    return {
        "replies": said,
        "healthy": healthy,
        "working": working,
        "stopped": [show(unit) for unit in units],
    }


def main(plot: Path, told: Path) -> None:
    try:
        story = tell(json.loads(plot.read_text("utf-8")))
    except Exception as error:  # noqa: BLE001 - whatever it is, the test waits for our word
        story = {"never": repr(error)}
    told.with_suffix(".part").write_text(json.dumps(story), "utf-8")
    told.with_suffix(".part").rename(told)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
