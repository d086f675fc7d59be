"""A storm over the whole house, and what X's own record says of it afterwards.

Two workers and two pollers in processes of their own, a real broker and a real database; only X is local.
While people ask, everything that can break is broken, in an order that a seed decides.
"""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import redis

from benchmarks.house import BIN, House, settings_for
from bot.domain import Job
from bot.errors import DatabaseAway
from bot.store import Store, open_store
from sandbox import broker
from sandbox.nouns import Post
from sandbox.run import serve
from sandbox.world import World

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

# Seconds between two kills, and between two other faults. Only who is at work is killed: a process that is
# just starting has nothing to lose, and on a slow machine nothing else would be hit.
KILL_EVERY = (1.0, 2.0)
AT_WORK = (b" ready.", b"poller.at_work", b"poller.stands_by")
BREAK_EVERY = (0.7, 1.8)

STARTED_WITHIN = 60.0

# The token is revoked once, late: the bot then stands still for a minute, which is part of the calm.
REVOKED_AT, REVOKED_FOR = 0.85, 3.0

# However slow the machine: it is over when for so long no job has come to its end.
STALLED_AFTER = 300.0


@dataclass
class Report:
    """What happened, counted."""

    seed: int
    database: str
    mentions: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    no_outcome: int = 0
    answered_twice: int = 0
    wrong_target: int = 0
    too_many: int = 0
    seconds: float = 0.0

    @property
    def well(self) -> bool:
        return not (self.no_outcome or self.answered_twice or self.wrong_target)

    @property
    def row(self) -> list[str]:
        kills = self.faults["SIGKILL"]
        numbers = [self.mentions, kills, self.faults.total() - kills, self.no_outcome, self.answered_twice]
        numbers += [self.wrong_target]
        return [str(self.seed), self.database, f"{self.seconds:.0f}", *map(str, numbers)]

    def lines(self) -> Iterator[str]:
        yield f"seed {self.seed}, {self.database}: {self.mentions} mentions in {self.seconds:.0f} s"
        promises = f"no outcome {self.no_outcome}, answered twice {self.answered_twice}"
        yield f"  {promises}, wrong target {self.wrong_target}"
        yield "  ended: " + ", ".join(f"{state} {n}" for state, n in sorted(self.states.items()))
        yield "  faults: " + ", ".join(f"{name} {n}" for name, n in sorted(self.faults.items()))
        yield f"  calls that X refused for their number: {self.too_many}"


ROW = ["seed", "database", "s", "mentions", "killed", "other faults", "no outcome", "twice", "wrong target"]


