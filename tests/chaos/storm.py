"""A storm over the whole house, and what X's own record says of it afterwards.

Two workers and two pollers in processes of their own, a real broker and a real database; only X is local.
While people ask, everything that can break is broken, in an order that a seed decides.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import redis

from bot.store import Store, open_store
from sandbox import broker
from sandbox.nouns import Post
from sandbox.run import serve
from sandbox.world import World

BIN = Path(sys.executable).parent
COMMANDS = {
    "worker-1": [BIN / "celery", "-A", "workers.app", "worker", "-n", "one@%h"],
    "worker-2": [BIN / "celery", "-A", "workers.app", "worker", "-n", "two@%h"],
    "poller-1": [BIN / "unroll", "poll"],
    "poller-2": [BIN / "unroll", "poll"],
}
REPLY, LOOKUP, SEARCH = "POST /2/tweets", "GET /2/tweets", "GET /2/tweets/search/recent"
MENTIONS = "GET /2/users/:id/mentions"
ENDED = ("done", "refused", "failed")
TIMELINE_LAG = timedelta(seconds=2)


@dataclass
class Report:
    """What happened, counted. `wrong` holds a line for each broken promise."""

    seed: int
    database: str
    mentions: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    no_outcome: int = 0
    answered_twice: int = 0
    wrong_target: int = 0
    seconds: float = 0.0

    @property
    def well(self) -> bool:
        return not (self.no_outcome or self.answered_twice or self.wrong_target)

    def lines(self) -> Iterator[str]:
        yield f"seed {self.seed}, {self.database}: {self.mentions} mentions in {self.seconds:.0f} s"
        promises = f"no outcome {self.no_outcome}, answered twice {self.answered_twice}"
        yield f"  {promises}, wrong target {self.wrong_target}"
        yield "  ended: " + ", ".join(f"{state} {n}" for state, n in sorted(self.states.items()))
        yield "  faults: " + ", ".join(f"{name} {n}" for name, n in sorted(self.faults.items()))


class Storm:
    def __init__(self, report: Report, database_url: str, folder: Path, *, mentions: int, seconds: float):
        self.report, self.folder = report, folder
        self.database_url = database_url
        self.count, self.seconds = mentions, seconds
        self.random = random.Random(report.seed)
        self.world = World(timeline_lag=TIMELINE_LAG)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.asked: list[tuple[Post, Post]] = []
        self.env: dict[str, str] = {}

    def rage(self, *, calm_within: float) -> None:
        """The storm, then the calm in which everything must come to its end."""
        began = time.monotonic()
        with ExitStack() as stack:
            served = stack.enter_context(serve(self.world))
            redis_url = stack.enter_context(broker.serve(self.folder / "broker"))
            self.env = self._settings(served.url, redis_url)
            self.redis = redis.Redis.from_url(redis_url)
            stack.callback(self.redis.close)
            store = open_store(self.database_url)
            stack.callback(store.close)
            self._small_windows()
            threads = self._threads()
            stack.enter_context(self._running())
            self._storm(threads)
            self._calm(store, calm_within)
            self._judge(store)
        self.report.seconds = time.monotonic() - began

    def _settings(self, x_url: str, redis_url: str) -> dict[str, str]:
        keys = self.world.credentials
        return {
            **os.environ,
            "X_API_URL": x_url,
            "X_CONSUMER_KEY": keys.consumer_key,
            "X_CONSUMER_SECRET": keys.consumer_secret,
            "X_ACCESS_TOKEN": keys.access_token,
            "X_ACCESS_TOKEN_SECRET": keys.access_token_secret,
            "X_BEARER_TOKEN": keys.bearer_token,
            "DATABASE_URL": self.database_url,
            "REDIS_URL": redis_url,
            "MEDIA_DIR": str(self.folder / "media"),
            "PUBLIC_URL": "https://reader.example",
            "POLL_INTERVAL_SECONDS": "0.5",
            "REPLY_VISIBLE_AFTER_SECONDS": str(TIMELINE_LAG.total_seconds() + 1),
            "DAILY_BUDGET_USD": "1000",
            "LOG_FORMAT": "json",
        }

    def _small_windows(self) -> None:
        """Small enough to bite: the bot has to wait for them, and X should see no call too many."""
        for endpoint, limit in ((REPLY, 60), (LOOKUP, 80), (SEARCH, 80), (MENTIONS, 30)):
            self.world.limits.set(endpoint, limit=limit, seconds=10)

    def _threads(self) -> list[list[Post]]:
        return [
            self.world.thread(
                self.world.author(f"author{n}"),
                [f"Post {k} of thread {n}." for k in range(self.random.randint(2, 6))],
                ago=timedelta(hours=2),
            )
            for n in range(max(4, self.count // 20))
        ]

    @contextmanager
    def _running(self) -> Iterator[None]:
        try:
            for name in COMMANDS:
                self._start(name)
            yield
        finally:
            for process in self.processes.values():
                process.kill()
                process.wait()

    def _start(self, name: str) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        command = [str(word) for word in COMMANDS[name]]
        self.processes[name] = subprocess.Popen(command, env=self.env, stdout=log, stderr=log)
        log.close()

    def _storm(self, threads: list[list[Post]]) -> None:
        began = time.monotonic()
        next_fault = began + 2
        while (now := time.monotonic()) < began + self.seconds:
            due = min(self.count, int(self.count * (now - began) / self.seconds) + 1)
            while len(self.asked) < due:
                self._ask(self.random.choice(threads))
            if now >= next_fault:
                self._break_something()
                next_fault = now + self.random.uniform(0.7, 1.8)
            time.sleep(0.05)

    def _ask(self, thread: list[Post]) -> None:
        post = self.random.choice(thread)
        mention = self.world.mention(f"asker{len(self.asked)}", post)
        self.asked.append((mention, thread[0]))

    def _break_something(self) -> None:
        faults = self.world.faults
        breaks = {
            "SIGKILL": self._kill,
            "Redis emptied": self.redis.flushall,
            "reply cut before": lambda: faults.cut_before(REPLY),
            "reply cut after": lambda: faults.drop_answer_of(REPLY),
            "reply 503": lambda: faults.answer(REPLY, 503),
            "reply garbled": lambda: faults.garbage(REPLY, done=True),
            "lookup 500": lambda: faults.answer(LOOKUP, 500, times=2),
            "search HTML": lambda: faults.html(SEARCH, times=2),
            "mentions empty": lambda: faults.empty(MENTIONS),
            "search 429": lambda: faults.rate_limited(SEARCH, seconds=2),
            "token revoked": self._revoke,
        }
        name = self.random.choices(list(breaks), weights=[6, 2, 2, 4, 2, 2, 2, 2, 1, 1, 1])[0]
        self.report.faults[name] += 1
        breaks[name]()

    def _kill(self) -> None:
        name = self.random.choice(list(self.processes))
        process = self.processes[name]
        process.send_signal(signal.SIGKILL)
        process.wait()
        self._start(name)

    def _revoke(self) -> None:
        self.world.revoke()
        time.sleep(0.5)
        self.world.restore()

    def _calm(self, store: Store, within: float) -> None:
        self.world.faults.clear()
        end = time.monotonic() + within
        while time.monotonic() < end and self._open(store):
            time.sleep(0.5)

    def _open(self, store: Store) -> int:
        jobs = (store.jobs.find_by_mention(mention.number) for mention, _ in self.asked)
        return sum(job is None or job.state not in ENDED for job in jobs)

    def _judge(self, store: Store) -> None:
        report = self.report
        report.mentions = len(self.asked)
        for mention, root in self.asked:
            job = store.jobs.find_by_mention(mention.number)
            replies = self.world.replies_to(mention)
            ended = job is not None and job.state in ENDED
            report.states[f"{job.state} {job.reason or ''}".strip() if job else "no job"] += 1
            report.no_outcome += not ended or (job.state == "done" and not replies)
            report.answered_twice += len(replies) > 1
            report.wrong_target += any(f"/thread/{root.id}" not in reply.raw for reply in replies)


def run(seed: int, database_url: str, folder: Path, *, mentions: int, seconds: float) -> Report:
    """One storm. It is over when every mention has its outcome, or after four minutes of calm."""
    report = Report(seed, database_url.split(":", 1)[0])
    Storm(report, database_url, folder, mentions=mentions, seconds=seconds).rage(calm_within=240)
    return report
