"""What Prometheus is told: every name once, counted where it happens or read where it is kept.

An event is counted by the process that sees it. A state comes from the database while Prometheus asks, and
every process that serves it says the same: look at `max`, never at `sum`. Names follow
prometheus.io/docs/practices/naming; no label holds an id, a name or words of anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import structlog
from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.errors import Misconfigured, Permanent, Transient, UnrollError

log = structlog.get_logger()

MICRO = 1_000_000

OUTCOMES = ("posted", "found", "refused", "duplicate", "unsent", "unknown")

MENTIONS = Counter(
    "unroll_mentions",
    "Mentions recorded by the poller: request, refusal with its reason, or a command's own name.",
    ("decision", "reason"),
)
REPLIES = Counter(
    "unroll_replies",
    "What came of each POST of a reply: posted; refused by X; duplicate, to be said in other words; unsent, "
    "it did not land; unknown, the bot looks before it speaks again; found, an unknown one had landed.",
    ("outcome",),
)
REPLY_SECONDS = Histogram(
    "unroll_mention_to_reply_seconds",
    "From the mention's own time on X to the reply.",
    buckets=(2, 4, 6, 8, 10, 15, 20, 30, 60, 120, 300, 900, 3600, 21600, 86400),
)
EVENTS = Counter(
    "unroll_events",
    "What X told without being asked, as it arrived: new, repeated, stale, ignored (nobody waits for its "
    "kind), unreadable, or unsigned (not by X).",
    ("way", "outcome"),
)
MISSED = Counter(
    "unroll_events_missed",
    "Requests that a look at the mentions found and that X had not told of within a minute.",
)
X_CALLS = Counter(
    "unroll_x_calls",
    "Calls to X by HTTP status; `none` where no answer came.",
    ("endpoint", "status"),
)
PAGES = Counter(
    "unroll_pages_served",
    "Answers of the site, by the address's pattern and the HTTP status.",
    ("page", "status"),
)
LETTERS = Counter(
    "unroll_letters",
    "What came of each try to send a letter: sent; put-off, to be tried again; refused; no-such-address, "
    "which is forgotten; unknown, it may have arrived and is not sent again; away, the server let none in.",
    ("kind", "outcome"),
)
EXPORTS = Counter(
    "unroll_exports",
    "What came of each try to make a file or a card's picture: made; dropped, its page is gone or another by "
    "now; failed, to be tried again; given-up.",
    ("form", "outcome"),
)

# A series that begins at one has no increase: what alerts look at is there from the start.
MENTIONS.labels("request", "")
for _outcome in OUTCOMES:
    REPLIES.labels(_outcome)
for _way in ("webhook", "stream"):
    for _outcome in ("new", "repeated", "stale", "ignored", "unreadable", "unsigned"):
        EVENTS.labels(_way, _outcome)
LETTERS.labels("any", "away")
for _kind in ("confirm", "threads"):
    for _outcome in ("sent", "put-off", "refused", "no-such-address", "unknown"):
        LETTERS.labels(_kind, _outcome)


@contextmanager
def reply_counted() -> Iterator[None]:
    """Around the POST of a reply: its outcome, by how it ends."""
    try:
        yield
    except UnrollError as error:
        REPLIES.labels(_outcome_of(error)).inc()
        raise
    REPLIES.labels("posted").inc()


def _outcome_of(error: UnrollError) -> str:
    match error:
        case Transient(may_have_landed=True):
            return "unknown"
        case Permanent(reason="duplicate-text"):
            return "duplicate"
        case Permanent() | Misconfigured():
            return "refused"
        case _:
            return "unsent"


@dataclass(frozen=True, slots=True)
class Figures:
    """How things stand, as the database knows it. Ages are times of birth; money is micro-dollars.

    `jobs` counts by state and reason, `due` those that a worker could take now. `unanswered_since` is the
    oldest request of the last day that has had no reply and no refusal, while no other reply went out either.
    `ticked_at` is the poller's last turn, `polled_at` the last that X answered. `paused` is why all calls to
    X are stopped; `cooling_down` says that replies rest, for X complained of them.
    """

    jobs: Mapping[tuple[str, str], int]
    due: int
    oldest_due: datetime | None
    unanswered_since: datetime | None
    last_reply: datetime | None
    ticked_at: datetime | None
    polled_at: datetime | None
    paused: str | None
    cooling_down: bool
    spent: Mapping[str, int]
    spent_on_rechecks: int


class Intentions(Protocol):
    """The settings that figures are held against: the day's money, and how often mentions are looked at."""

    @property
    def look_every_seconds(self) -> float: ...

    @property
    def daily_budget_usd(self) -> Decimal: ...
    @property
    def recheck_budget_usd(self) -> Decimal: ...


