"""`unroll demo`: the whole bot against a local X, told as it happens.

Every part is the real one, in a process of its own, by the Procfile's commands; only X is the sandbox.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bot.cli import output
from bot.cli.processes import PROCFILE, Processes, procfile_commands
from bot.domain import Job
from bot.settings import BadSettings, Settings
from bot.store import Store, open_store
from sandbox.broker import command as broker_command
from sandbox.broker import free_port, wait_for
from sandbox.world import World

FOLDER = Path("var/demo")
UP_WITHIN_SECONDS = 60
DEALT_WITH_WITHIN_SECONDS = 240
BETWEEN_MENTIONS_SECONDS = 0.4
LOOK_EVERY_SECONDS = 0.2

# X allows 300 looks in 15 minutes: one every three seconds, for as long as the demo runs.
POLL_INTERVAL_SECONDS = 3
ENDED = ("done", "refused", "failed")


@dataclass
class Stage:
    """Where everything is."""

    folder: Path
    site: str
    sandbox: str
    flower: str
    env: dict[str, str]
    broker: list[str] | None
    ports: dict[str, int]


@dataclass
class Outcome:
    """What became of the demo."""

    jobs: list[dict[str, Any]] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    error: str | None = None

    @property
    def well(self) -> bool:
        answered = all(job["state"] == "done" and job["reply_text"] for job in self.jobs)
        return self.error is None and bool(self.jobs) and answered


def run_demo(*, once: bool, as_json: bool) -> int:
    """Runs until every mention is dealt with (`once`) or until Ctrl-C. Returns the exit status."""
    began = time.monotonic()
    stage = _set_up()
    outcome = Outcome()
    with (stage.folder / "processes.log").open("w", buffering=1) as logfile:
        story = Story(stage, outcome, once=once)
        processes = Processes(logfile, lambda: story.tell(processes))
        for name, command in _commands(stage).items():
            processes.add(name, command, stage.env, PROCFILE.parent)
        processes.loop()
    seconds = round(time.monotonic() - began, 1)
    _report(outcome, stage, seconds, as_json=as_json)
    if not once and outcome.error is None:
        return 0
    return 0 if outcome.well else 1


def _set_up() -> Stage:
    """An empty folder, free ports, and the settings that lead everything to each other."""
    folder = FOLDER.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ports = {
        "site": free_port(8000),
        "sandbox": free_port(8001),
        "flower": free_port(5555),
        "broker": free_port(),
    }
    keys = World().credentials
    given = os.environ.get("REDIS_URL")
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    # A database or broker given in the environment is used; an operator's .env is left alone.
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
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
        "LOG_FORMAT": "json",
        "PORT": str(ports["site"]),
        "FLOWER_PORT": str(ports["flower"]),
        "FLOWER_DB": str(folder / "flower.db"),
    }
    broker = None if given else broker_command(ports["broker"], folder / "broker")
    return Stage(folder, addresses["site"], addresses["sandbox"], addresses["flower"], env, broker, ports)


def _commands(stage: Stage) -> dict[str, str]:
    commands = {
        "sandbox": shlex.join(
            [sys.executable, "-m", "sandbox", "--scenes", "--port", str(stage.ports["sandbox"])]
        )
    }
    if stage.broker:
        commands["broker"] = shlex.join(stage.broker)
    return {**commands, **procfile_commands()}


@dataclass
class Story:
    """Makes the mentions and tells what comes of them."""

    stage: Stage
    outcome: Outcome
    once: bool
    told: set[tuple[str, str]] = field(default_factory=set)

    def tell(self, processes: Processes) -> None:
        try:
            with _progress("Starting sandbox, broker, poller, worker, site and Flower"):
                self._wait_until_up()
            with self._store() as store:
                self._play(store)
        except Exception as error:  # noqa: BLE001 - told in one line; the log has the rest
            self.outcome.error = f"{type(error).__name__}: {error}"
            processes.terminate()
        else:
            if self.once:
                processes.terminate()

    @contextmanager
    def _store(self) -> Iterator[Store]:
        store = open_store(Settings(database_url=self.stage.env["DATABASE_URL"]).database_url)
        try:
            yield store
        finally:
            store.close()

    def _wait_until_up(self) -> None:
        end = time.monotonic() + UP_WITHIN_SECONDS
        waiting = {f"{self.stage.sandbox}/sandbox/state.json", f"{self.stage.site}/readyz", self.stage.flower}
        if self.stage.broker:
            wait_for(self.stage.ports["broker"], UP_WITHIN_SECONDS)
        while waiting:
            if time.monotonic() > end:
                raise BadSettings(f"not up in time: {', '.join(sorted(waiting))}")
            waiting = {address for address in waiting if not _answers(address)}
            time.sleep(0.05)

    def _play(self, store: Store) -> None:
        _say(f"Local X  {self.stage.sandbox}/   site  {self.stage.site}/   Flower  {self.stage.flower}/\n")
        planned = [(scene, each) for scene in self._state()["scenes"] for each in scene["planned"]]
        with _progress("Mentions dealt with", total=len(planned)) as advance:
            asked: list[str] = []
            for _, each in planned:
                asked.append(self._mention(each))
                time.sleep(BETWEEN_MENTIONS_SECONDS)
            self._follow(store, asked, advance)
        if not self.once:
            _say(
                f"\nAll dealt with. Type a mention of your own at {self.stage.sandbox}/, read the pages at "
                f"{self.stage.site}/, watch the tasks at {self.stage.flower}/. Ctrl-C ends it."
            )
            while True:
                self._look(store, [mention["id"] for mention in self._state()["mentions"]])
                time.sleep(1)

    def _mention(self, planned: dict[str, Any]) -> str:
        answer = requests.post(f"{self.stage.sandbox}/sandbox/mention", json=planned, timeout=10)
        answer.raise_for_status()
        mention_id = str(answer.json()["id"])
        _say(f"[bold]@{planned['author']}[/] under post {planned['under']}: “{_quiet(planned['text'])}”")
        return mention_id

    def _follow(self, store: Store, asked: list[str], advance: Any) -> None:
        end = time.monotonic() + DEALT_WITH_WITHIN_SECONDS
        done = 0
        while time.monotonic() < end:
            jobs = self._look(store, asked)
            ended = [job for job in jobs if job.state in ENDED]
            advance(len(ended) - done)
            done = len(ended)
            if done == len(asked):
                self._wait_for_pictures(store, jobs)
                self.outcome.jobs = self._documents(jobs, asked)
                return
            time.sleep(LOOK_EVERY_SECONDS)
        self.outcome.jobs = self._documents(self._look(store, asked), asked)
        self.outcome.error = f"{len(asked) - done} mentions were not dealt with in time"

    def _look(self, store: Store, asked: list[str]) -> list[Job]:
        """The jobs of the mentions so far, each step told once."""
        jobs = [job for each in asked if (job := store.jobs.find_by_mention(int(each))) is not None]
        for job in jobs:
            if (str(job.id), job.state) in self.told or job.state not in (*ENDED, "waiting"):
                continue
            self.told.add((str(job.id), job.state))
            _say("\n".join(self._sentences(job, store)))
        return jobs

    def _sentences(self, job: Job, store: Store) -> Iterator[str]:
        saved = store.threads.find(job.thread_id) if job.thread_id is not None else None
        if saved is not None:
            thread = saved.thread
            yield f"  [green]job {job.id}[/] found {len(thread.posts)} posts by @{thread.author.username}"
        if job.state == "done":
            yield f"  replied: “{_quiet(job.reply_text or '')}”"
            yield f"  open     [link]{self.stage.site}/thread/{job.thread_id}[/link]"
        else:
            yield f"  [yellow]job {job.id}[/] {job.state}: {job.reason}"

    def _wait_for_pictures(self, store: Store, jobs: list[Job]) -> None:
        """So that the pages are whole when the links are shown."""
        end = time.monotonic() + 15
        threads = {job.thread_id for job in jobs if job.thread_id is not None}
        while time.monotonic() < end and any(store.media.waiting(thread) for thread in threads):
            time.sleep(LOOK_EVERY_SECONDS)

    def _documents(self, jobs: list[Job], asked: list[str]) -> list[dict[str, Any]]:
        """Each job beside what X itself shows as reply: the truth is there, not in our row."""
        on_x = {mention["id"]: mention for mention in self._state()["mentions"] if mention["id"] in asked}
        documents = []
        for job in jobs:
            replies = on_x.get(str(job.mention_id), {}).get("replies", [])
            if len(replies) > 1:
                self.outcome.error = f"mention {job.mention_id} was answered {len(replies)} times"
            if replies:
                self.outcome.delays.append(on_x[str(job.mention_id)]["seconds"])
            documents.append(
                {
                    **output.job_document(job),
                    "reply_text": replies[0]["raw"] if replies else None,
                    "url": f"{self.stage.site}/thread/{job.thread_id}" if job.thread_id else None,
                }
            )
        return documents

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = requests.get(f"{self.stage.sandbox}/sandbox/state.json", timeout=10).json()
        return state


def _report(outcome: Outcome, stage: Stage, seconds: float, *, as_json: bool) -> None:
    delays = {
        "median": round(statistics.median(outcome.delays), 2) if outcome.delays else None,
        "slowest": max(outcome.delays, default=None),
    }
    if as_json:
        document = {"jobs": outcome.jobs, "seconds": seconds, "mention_to_reply_seconds": delays}
        print(json.dumps(document, ensure_ascii=False, indent=2))  # noqa: T201 - the command's document
    elif outcome.jobs:
        made = output.table("job", "state", "posts' thread", "reply", "seconds")
        for job, delay in zip(outcome.jobs, outcome.delays or [0.0] * len(outcome.jobs), strict=False):
            state = job["state"] if job["reason"] is None else f"{job['state']}: {job['reason']}"
            made.add_row(str(job["id"]), state, job["url"] or "", job["reply_text"] or "", f"{delay:.1f}")
        output.console.print(made)
        output.console.print(
            f"{len(outcome.jobs)} mentions in {seconds:.1f} s; from mention to reply: "
            f"median {delays['median']} s, slowest {delays['slowest']} s"
        )
    if outcome.error:
        output.err.print(f"unroll: {outcome.error}; the processes' log: {stage.folder}/processes.log")


@contextmanager
def _progress(what: str, total: int | None = None) -> Iterator[Any]:
    """A bar on a terminal, one line elsewhere."""
    if not sys.stderr.isatty():
        _say(f"{what} ...")
        with nullcontext():
            yield lambda _count: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=output.err, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count: progress.advance(task, count)


def _answers(address: str) -> bool:
    with suppress(requests.RequestException):
        return requests.get(address, timeout=2).ok
    return False


def _say(line: str) -> None:
    output.err.print(line, highlight=False, soft_wrap=True)


def _quiet(text: str) -> str:
    """Somebody's words on one line, never read as markup."""
    return " ".join(text.split()).replace("[", "\\[")
