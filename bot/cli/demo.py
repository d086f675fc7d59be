"""`unroll demo`: the whole bot against a local X, told as it happens.

Every part is the real one, in a process of its own, by the Procfile's commands; only X is the sandbox.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from bot.cli import output
from bot.cli.doctor import ping
from bot.cli.processes import Processes, procfile_commands
from bot.cli.story import Outcome, Stage, Story
from bot.names import hold
from bot.settings import Settings, load
from bot.store import open_store
from sandbox.broker import command as broker_command
from sandbox.broker import free_port
from sandbox.world import World

FOLDER = Path("var/demo")
USUAL_PORTS = {"site": 8000, "sandbox": 8001, "flower": 5555, "broker": 0, "poller": 8011, "worker": 8021}

# X allows 300 looks in 15 minutes: one every three seconds, for as long as the demo runs.
POLL_INTERVAL_SECONDS = 3

# A link is not to be broken; a narrower terminal wraps the line itself.
TABLE_WIDTH = 110


def run_demo(*, once: bool, as_json: bool) -> int:
    """Runs until every mention is dealt with (`once`) or until Ctrl-C. Returns the exit status.

    Raises BadSettings where the database or the broker that the environment names is not there.
    """
    began = time.monotonic()
    with _alone(FOLDER.resolve()) as folder, _free_ports() as ports:
        stage = _set_up(folder, ports)
        outcome = Outcome()
        with (folder / "processes.log").open("w", buffering=1, encoding="utf-8") as logfile:
            story = Story(stage, outcome, once=once)
            processes = Processes(logfile, lambda: story.tell(processes))
            for name, command in _commands(stage).items():
                processes.add(name, command, stage.env, folder)
            processes.loop()
        if processes.broke and outcome.error is None:
            outcome.error = processes.broke
        elif once and not outcome.complete and outcome.error is None:
            outcome.error = "stopped before every mention was dealt with"
        _report(outcome, round(time.monotonic() - began, 1), once=once, as_json=as_json)
        if outcome.error:
            output.say(f"unroll: {outcome.error} (what every process said: {folder}/processes.log)")
    well = outcome.well if once or outcome.jobs else outcome.error is None
    return 0 if well else 1


@contextmanager
def _alone(folder: Path) -> Iterator[Path]:
    """An empty folder that is ours until the end of the block."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            output.fail(f"another demo is running in {folder}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        yield folder


@contextmanager
def _free_ports() -> Iterator[dict[str, int]]:
    """One for each process: the usual one where it is free, and until the end of the block no other demo's.
    Of two that start at once both find a port free before either listens there.
    """
    with ExitStack() as held:
        yield {name: _free_port(usual, held) for name, usual in USUAL_PORTS.items()}


def _free_port(usual: int, held: ExitStack) -> int:
    while True:
        port = free_port(usual)
        if (name := hold(f"unroll-demo-{port}")) is not None:
            held.enter_context(name)
            return port
        usual = 0


def _set_up(folder: Path, ports: dict[str, int]) -> Stage:
    """The settings that lead everything to each other. Of the settings in the environment only the database
    and the broker are used; no `.env` is read.
    """
    given = os.environ.get("REDIS_URL")
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    keys = World().credentials
    chosen = {
        "DATABASE_URL": os.environ.get("DATABASE_URL") or f"sqlite:///{folder}/unroll.db",
        "REDIS_URL": given or f"redis://127.0.0.1:{ports['broker']}/0",
        "PUBLIC_URL": addresses["site"],
        "MEDIA_DIR": str(folder / "media"),
        "MEDIA_HOSTS": f"127.0.0.1:{ports['sandbox']}",
        "X_API_URL": addresses["sandbox"],
        "X_CONSUMER_KEY": keys.consumer_key,
        "X_CONSUMER_SECRET": keys.consumer_secret,
        "X_ACCESS_TOKEN": keys.access_token,
        "X_ACCESS_TOKEN_SECRET": keys.access_token_secret,
        "X_BEARER_TOKEN": keys.bearer_token,
        "POLL_INTERVAL_SECONDS": str(POLL_INTERVAL_SECONDS),
        "REPLY_VISIBLE_AFTER_SECONDS": "8",
        "DAILY_BUDGET_USD": "50",
        "POLLER_METRICS_PORT": str(ports["poller"]),
        "WORKER_METRICS_PORT": str(ports["worker"]),
        "LOG_FORMAT": "json",
        **{name: os.environ[name] for name in ("FLOWER_BASIC_AUTH",) if os.environ.get(name)},
    }
    outside = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    env = {
        **outside,
        **chosen,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
        "WEB_PORT": str(ports["site"]),
        "FLOWER_PORT": str(ports["flower"]),
        "FLOWER_DB": str(folder / "flower.db"),
    }
    settings = load(_env_file=None, **chosen)
    open_store(settings.database_url).close()
    if given:
        ping(settings)
    broker = None if given else broker_command(ports["broker"], folder / "broker")
    return Stage(addresses["site"], addresses["sandbox"], addresses["flower"], settings, env, broker, ports)


def _commands(stage: Stage) -> dict[str, str]:
    port = str(stage.ports["sandbox"])
    commands = {"sandbox": shlex.join([sys.executable, "-m", "sandbox", "--scenes", "--port", port])}
    if stage.broker:
        commands["broker"] = shlex.join(stage.broker)
    return {**commands, **procfile_commands()}


def _report(outcome: Outcome, seconds: float, *, once: bool, as_json: bool) -> None:
    delays = list(outcome.delays.values())
    median = round(statistics.median(delays), 2) if delays else None
    slowest = max(delays, default=None)
    if as_json:
        times: dict[str, Any] = {"median": median, "slowest": slowest}
        output.document({"jobs": outcome.jobs, "seconds": seconds, "mention_to_reply_seconds": times})
    elif outcome.jobs:
        made = output.table("job", "asked by", "posts", "state", "seconds", "page")
        for job in outcome.jobs:
            state = job["state"] if job["reason"] is None else f"{job['state']}: {job['reason']}"
            delay = f"{outcome.delays[job['id']]:.1f}" if job["id"] in outcome.delays else "-"
            told = outcome.told[job["id"]]
            made.add_row(str(job["id"]), told.asked_by, told.posts, state, delay, job["url"] or "-")
        Console(width=max(output.console.width, TABLE_WIDTH)).print(made)
        whole = f" in {seconds:.1f} s" if once else ""
        replied = f"; from mention to reply {median} s in the middle, {slowest} s at most" if delays else ""
        output.console.print(f"{len(outcome.jobs)} mentions{whole}{replied}", highlight=False)
