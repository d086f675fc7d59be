"""`unroll jobs`: what is there, why it is where it is, and mending it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import typer
from rich.progress import Progress

from bot.cli import output
from bot.cli.choosing import Kind, Reason, Since, State, Until, User, job_number, reason_word, which
from bot.cli.jobstory import document, tell
from bot.cli.opening import opened
from bot.domain import Job
from bot.flows.poll import QUEUE_DEPTH
from bot.queue import celery_app, enqueue
from bot.rules.request import LARGEST_ID
from bot.settings import Settings
from bot.store import Store

jobs_app = typer.Typer(help="Jobs: list, show, replay, release, give up.", no_args_is_help=True)

# So many jobs in one transaction: the workers' own writes wait for milliseconds only.
BATCH = 500

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Ids = Annotated[list[int], typer.Argument(metavar="JOB...", callback=job_number)]


@jobs_app.command("list")
def list_jobs(
    state: State = None,
    reason: Reason = None,
    kind: Kind = None,
    user: User = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
    before: Annotated[
        int | None,
        typer.Option(metavar="JOB", callback=job_number, help="Older than this job: the next page."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Jobs, newest first."""
    with opened() as (_, store):
        asked = which(store, state=state, reason=reason, kind=kind, user=user, since=since, until=until)
        jobs = store.mending.page(asked, limit=min(limit, LARGEST_ID), before=before)
    if as_json:
        output.document([output.job_document(job) for job in jobs])
        return
    made = output.table(
        "job", "kind", "state", "reason", "mention", "thread", "reply", "tries", "updated (UTC)"
    )
    for job in jobs:
        output.row(
            made,
            str(job.id),
            job.kind,
            job.state,
            job.reason or "",
            output.text_id(job.mention_id) or "",
            output.text_id(job.thread_id) or "",
            output.text_id(job.reply_id) or "",
            str(job.attempts),
            f"{job.updated_at:%Y-%m-%d %H:%M:%S}",
        )
    output.console.print(made)
    if len(jobs) == limit and output.console.is_terminal:
        output.err.print(f"for older ones: --before {jobs[-1].id}", highlight=False)


@jobs_app.command("show")
def show_job(
    job: Annotated[int, typer.Argument(metavar="JOB", callback=job_number)], *, as_json: AsJson = False
) -> None:
    """One job: its mention, every attempt, the reason it is where it is."""
    with opened() as (_, store):
        found = store.jobs.find(job)
        if found is None:
            output.fail(f"there is no job {job}; `unroll jobs list` shows them")
        shown = document(found, store)
    if as_json:
        output.document(shown)
    else:
        tell(shown)


@jobs_app.command("replay")
def replay_jobs(
    jobs: Annotated[list[int] | None, typer.Argument(metavar="JOB...", callback=job_number)] = None,
    state: State = None,
    reason: Reason = None,
    kind: Kind = None,
    user: User = None,
    since: Since = None,
    until: Until = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be replayed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run jobs again. A job that has replied never replies twice."""
    by_word = any(word is not None for word in (state, reason, kind, user, since, until))
    if bool(jobs) == by_word:
        raise typer.BadParameter(
            "name jobs, or --state, --reason, --kind, --user, --since, --until; not both"
        )
    with opened() as (settings, store):
        asked = which(store, state=state, reason=reason, kind=kind, user=user, since=since, until=until)
        chosen = [job.id for job in _known(store, jobs)] if jobs else store.mending.ids(asked)
        if dry_run:
            _say_what_would_be(store, chosen, as_json=as_json)
            return
        now = datetime.now(UTC)
        replayed = _in_batches("replaying", chosen, lambda ids: store.jobs.replay(ids, now=now))
        _wake(settings, store, replayed)
    if as_json:
        output.document({"dry_run": False, "jobs": replayed})
    else:
        left = _listed(set(chosen) - set(replayed))
        typer.echo(
            f"replayed {len(replayed)} of {len(chosen)}"
            + (f"; left alone, running now: {left}" if left else "")
        )


@jobs_app.command("release")
def release_jobs(jobs: Ids, *, as_json: AsJson = False) -> None:
    """Let jobs go on at once: those that wait, and those whose worker is gone. One that is alive after
    all stops before its next step.
    """
    with opened() as (settings, store):
        found = _known(store, jobs)
        released = store.mending.release([job.id for job in found], now=datetime.now(UTC))
        _wake(settings, store, released)
    _say_what_was_done("released", found, released, as_json=as_json)


@jobs_app.command("give-up")
def give_up_jobs(
    jobs: Ids,
    reason: Annotated[
        str, typer.Option(metavar="R", callback=reason_word, help="The word that tells why.")
    ] = "given-up",
    *,
    as_json: AsJson = False,
) -> None:
    """End jobs as failed, whoever holds them. `unroll jobs replay` brings them back."""
    with opened() as (_, store):
        found = _known(store, jobs)
        ended = store.mending.give_up([job.id for job in found], reason, now=datetime.now(UTC))
    _say_what_was_done("given up", found, ended, as_json=as_json)


def _known(store: Store, ids: Iterable[int]) -> list[Job]:
    """All of them, or the command ends before anything is done."""
    wanted = list(dict.fromkeys(ids))
    found = store.mending.known(wanted)
    if unknown := sorted(set(wanted) - {job.id for job in found}):
        output.fail(f"there is no job {_listed(unknown)}; nothing was done")
    return found


def _say_what_would_be(store: Store, ids: list[int], *, as_json: bool) -> None:
    if as_json:
        output.document({"dry_run": True, "jobs": ids})
        return
    for batch in _batches(ids):
        for job in store.mending.known(batch):
            typer.echo(f"would replay job {job.id} ({job.state}{f', {job.reason}' if job.reason else ''})")


def _say_what_was_done(done: str, found: list[Job], ids: list[int], *, as_json: bool) -> None:
    left = {job.id: job.state for job in found if job.id not in ids}
    if as_json:
        output.document({"jobs": ids, "left_alone": [{"id": i, "state": state} for i, state in left.items()]})
        return
    told = ", ".join(f"{job_id} ({state})" for job_id, state in left.items())
    typer.echo(f"{done} {len(ids)} of {len(found)}" + (f"; left alone, ended before: {told}" if told else ""))


def _listed(ids: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(ids)))


def _batches(ids: list[int]) -> Iterator[list[int]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def _in_batches(what: str, ids: list[int], act: Callable[[list[int]], list[int]]) -> list[int]:
    done: list[int] = []
    with _progress(what, len(ids)) as advance:
        for batch in _batches(ids):
            done += act(batch)
            advance(len(batch))
    return done


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], Any]]:
    """A bar for what takes more than a moment, on a terminal only."""
    if total <= BATCH or not sys.stderr.isatty():
        yield lambda _count: None
        return
    with Progress(console=output.err, transient=True) as bar:
        yield partial(bar.advance, bar.add_task(what, total=total))


def _wake(settings: Settings, store: Store, job_ids: list[int]) -> None:
    """A few at once, where the queue can be reached; the others are the poller's: it is fair, and knows how
    long the queue may be.
    """
    queue = celery_app(settings.broker)
    try:
        for job in store.mending.known(job_ids[:QUEUE_DEPTH]):
            enqueue(queue, job.id, job.mention_id)
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the rows are safe
        output.err.print(f"the queue is away ({type(error).__name__}): the poller's next tick takes them")