class State(Collector):
    """The figures, read anew for each scrape. A database that does not answer costs only them."""

    def __init__(
        self, read: Callable[[datetime], Figures], settings: Intentions, clock: Callable[[], datetime]
    ) -> None:
        self._read = read
        self._settings = settings
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        now = self._clock()
        up = GaugeMetricFamily("unroll_database_up", "Whether the database answered this scrape.")
        try:
            figures = self._read(now)
        except Exception as error:  # noqa: BLE001 - whatever it is, the counters are still worth telling
            log.warning("metrics.no_figures", error=type(error).__name__)
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from _work(figures, now)
        yield from _times(figures)
        yield GaugeMetricFamily(
            "unroll_poll_interval_seconds",
            "The time that is meant to lie between two looks at the mentions; longer where X tells at once.",
            self._settings.look_every_seconds,
        )
        yield from _money(figures, self._settings)


def _work(figures: Figures, now: datetime) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("unroll_jobs", "Jobs by state and reason.", labels=("state", "reason"))
    for (state, reason), count in figures.jobs.items():
        jobs.add_metric([state, reason], count)
    yield jobs
    yield GaugeMetricFamily("unroll_jobs_due", "Jobs that a worker could take now.", figures.due)
    yield GaugeMetricFamily(
        "unroll_oldest_due_job_age_seconds",
        "How long the job that has been due for longest has been waiting for a worker; 0 where none is due.",
        _age(figures.oldest_due, now),
    )
    yield GaugeMetricFamily(
        "unroll_oldest_unanswered_request_age_seconds",
        "How long somebody has been waiting since whose request no reply at all has gone out; 0 if nobody.",
        _age(figures.unanswered_since, now),
    )


def _times(figures: Figures) -> Iterator[Metric]:
    paused = GaugeMetricFamily(
        "unroll_paused", "1 while X does not let the bot in and all calls are stopped.", labels=("reason",)
    )
    paused.add_metric([figures.paused or ""], 1 if figures.paused else 0)
    yield paused
    yield GaugeMetricFamily(
        "unroll_cooling_down", "1 while replies rest because X refused them.", int(figures.cooling_down)
    )
    for name, words, moment in (
        ("unroll_last_tick_timestamp_seconds", "The poller's last turn.", figures.ticked_at),
        ("unroll_last_poll_timestamp_seconds", "The last look at the mentions.", figures.polled_at),
        ("unroll_last_reply_timestamp_seconds", "The newest reply.", figures.last_reply),
    ):
        if moment is not None:
            yield GaugeMetricFamily(name, words, moment.timestamp())


def _money(figures: Figures, budgets: Intentions) -> Iterator[Metric]:
    spent = GaugeMetricFamily(
        "unroll_spend_today_dollars",
        "What X was paid in this UTC day; it begins at 0 every day, which `increase` takes for a reset.",
        labels=("resource",),
    )
    for resource, micro in figures.spent.items():
        spent.add_metric([resource], micro / MICRO)
    yield spent
    yield from _budgets(
        figures, int(budgets.daily_budget_usd * MICRO), int(budgets.recheck_budget_usd * MICRO)
    )


def _budgets(figures: Figures, day: int, rechecks: int) -> Iterator[Metric]:
    day_left = max(0, day - sum(figures.spent.values()))
    rechecks_left = max(0, min(day_left, rechecks - figures.spent_on_rechecks))
    whole = GaugeMetricFamily(
        "unroll_budget_dollars",
        "What may be paid in a UTC day; `rechecks` is a part of `day`.",
        labels=("budget",),
    )
    whole.add_metric(["day"], day / MICRO)
    whole.add_metric(["rechecks"], rechecks / MICRO)
    left = GaugeMetricFamily(
        "unroll_budget_left_dollars", "What may still be paid in this UTC day.", labels=("budget",)
    )
    left.add_metric(["day"], day_left / MICRO)
    left.add_metric(["rechecks"], rechecks_left / MICRO)
    yield whole
    yield left


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


@dataclass(frozen=True, slots=True)
class WindowLeft:
    """Of one endpoint's window: how many calls are left of how many."""

    endpoint: str
    remaining: int
    limit: int


class Windows(Collector):
    """X's rate-limit windows, as all processes share them."""

    def __init__(self, read: Callable[[datetime], list[WindowLeft]], clock: Callable[[], datetime]) -> None:
        self._read = read
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        remaining = GaugeMetricFamily(
            "unroll_x_window_remaining_calls", "Calls left in X's current window.", labels=("endpoint",)
        )
        limit = GaugeMetricFamily(
            "unroll_x_window_limit_calls", "Calls that X's window documents.", labels=("endpoint",)
        )
        for window in self._read(self._clock()):
            remaining.add_metric([window.endpoint], window.remaining)
            limit.add_metric([window.endpoint], window.limit)
        yield remaining
        yield limit


class Resting(Collector):
    """Which endpoints of X are left alone for their failures."""

    def __init__(self, read: Callable[[], Mapping[str, bool]]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        resting = GaugeMetricFamily(
            "unroll_x_circuit_open",
            "1 while an endpoint of X fails and is only tried now and then.",
            labels=("endpoint",),
        )
        for endpoint, is_open in self._read().items():
            resting.add_metric([endpoint], int(is_open))
        yield resting
