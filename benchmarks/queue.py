"""What the queue itself costs: an empty task through the bot's own broker and a worker of its own settings.

Rounds with Flower's events off, on, and on with a Flower that listens take turns. A burst says how many tasks
a worker does in a second; tasks far apart say how long one is on its way from `send_task` to its start.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, cast

import redis
from celery import Celery

from benchmarks.empty import QUEUE, TIMES
from benchmarks.house import BIN
from benchmarks.processes import running
from benchmarks.tables import table
from bot.queue import celery_app
from sandbox import broker

BURST, APART, ONE_BY_ONE = 2_000, 0.02, 150
ROUNDS = 3
WORKER = [BIN / "celery", "-A", "benchmarks.empty", "worker", "-Q", QUEUE]
FLOWER = [BIN / "celery", "-A", "benchmarks.empty", "flower", "--address=127.0.0.1", "--port={port}"]
WAYS = {"events off": ("no", False), "events on": ("yes", False), "events on, and Flower": ("yes", True)}
Times = list[tuple[float, float]]


def report() -> str:
    found: dict[str, list[tuple[float, list[float], float]]] = {name: [] for name in WAYS}
    for _ in range(ROUNDS):
        for name, (events, flower) in WAYS.items():
            with TemporaryDirectory(prefix="unroll-queue-") as folder:
                found[name].append(_round(Path(folder), events, flower=flower))
    off = median(rate for rate, _, _ in found["events off"])
    rows = []
    for name, rounds in found.items():
        rate = median(rate for rate, _, _ in rounds)
        waits = [wait * 1000 for _, each, _ in rounds for wait in each]
        cpu = median(cpu * 1000 for _, _, cpu in rounds)
        late = quantiles(waits, n=100)[98]
        rows.append(
            [name, f"{rate:.0f}", f"{rate / off:.2f}", f"{cpu:.2f}", f"{median(waits):.1f}", f"{late:.1f}"]
        )
    head = [
        "an empty task",
        "tasks a second",
        "ratio",
        "worker's CPU, ms",
        "on its way, ms",
        "99th percentile",
    ]
    return table(head, rows)


def _round(folder: Path, events: str, *, flower: bool) -> tuple[float, list[float], float]:
    """Tasks a second, seconds that each of the lone ones was on its way, CPU seconds of each of a burst."""
    with ExitStack() as stack:
        url = stack.enter_context(broker.serve(folder / "broker"))
        env = {**os.environ, "REDIS_URL": url, "EVENTS": events, "PYTHONPATH": os.pathsep.join(sys.path)}
        commands = {"worker": WORKER}
        if flower:
            port = broker.free_port()
            commands["flower"] = [str(word).format(port=port) for word in FLOWER]
        processes = stack.enter_context(running(commands, env, folder))
        app = celery_app(url)
        app.conf.update(task_send_sent_event=events == "yes", task_default_queue=QUEUE)
        line = stack.enter_context(redis.Redis.from_url(url, socket_timeout=None))
        _send(app, 50, 0.0)
        _times(line)
        if flower:
            time.sleep(5)  # it takes that long to listen
        before = sum(processes["worker"].cpu_times()[:2])
        _send(app, BURST, 0.0)
        burst = _times(line)
        cpu = (sum(processes["worker"].cpu_times()[:2]) - before) / BURST
        began, ended = min(at for _, at in burst), max(at for _, at in burst)
        _send(app, ONE_BY_ONE, APART)
        return BURST / (ended - began), [at - sent for sent, at in _times(line)], cpu


def _send(app: Celery, number: int, apart: float) -> None:
    for _ in range(number):
        app.send_task("empty", args=[time.time(), number])
        time.sleep(apart)


def _times(line: redis.Redis) -> Times:
    told = cast("Any", line.blpop([TIMES], timeout=120))
    if told is None:
        raise AssertionError("the worker has not run the tasks")
    return cast("Times", json.loads(told[1]))