class Storm:
    def __init__(self, report: Report, house: House, folder: Path, *, mentions: int, seconds: float):
        self.report, self.house, self.folder = report, house, folder
        self.count, self.seconds = mentions, seconds
        self.random = random.Random(report.seed)
        self.world = World(timeline_lag=TIMELINE_LAG)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.log_ends: dict[str, int] = {}
        self.asked: list[tuple[Post, Post]] = []
        self.env: dict[str, str] = {}
        self.port = broker.free_port()
        self.broker: subprocess.Popen[bytes] | None = None

    def rage(self) -> None:
        """The storm, then the calm in which everything must come to its end."""
        began = time.monotonic()
        with ExitStack() as stack:
            served = stack.enter_context(serve(self.world))
            stack.callback(self._stop_broker)
            self._start_broker()
            redis_url = f"redis://127.0.0.1:{self.port}/0"
            self.env = self._settings(served.url, redis_url)
            self.redis = redis.Redis.from_url(redis_url)
            stack.callback(self.redis.close)
            store = open_store(self.house.url)
            stack.callback(store.close)
            self._small_windows()
            threads = self._threads()
            stack.enter_context(self._running())
            self._wait_until_at_work()
            self._storm(threads)
            self._calm(store)
            self._judge(store)
        self.report.seconds = time.monotonic() - began

    def _settings(self, x_url: str, redis_url: str) -> dict[str, str]:
        return settings_for(
            self.world.credentials,
            x_url=x_url,
            redis_url=redis_url,
            database_url=self.house.url,
            folder=self.folder,
            POLL_INTERVAL_SECONDS="0.5",
            REPLY_VISIBLE_AFTER_SECONDS=str(TIMELINE_LAG.total_seconds() + 1),
        )

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

    # The processes

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
        self.log_ends[name] = log.tell()
        command = [str(word) for word in COMMANDS[name]]
        self.processes[name] = subprocess.Popen(command, env=self.env, stdout=log, stderr=log)
        log.close()

    def _at_work(self) -> list[str]:
        return [name for name in self.processes if self._is_at_work(name)]

    def _is_at_work(self, name: str) -> bool:
        with (self.folder / f"{name}.log").open("rb") as log:
            log.seek(self.log_ends[name])
            said = log.read()
        return any(word in said for word in AT_WORK)

    def _wait_until_at_work(self) -> None:
        """However slow the machine: a storm over a house that only starts would hit nothing."""
        end = time.monotonic() + STARTED_WITHIN
        while len(self._at_work()) < len(COMMANDS) and time.monotonic() < end:
            self._restart_ended()
            time.sleep(0.1)

    def _restart_ended(self) -> None:
        """As whoever watches over services does."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                self._start(name)

    def _start_broker(self) -> None:
        command = broker.command(self.port, self.folder / "broker")
        self.broker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        broker.wait_for(self.port)

    def _stop_broker(self) -> None:
        if self.broker is not None:
            self.broker.kill()
            self.broker.wait()

    # The storm

    def _storm(self, threads: list[list[Post]]) -> None:
        began = time.monotonic()
        next_kill = next_fault = began + 1
        revoke_at = began + self.seconds * REVOKED_AT
        while (now := time.monotonic()) < began + self.seconds:
            due = min(self.count, int(self.count * (now - began) / self.seconds) + 1)
            while len(self.asked) < due:
                self._ask(self.random.choice(threads))
            if now >= next_kill and (names := self._at_work()):
                self._count("SIGKILL", lambda names=names: self._kill(self.random.choice(names)))
                next_kill = now + self.random.uniform(*KILL_EVERY)
            if now >= next_fault:
                self._break_something()
                next_fault = now + self.random.uniform(*BREAK_EVERY)
            if now >= revoke_at and not self.world.revoked and not self.report.faults["token revoked"]:
                self._count("token revoked", self.world.revoke)
            if now >= revoke_at + REVOKED_FOR:
                self.world.restore()
            self._restart_ended()
            time.sleep(0.05)
        while len(self.asked) < self.count:
            self._ask(self.random.choice(threads))

    def _ask(self, thread: list[Post]) -> None:
        post = self.random.choice(thread)
        mention = self.world.mention(f"asker{len(self.asked)}", post)
        self.asked.append((mention, thread[0]))

    def _count(self, name: str, fault: Callable[[], object]) -> None:
        self.report.faults[name] += 1
        fault()

    def _break_something(self) -> None:
        faults = self.world.faults
        breaks: dict[str, tuple[int, Callable[[], object]]] = {
            "SIGTERM": (1, self._terminate),
            "Redis emptied": (2, self._empty_redis),
            "Redis killed": (1, self._kill_redis),
            "database locked" if self.house.restart is None else "database restarted": (1, self._database),
            "reply cut before": (2, lambda: faults.cut_before(REPLY)),
            "reply cut after": (4, lambda: faults.drop_answer_of(REPLY)),
            "reply 503": (2, lambda: faults.answer(REPLY, 503)),
            "reply garbled": (2, lambda: faults.garbage(REPLY, done=True)),
            "reply slow": (1, lambda: faults.slow(REPLY, 4)),
            "lookup 500": (2, lambda: faults.answer(LOOKUP, 500, times=2)),
            "search HTML": (2, lambda: faults.html(SEARCH, times=2)),
            "search 429": (1, lambda: faults.rate_limited(SEARCH, seconds=2)),
            "mentions empty": (1, lambda: faults.empty(MENTIONS)),
        }
        [name] = self.random.choices(list(breaks), weights=[weight for weight, _ in breaks.values()])
        self._count(name, breaks[name][1])

    def _kill(self, name: str) -> None:
        process = self.processes[name]
        process.send_signal(signal.SIGKILL)
        process.wait()
        self._start(name)

    def _terminate(self) -> None:
        for name in self._at_work()[:1]:
            self.processes[name].send_signal(signal.SIGTERM)

    def _empty_redis(self) -> None:
        with suppress(redis.RedisError):
            self.redis.flushall()

    def _kill_redis(self) -> None:
        self._stop_broker()
        self._start_broker()

    def _database(self) -> None:
        if self.house.restart is not None:
            self.house.restart()
            return
        with suppress(sqlite3.OperationalError):
            other = sqlite3.connect(self.house.url.removeprefix("sqlite:///"), isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            time.sleep(1)
            other.close()

    # The calm

    def _calm(self, store: Store) -> None:
        self.world.faults.clear()
        self.world.restore()
        left, since = self.count + 1, time.monotonic()
        while time.monotonic() < since + STALLED_AFTER:
            self._restart_ended()
            with suppress(DatabaseAway):
                still = self._open(store)
                if not still:
                    return
                if still < left:
                    left, since = still, time.monotonic()
            time.sleep(0.5)

    def _open(self, store: Store) -> int:
        jobs = _jobs(store)
        return sum(_ended(jobs.get(mention.number)) is None for mention, _ in self.asked)

    def _judge(self, store: Store) -> None:
        """By what X has: our replies, and nothing but them."""
        report, jobs, world = self.report, _jobs(store), self.world
        report.mentions = len(self.asked)
        for mention, root in self.asked:
            job, replies = jobs.get(mention.number), world.replies_to(mention)
            report.states[f"{job.state} {job.reason or ''}".strip() if job else "no job"] += 1
            report.no_outcome += _ended(job) is None or (_ended(job) == "done" and not replies)
            report.answered_twice += len(replies) > 1
            report.wrong_target += any(f"/thread/{root.id}" not in reply.raw for reply in replies)
        asked = {mention.id for mention, _ in self.asked}
        ours = world.shelves.by_author(world.bot.id).newest_first()
        report.wrong_target += sum(post.replied_to_id not in asked for post in ours)
        report.too_many = sum(call.status == 429 for call in world.ledger.calls)


def _jobs(store: Store) -> dict[int | None, Job]:
    return {job.mention_id: job for job in store.jobs.newest(limit=100_000)}


def _ended(job: Job | None) -> str | None:
    return job.state if job is not None and job.state in ENDED else None


def run(seed: int, house: House, folder: Path, *, mentions: int, seconds: float) -> Report:
    """One storm. It is over when every mention has its outcome, or nothing happens any more."""
    report = Report(seed, house.kind)
    Storm(report, house, folder, mentions=mentions, seconds=seconds).rage()
    return report
