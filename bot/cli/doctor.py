"""`unroll doctor`: from outside, what a broken night needs. No check costs money or changes anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import redis
from rich.markup import escape

from bot import log, outdated
from bot.cli import output
from bot.cli.filecheck import file_is_enough
from bot.cli.findings import Check, Finding, check, problem, warning
from bot.cli.outside import disk, media_folder, post_office, site, sqlite_file, x_checks
from bot.cli.polling import LOCK as POLLER
from bot.cli.pushing import push_check
from bot.flows import letters
from bot.queue import celery_app
from bot.redis import client
from bot.settings import BadSettings, Settings, load
from bot.store import Store, open_store, schema
from bot.store.lock import held
from bot.store.mending import Which
from bot.store.notes import POLLED
from bot.store.spend import utc_day
from bot.x.price import MICRO

WORKERS_ANSWER_WITHIN = 1.5
LITTLE_LEFT = 0.2
FEW = 3
DUE_TOO_LONG = timedelta(minutes=5)
LATELY = timedelta(days=1)

BROKER = "start one before the bot: `apt install redis-server`, or by hand `python -m sandbox.broker`"

MARKS = {"ok": "[green]ok[/]     ", "warning": "[yellow]warning[/]", "problem": "[red]problem[/]"}


def examine() -> list[Check]:
    """Every check; those that cannot be made for want of another are left out."""
    try:
        settings = load()
    except BadSettings as error:
        return [Check("settings", "problem", str(error), "mend it in .env or the environment")]
    log.configure(settings)
    return list(_checks(settings))


def tell(found: Check) -> None:
    mend = f"\n         -> {escape(found.mend)}" if found.mend else ""
    line = f"{MARKS[found.level]}  {found.name}: {escape(found.said)}{mend}"
    output.console.print(line, highlight=False, soft_wrap=True)


def _checks(settings: Settings) -> Iterator[Check]:
    yield Check("settings", "ok", "read")
    if outdated.made_by_lock():
        yield check("libraries", lambda: libraries(outdated.LOCK.read_text("utf-8")))
    if settings.missing_credentials:
        names = ", ".join(settings.missing_credentials)
        yield Check(
            "X keys",
            "problem",
            f"{names} not set",
            "run `unroll setup`, or copy the keys of your X app into .env",
        )
    yield from _of_database(settings)
    if settings.broker_url:
        yield check("redis", lambda: _answering(ping, settings))
    broker = check("broker", lambda: _answering(reach, settings))
    yield broker
    if broker.ok:
        yield check("workers", lambda: _workers(settings))
    yield check("media folder", lambda: media_folder(settings))
    yield check("disk", lambda: disk(settings))
    yield check("site", lambda: site(settings))
    if settings.smtp_url is not None:
        yield check("mail", lambda: post_office(settings))
    if not settings.missing_credentials:
        yield from x_checks(settings)


def _of_database(settings: Settings) -> Iterator[Check]:
    """Opening a file that is not there would make it."""
    file = sqlite_file(settings)
    if file is not None and not file.exists():
        mend = "`unroll db upgrade` makes it, if this is the bot's folder"
        yield Check("database", "problem", f"DATABASE_URL: there is no {file.absolute()} yet", mend)
        return
    try:
        store = open_store(settings.database_url)
    except BadSettings as error:
        yield Check(
            "database", "problem", str(error), "is the server running, and the folder there to write?"
        )
        return
    with closing(store):
        yield from _of_store(store, settings)
        if not settings.missing_credentials:
            yield check("push", lambda: push_check(store, settings))


def libraries(lock: str) -> Finding | str:
    """Whether what is installed is what the lock's text names."""
    wrong = outdated.differing(lock)
    if not wrong:
        return "those of requirements.lock"
    more = f" and {len(wrong) - FEW} more" if len(wrong) > FEW else ""
    return problem(f"{outdated.OLDER}: {', '.join(wrong[:FEW])}{more}", outdated.UPGRADE)


def _of_store(store: Store, settings: Settings) -> Iterator[Check]:
    yield check("database", lambda: _database(store))
    if store.database.is_sqlite:
        yield check("file", lambda: file_is_enough(store, datetime.now(UTC)))
    yield check("poller", lambda: _poller(store, settings))
    yield check("pause", lambda: _pause(store))
    yield check("replies", lambda: replies(store))
    yield check("queue", lambda: _queue(store))
    yield check("jobs", lambda: _jobs(store))
    yield check("budget", lambda: _budget(store, settings))
    yield check("mentions", lambda: _mentions(store, settings))
    if settings.smtp_url is not None:
        yield check("letters", lambda: _letters(store))


def _database(store: Store) -> Finding | str:
    store.ready()
    version = schema.current(store.database)
    if schema.is_newer(version):
        return warning(f"schema {version} is of a later version of the bot", "deploy that version here too")
    return f"{store.database.engine.dialect.name}, schema {schema.newest()}, the newest"


def _answering(ask: Callable[[Settings], str], settings: Settings) -> Finding | str:
    try:
        return ask(settings)
    except BadSettings as error:
        return problem(str(error), BROKER)


def ping(settings: Settings) -> str:
    """Raises BadSettings where the broker does not answer."""
    try:
        client(settings.redis_url, socket_timeout=2, socket_connect_timeout=2).ping()
    except redis.RedisError as error:
        raise BadSettings(f"REDIS_URL: no answer ({type(error).__name__}); is the server running?") from None
    return "answers"


