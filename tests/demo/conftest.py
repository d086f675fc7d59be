from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests

from tests.metrics.conftest import Scrape, read

UNROLL = Path(sys.executable).with_name("unroll")


class Demo:
    """`unroll demo` as a person starts it: in a folder of their own, in a process group of its own."""

    def __init__(self, folder: Path, *args: str, **env: str) -> None:
        self.folder = folder
        self.said = folder / "said"
        with self.said.open("w") as said:
            self.process = subprocess.Popen(
                [UNROLL, "demo", *args],
                cwd=folder,
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                start_new_session=True,
            )
        self.seen: set[psutil.Process] = set()

    def until(self, done: Callable[[], object], seconds: float) -> None:
        """Waits, and remembers every process that the demo has meanwhile."""
        end = time.monotonic() + seconds
        while not done():
            assert self.process.poll() is None, f"the demo ended: {self.said.read_text()}"
            assert time.monotonic() < end, f"not in {seconds} s: {self.said.read_text()}"
            self.children()
            time.sleep(0.05)

    def until_told(self, words: str, seconds: float = 30) -> None:
        self.until(lambda: words in self.said.read_text(), seconds)

    def children(self) -> list[psutil.Process]:
        found = psutil.Process(self.process.pid).children(recursive=True)
        self.seen.update(found)
        return found

    def child(self, *words: str) -> psutil.Process:
        """The one whose command has these words."""
        [found] = [each for each in self.children() if set(words) <= set(_command(each))]
        return found

    def on_x(self) -> dict:
        """The world of the demo, asked of the sandbox itself."""
        address = re.search(r"local X +(http://[^ ]+)/", self.said.read_text())[1]
        return requests.get(f"{address}/sandbox/state.json", timeout=10).json()

    def scraped(self) -> list[Scrape]:
        """What the site, the poller and the worker tell Prometheus."""
        log = (self.folder / "var/demo/processes.log").read_text()
        site = re.search(r"site +http://127\.0\.0\.1:(\d+)/", self.said.read_text())[1]
        served = {
            name: re.search(rf"{name}\.?\d* +\|.*http://127\.0\.0\.1:(\d+)/metrics", log)[1]
            for name in ("poller", "worker")
        }
        return [read(int(port)) for port in (site, served["poller"], served["worker"])]

    def signal(self, number: signal.Signals) -> None:
        """As a terminal sends it: to the whole group."""
        self.children()
        os.killpg(self.process.pid, number)

    def end(self, seconds: float = 30) -> tuple[int, str]:
        out, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode, out

    def left_behind(self, seconds: float = 10) -> list[list[str]]:
        _, alive = psutil.wait_procs(self.seen, timeout=seconds)
        return [_command(each) for each in alive]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.fixture
def demo(tmp_path) -> Iterator[Callable[..., Demo]]:
    started = []

    def start(*args: str, **env: str) -> Demo:
        started.append(Demo(tmp_path, *args, **env))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.signal(signal.SIGTERM)
            each.end()
        each.process.stdout.close()
