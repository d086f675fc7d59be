"""`make soak`: the whole house under an even load for a long time, and what became of it.

Two workers, a poller, the site and a real broker, each a process of its own; only X is local. People ask at
an even rate. At the end X's own record says who was answered, and the readings say how the memory went.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

import psutil
import requests

from benchmarks.house import BIN, House, housed, settings_for
from benchmarks.tables import table
from sandbox import broker
from sandbox.nouns import Post
from sandbox.run import serve
from sandbox.world import World

COMMANDS = {
    "worker 1": [BIN / "celery", "-A", "workers.app", "worker", "-n", "one@%h"],
    "worker 2": [BIN / "celery", "-A", "workers.app", "worker", "-n", "two@%h"],
    "poller": [BIN / "unroll", "poll"],
    "site": [BIN / "unroll", "web", "--port", "{site}"],
}
# X's windows would end this after 400 replies an hour; what is looked at here is the house.
ENDPOINTS = (
    *("POST /2/tweets", "GET /2/tweets", "GET /2/tweets/:id", "GET /2/tweets/search/recent"),
    *("GET /2/users/:id/mentions", "GET /2/users/:id/tweets"),
)
WIDE = {"limit": 5_000, "seconds": 10, "per_day": 1_000_000}
FRESH = 0.5  # of the requests are for a thread that nobody asked for yet
LOOK_EVERY = 10.0
STALLED_AFTER = 300.0
MEGABYTE = 1_000_000


@dataclass
class Reading:
    """One look: seconds since the start, megabytes of each process, how much was asked and answered."""

    at: float
    megabytes: dict[str, float]
    asked: int
    answered: int


@dataclass
class Report:
    database: str
    rate: float
    minutes: float
    mentions: int = 0
    no_reply: int = 0
    answered_twice: int = 0
    wrong_target: int = 0
    too_many: int = 0
    pages_read: int = 0
    pages_failed: int = 0
    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)

    @property
    def well(self) -> bool:
        return not (self.no_reply or self.answered_twice or self.wrong_target or self.pages_failed)

    def lines(self) -> Iterator[str]:
        yield (
            f"{self.mentions} mentions at {self.rate:g} a second on {self.database}, over after"
            f" {self.seconds:.0f} s: no reply {self.no_reply}, answered twice {self.answered_twice},"
            f" wrong target {self.wrong_target}"
        )
        last = quantiles(self.waits, n=100)[98] if len(self.waits) > 1 else 0
        middle = median(self.waits or [0])
        yield f"mention to reply: {middle:.2f} s in the middle, {last:.2f} s at the 99th percentile"
        yield f"calls that X refused for their number: {self.too_many}"
        yield f"pages read meanwhile: {self.pages_read}, of them not well: {self.pages_failed}"
        yield ""
        yield table(["MB", "after a tenth", "in the middle", "at the end", "ratio"], list(self._memory()))

    def _memory(self) -> Iterator[list[str]]:
        """The first tenth is warming up: caches and threads come with the first work."""
        looks = self.readings
        if not looks:
            return
        points = looks[len(looks) // 10], looks[len(looks) // 2], looks[-1]
        for name in points[0].megabytes:
            early, middle, end = (point.megabytes[name] for point in points)
            yield [name, f"{early:.0f}", f"{middle:.0f}", f"{end:.0f}", f"{end / early:.2f}"]


class Soak:
    def __init__(self, report: Report, house: House, folder: Path) -> None:
        self.report, self.house, self.folder = report, house, folder
        self.random = random.Random(1)
        self.world = World(search_lag=timedelta(0))
        self.threads: list[list[Post]] = []
        self.asked: list[tuple[Post, Post]] = []
        self.processes: dict[str, psutil.Popen] = {}
        self.ended = threading.Event()

    def run(self) -> None:
        began = time.monotonic()
        for endpoint in ENDPOINTS:
            self.world.limits.set(endpoint, **WIDE)
        with ExitStack() as stack:
            x = stack.enter_context(serve(self.world))
            redis_url = stack.enter_context(broker.serve(self.folder / "broker"))
            site = broker.free_port()
            env = settings_for(
                self.world.credentials,
                x_url=x.url,
                redis_url=redis_url,
                database_url=self.house.url,
                folder=self.folder,
                POLL_INTERVAL_SECONDS="1",
                LISTING="all",
            )
            stack.enter_context(self._running(env, site))
            reader = threading.Thread(target=self._read_pages, args=[f"http://127.0.0.1:{site}"], daemon=True)
            reader.start()
            stack.callback(self.ended.set)
            self._load(began)
            self._wait()
        self.report.seconds = time.monotonic() - began
        self._judge()

    @contextmanager
    def _running(self, env: dict[str, str], site: int) -> Iterator[None]:
        try:
            for name, command in COMMANDS.items():
                with (self.folder / f"{name}.log").open("ab") as log:
                    words = [str(word).format(site=site) for word in command]
                    self.processes[name] = psutil.Popen(words, env=env, stdout=log, stderr=log)
            yield
        finally:
            for process in self.processes.values():
                process.terminate()
            psutil.wait_procs(list(self.processes.values()), timeout=30)

    def _load(self, began: float) -> None:
        """An even rate, whatever the house makes of it."""
        seconds = self.report.minutes * 60
        looked = 0.0
        while (passed := time.monotonic() - began) < seconds:
            while len(self.asked) < passed * self.report.rate:
                self._ask()
            if passed - looked >= LOOK_EVERY:
                looked = passed
                self._look(passed)
            time.sleep(0.02)

    def _ask(self) -> None:
        number = len(self.asked)
        if not self.threads or self.random.random() < FRESH:
            author = self.world.author(f"author{len(self.threads) % 1_000}")
            texts = [
                f"Post {k} of thread {len(self.threads)}: words that a reader may like to read, and more."
                for k in range(self.random.randint(2, 12))
            ]
            self.threads.append(self.world.thread(author, texts, ago=timedelta(hours=2)))
        thread = self.random.choice(self.threads[-200:])
        mention = self.world.mention(f"asker{number}", self.random.choice(thread))
        self.asked.append((mention, thread[0]))

    def _look(self, at: float) -> None:
        self.report.readings.append(
            Reading(
                round(at, 1),
                {name: _megabytes(process) for name, process in self.processes.items()},
                len(self.asked),
                len(self.world.ledger.calls_to("POST /2/tweets")),
            )
        )

    def _read_pages(self, site: str) -> None:
        """Somebody reads on the site, a page every tenth of a second."""
        with requests.Session() as session:
            while not self.ended.wait(0.1):
                answered = [pair for pair in self.asked[-400:-200] if self.world.replies_to(pair[0])]
                if not answered:
                    continue
                page = f"{site}/thread/{self.random.choice(answered)[1].id}"
                try:
                    well = session.get(page, timeout=10).ok
                except requests.RequestException:
                    well = False
                self.report.pages_read += 1
                self.report.pages_failed += not well

    def _wait(self) -> None:
        left, since = len(self.asked) + 1, time.monotonic()
        while time.monotonic() < since + STALLED_AFTER:
            still = sum(not self.world.replies_to(mention) for mention, _ in self.asked)
            if not still:
                return
            if still < left:
                left, since = still, time.monotonic()
            time.sleep(1)

    def _judge(self) -> None:
        """By what X has: our replies, and nothing but them."""
        report = self.report
        report.mentions = len(self.asked)
        for mention, root in self.asked:
            replies = self.world.replies_to(mention)
            report.no_reply += not replies
            report.answered_twice += len(replies) > 1
            report.wrong_target += any(f"/thread/{root.id}" not in reply.raw for reply in replies)
            report.waits += [(reply.created_at - mention.created_at).total_seconds() for reply in replies[:1]]
        report.too_many = Counter(call.status for call in self.world.ledger.calls)[429]


def _megabytes(process: psutil.Popen) -> float:
    """With its children: the site's server has one."""
    family = [process, *process.children(recursive=True)]
    return sum(each.memory_info().rss for each in family) / MEGABYTE


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=10, help="mentions a second")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="postgres")
    parser.add_argument("--json", type=Path, help="a file for all readings, for docs/soak.py")
    told = parser.parse_args()
    with TemporaryDirectory(prefix="unroll-soak-") as name:
        folder = Path(name)
        with housed(told.database, "soak", folder) as house:
            report = Report(house.kind, told.rate, told.minutes)
            Soak(report, house, folder).run()
        if told.json:
            told.json.write_text(json.dumps(asdict(report)), "utf-8")
        if not report.well:
            for log in folder.glob("*.log"):
                sys.stderr.write(f"{log.name}: {log.read_bytes()[-2000:].decode(errors='replace')}\n")
    sys.stdout.write("\n".join(report.lines()) + "\n")
    return 0 if report.well else 1


if __name__ == "__main__":
    sys.exit(main())