def reach(settings: Settings) -> str:
    """Raises BadSettings where the broker does not answer, which may be another one than Redis."""
    if not settings.broker_url:
        return ping(settings)
    try:
        with celery_app(settings.broker).connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=2)
    except Exception as error:  # noqa: BLE001 - each broker's client has errors of its own
        raise BadSettings(f"BROKER_URL: no answer ({type(error).__name__}); is the server running?") from None
    return "answers"


def _workers(settings: Settings) -> Finding | str:
    answers = celery_app(settings.broker).control.ping(timeout=WORKERS_ANSWER_WITHIN)
    if not answers:
        return problem(
            "none answers", "start one with `celery -A workers.app worker`; its log says why it ended"
        )
    return f"{len(answers)} alive: {', '.join(sorted(name for answer in answers for name in answer))}"


def _poller(store: Store, settings: Settings) -> Finding | str:
    """Whether one holds the lock, and when it last looked. One that hangs holds it without looking."""
    with held(store.database, POLLER) as free:
        pass
    note = store.notes.get(POLLED)
    ago = datetime.now(UTC) - datetime.fromisoformat(note["at"]) if note else None
    looked = "has never looked" if ago is None else f"last looked {ago.total_seconds():.0f} s ago"
    if free:
        return problem(
            f"none is at work, and {looked}", "start it with `unroll poll`; its log says why it ended"
        )
    if ago is None or ago > timedelta(seconds=max(60, 5 * settings.poll_interval_seconds)):
        return problem(f"one holds the lock, but {looked}", "read its log; where it hangs, start it again")
    if note and note["trouble"]:
        return warning(
            f"{looked}, in vain: {note['trouble']}", "see the checks of X, and `x.failed` in its log"
        )
    return f"at work, {looked}"


def _pause(store: Store) -> Finding | str:
    pause = store.notes.pause()
    if pause is None:
        return "X is called"
    since = f"{pause.since:%Y-%m-%d %H:%M}"
    return problem(
        f"no calls to X since {since} UTC: {pause.reason} ({pause.detail})",
        "mend it in X's console (https://console.x.com) or .env: the bot then goes on by itself",
    )


def replies(store: Store) -> Finding | str:
    rest = store.notes.cool_down()
    if rest is None or rest.over_at is not None:
        return "go out"
    return problem(
        f"none until {rest.until:%Y-%m-%d %H:%M} UTC: X complained {rest.complaints} times since "
        f"{rest.since:%Y-%m-%d %H:%M} ({rest.detail or 'without words'})",
        "look at the account on X: is it limited or locked? The replies go on by themselves then",
    )


def _queue(store: Store) -> Finding | str:
    """A wake-up is sent every few seconds: a job that has been due for minutes lacks a worker."""
    now = datetime.now(UTC)
    figures = store.gauges.read(now)
    late = now - figures.oldest_due if figures.oldest_due else timedelta(0)
    said = (
        f"{figures.due} due, the oldest for {late.total_seconds():.0f} s" if figures.due else "nothing is due"
    )
    if late <= DUE_TOO_LONG:
        return said
    return warning(said, "are poller, broker and workers at work? Then start more workers")


def _jobs(store: Store) -> Finding | str:
    lately = Which(state="failed", since=datetime.now(UTC) - LATELY)
    failed = store.mending.count(lately)
    if not failed:
        return "none failed within a day"
    reasons = Counter(job.reason for job in store.mending.page(lately, limit=failed))
    told = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
    return warning(
        f"{failed} failed within a day: {told}",
        "`unroll jobs list --state failed --since 1d`; once it is mended, `unroll jobs replay` them",
    )


def _letters(store: Store) -> Finding | str:
    count, stopped = store.letters.count_by_state(), letters.trouble(store)
    said = f"{count.get('queued', 0)} to be sent, {count.get('failed', 0)} failed within a month"
    if stopped is None:
        return said
    since = f"{stopped.since:%Y-%m-%d %H:%M}"
    return warning(
        f"{said}; none went out since {since} UTC: {stopped.reason} {stopped.detail}".rstrip(),
        "see the check of mail; once it is mended they go out by themselves",
    )


def _budget(store: Store, settings: Settings) -> Finding | str:
    spent = store.spend.spent(utc_day(datetime.now(UTC))) / MICRO
    budget = float(settings.daily_budget_usd)
    said = f"${spent:.2f} spent today, ${max(0.0, budget - spent):.2f} left"
    mend = "nothing, or a higher DAILY_BUDGET_USD: what is over it waits until 00:00 UTC"
    if spent >= budget:
        return problem(said, mend)
    return warning(said, mend) if budget - spent < LITTLE_LEFT * budget else said


def _mentions(store: Store, settings: Settings) -> str:
    """What looking at them costs; what being told of them costs, the check of push says."""
    since = utc_day(datetime.now(UTC)) - timedelta(days=6)
    bought = [each for each in store.spend.bookings(since=since) if each.resource == "mention"]
    count, dollars = sum(each.count for each in bought), sum(each.micro_usd for each in bought) / MICRO
    return (
        f"${settings.mention_price_usd} for each that a look brings, nothing while there are none; "
        f"{count:,} within seven days, ${dollars:.3f}"
    )
