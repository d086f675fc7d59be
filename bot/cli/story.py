"""The demo's story: makes the mentions, watches what comes of them, and tells it on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import requests
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bot.cli import output
from bot.cli.output import say
from bot.cli.processes import Processes
from bot.domain import Job
from bot.settings import Settings
from bot.store import Store, open_store

UP_WITHIN_SECONDS = 60
DEALT_WITH_WITHIN_SECONDS = 240
PICTURES_WITHIN_SECONDS = 15
BETWEEN_MENTIONS_SECONDS = 0.4
LOOK_EVERY_SECONDS = 0.2
ENDED = ("done", "refused", "failed")

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Stage:
    """Where everything is."""

    site: str
    sandbox: str
    flower: str
    settings: Settings
    env: dict[str, str]
    broker: list[str] | None
    ports: dict[str, int]


@dataclass(frozen=True)
class Told:
    """Of a job, what its row does not hold."""

    asked_by: str
    posts: str


@dataclass
class Outcome:
    """What became of the demo. `jobs` as JSON shows them; the rest by job."""

    jobs: list[dict[str, Any]] = field(default_factory=list)
    delays: dict[int, float] = field(default_factory=dict)
    told: dict[int, Told] = field(default_factory=dict)
    complete: bool = False
    error: str | None = None

    @property
    def well(self) -> bool:
        answered = all(job["state"] == "done" and job["reply_text"] for job in self.jobs)
        return self.error is None and bool(self.jobs) and answered


@dataclass
class Story:
    stage: Stage
    outcome: Outcome
    once: bool
    said: set[tuple[str, str]] = field(default_factory=set)

    def tell(self, processes: Processes) -> None:
        try:
            with _progress("Starting the local X, broker, poller, worker, site and Flower"):
                self._wait_until_up()
            store = open_store(self.stage.settings.database_url)
            try:
                self._play(store)
            finally:
                store.close()
        except Exception as error:  # noqa: BLE001 - told in one line; the log has the rest
            if not processes.stopping:
                first = (str(error).splitlines() or [""])[0]
                self.outcome.error = f"{type(error).__name__}: {first}"
        processes.terminate()

    def _wait_until_up(self) -> None:
        end = time.monotonic() + UP_WITHIN_SECONDS
        site, flower = f"{self.stage.site}/readyz", f"{self.stage.flower}/healthcheck"  # without a password
        waiting = [f"{self.stage.sandbox}/sandbox/state.json", site, flower]
        while waiting:
            if time.monotonic() > end:
                raise TimeoutError(f"no answer from {', '.join(waiting)}")
            waiting = [address for address in waiting if not _answers(address)]
            time.sleep(0.05)

    def _play(self, store: Store) -> None:
        say(f"  local X  [link]{self.stage.sandbox}/[/link]   type a mention, watch the reply")
        say(f"  site     [link]{self.stage.site}/[/link]   the pages")
        say(f"  Flower   [link]{self.stage.flower}/[/link]   the workers and their tasks\n")
        planned = [each for scene in self._state()["scenes"] for each in scene["planned"]]
        asked: list[str] = []
        with _progress("Mentions dealt with", total=len(planned)) as advance:
            for each in planned:
                asked.append(self._mention(each))
                self._look(store, asked)
                time.sleep(BETWEEN_MENTIONS_SECONDS)
            self._follow(store, asked, advance)
        if not self.once:
            say(
                "\nAll dealt with, and everything goes on running. Now you:\n"
                f"  1. open {self.stage.sandbox}/ and type a mention under a thread\n"
                "  2. watch here what the bot does about it, and follow the link in its reply\n"
                f"  3. see its task in Flower: {self.stage.flower}/tasks\n"
                "Ctrl-C ends it all."
            )
            while True:
                asked = [mention["id"] for mention in reversed(self._state()["mentions"])]
                self._look(store, asked)
                self._write_down(store, asked)
                time.sleep(1)

    def _mention(self, planned: dict[str, Any]) -> str:
        answer = requests.post(f"{self.stage.sandbox}/sandbox/mention", json=planned, timeout=10)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def _follow(self, store: Store, asked: list[str], advance: Advance) -> None:
        end = time.monotonic() + DEALT_WITH_WITHIN_SECONDS
        done = 0
        while done < len(asked) and time.monotonic() < end:
            time.sleep(LOOK_EVERY_SECONDS)
            ended = sum(job.state in ENDED for job in self._look(store, asked))
            advance(ended - done)
            done = ended
        if done < len(asked):
            self.outcome.error = f"{len(asked) - done} of {len(asked)} mentions were not dealt with in time"
        else:
            self._wait_for_pictures(store, asked)
            self.outcome.complete = True
        self._write_down(store, asked)

    def _look(self, store: Store, asked: list[str]) -> list[Job]:
        """The jobs of the mentions so far; each step is told once."""
        on_x = self._on_x()
        for each in asked:
            if self._is_news(each, "asked"):
                mention = on_x[each]
                say(f"[bold]@{mention['author']}[/] writes: “{_on_one_line(mention['text'])}”")
        jobs = [job for each in asked if (job := store.jobs.find_by_mention(int(each))) is not None]
        for job in jobs:
            mention_id = str(job.mention_id)
            if job.state in (*ENDED, "waiting") and self._is_news(mention_id, f"{job.state} {job.reason}"):
                say("\n".join(_sentences(job, on_x[mention_id], store, self.stage.site)))
        for each in set(asked) - {str(job.mention_id) for job in jobs}:
            row = store.mentions.find(int(each))
            if row is not None and self._is_news(each, "nothing"):
                say(f"  [yellow]nothing[/] for @{on_x[each]['author']}: {row.reason}")
        return jobs

    def _is_news(self, mention_id: str, what: str) -> bool:
        new = (mention_id, what) not in self.said
        self.said.add((mention_id, what))
        return new

    def _wait_for_pictures(self, store: Store, asked: list[str]) -> None:
        """So that the pages are whole when the links are shown."""
        end = time.monotonic() + PICTURES_WITHIN_SECONDS
        threads = {job.thread_id for job in self._look(store, asked) if job.thread_id is not None}
        while time.monotonic() < end and any(store.media.waiting(thread) for thread in threads):
            time.sleep(LOOK_EVERY_SECONDS)

    def _write_down(self, store: Store, asked: list[str]) -> None:
        """Each job beside what X itself shows as reply: the truth is there, not in our row."""
        on_x = self._on_x()
        documents = []
        for job in self._look(store, asked):
            mention = on_x[str(job.mention_id)]
            replies = mention["replies"]
            if len(replies) > 1:
                self.outcome.error = f"mention {job.mention_id} was answered {len(replies)} times"
            if replies:
                self.outcome.delays[job.id] = mention["seconds"]
            saved = store.threads.find(job.thread_id) if job.thread_id is not None else None
            posts = str(len(saved.thread.posts)) if saved else "-"
            self.outcome.told[job.id] = Told(f"@{mention['author']}", posts)
            documents.append(
                {
                    **output.job_document(job),
                    "reply_text": replies[0]["raw"] if replies else None,
                    "url": f"{self.stage.site}/thread/{job.thread_id}" if job.thread_id else None,
                }
            )
        self.outcome.jobs = documents

    def _on_x(self) -> dict[str, dict[str, Any]]:
        return {mention["id"]: mention for mention in self._state()["mentions"]}

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = requests.get(f"{self.stage.sandbox}/sandbox/state.json", timeout=10).json()
        return state


def _sentences(job: Job, mention: dict[str, Any], store: Store, site: str) -> Iterator[str]:
    who = f"@{mention['author']}"
    if job.state == "waiting":
        until = f"{job.not_before:%H:%M:%S} UTC"
        yield f"  [yellow]waits[/]   for {who}, until {until}: {job.reason} (job {job.id})"
        return
    if job.state != "done":
        yield f"  [red]{job.state:7}[/] for {who}: {job.reason}; see `unroll jobs show {job.id}`"
        return
    saved = store.threads.find(job.thread_id) if job.thread_id is not None else None
    if saved is not None:
        thread = saved.thread
        yield f"  [green]found[/]   {len(thread.posts)} posts by @{thread.author.username} (job {job.id})"
    yield f"  [green]replied[/] to {who}: “{_on_one_line(job.reply_text or '')}”"
    yield f"  [green]open[/]    [link]{site}/thread/{job.thread_id}[/link]"


@contextmanager
def _progress(what: str, total: int | None = None) -> Iterator[Advance]:
    """A bar on a terminal, one line elsewhere."""
    if not sys.stderr.isatty():
        say(f"{what} ...")
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


def _on_one_line(text: str) -> str:
    """Somebody's words, never read as markup."""
    return escape(" ".join(text.split()))
