"""`unroll jobs`: what is there, why it is where it is, and running it again."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, get_args

import typer

from bot.cli import output
from bot.cli.opening import opened
from bot.domain import Job, JobState
from bot.queue import celery_app, enqueue
from bot.settings import Settings
from bot.store import Store

jobs_app = typer.Typer(help="Jobs: list, show, replay.", no_args_is_help=True)

REPLAY_LIMIT = 10_000
UNITS = {"m": "minutes", "h": "hours", "d": "days"}

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def _state(value: str | None) -> str | None:
    if value is not None and value not in get_args(JobState):
        raise typer.BadParameter(f"one of {', '.join(get_args(JobState))}")
    return value


def _since(value: str | None) -> datetime | None:
    """A time as ISO 8601 (UTC where it names no zone), or how long ago: 30m, 2h, 7d."""
    if value is None:
        return None
    if ago := re.fullmatch(r"(\d+)([mhd])", value):
        return datetime.now(UTC) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        raise typer.BadParameter("an ISO 8601 time such as 2026-11-22T08:00, or 30m, 2h, 7d") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _valid_time(value: str | None) -> str | None:
    _since(value)
    return value


State = Annotated[str | None, typer.Option("--state", callback=_state, help="Only jobs in this state.")]


@jobs_app.command("list")
def list_jobs(
    state: State = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
    *,
    as_json: AsJson = False,
) -> None:
    """Jobs, newest first."""
    with opened() as (_, store):
        jobs = store.jobs.newest(state=state, limit=limit)
    if as_json:
        output.document([output.job_document(job) for job in jobs])
        return
    made = output.table("job", "state", "reason", "mention", "thread", "reply", "attempts", "updated (UTC)")
    for job in jobs:
        made.add_row(
            str(job.id),
            job.state,
            job.reason or "",
            output.text_id(job.mention_id) or "",
            output.text_id(job.thread_id) or "",
            output.text_id(job.reply_id) or "",
            str(job.attempts),
            f"{job.updated_at:%Y-%m-%d %H:%M:%S}",
        )
    output.console.print(made)


@jobs_app.command("show")
def show_job(job: Annotated[int, typer.Argument(metavar="JOB")], *, as_json: AsJson = False) -> None:
    """One job: its mention, every attempt, the reason it is where it is."""
    with opened() as (_, store):
        found = store.jobs.find(job)
        if found is None:
            output.fail(f"there is no job {job}; `unroll jobs list` shows them")
        shown = _show(found, store)
        attempts = store.jobs.attempts(job)
    if as_json:
        output.document(shown)
        return
    for name, value in shown.items():
        if name not in {"history", "mention"} and value is not None:
            output.field(name, str(value))
    if mention := shown["mention"]:
        output.field("mention", " ".join(mention["text"].split()))
    made = output.table("attempt", "worker", "started (UTC)", "ended", "outcome", "detail")
    for each in attempts:
        ended = f"{each.ended_at:%H:%M:%S}" if each.ended_at else "-"
        started = f"{each.started_at:%Y-%m-%d %H:%M:%S}"
        made.add_row(str(each.number), each.worker, started, ended, each.outcome or "-", each.detail or "")
    output.console.print(made)


@jobs_app.command("replay")
def replay_jobs(
    jobs: Annotated[list[int] | None, typer.Argument(metavar="JOB...")] = None,
    state: State = None,
    since: Annotated[str | None, typer.Option(callback=_valid_time, help="Made since then.")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be replayed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run jobs again. A job that has replied never replies twice."""
    if bool(jobs) == bool(state):
        raise typer.BadParameter("name jobs, or --state S; not both")
    with opened() as (settings, store):
        chosen = _chosen(store, jobs or [], state, _since(since))
        replayed = [] if dry_run else store.jobs.replay([job.id for job in chosen], now=datetime.now(UTC))
        if not dry_run:
            _wake(settings, store, replayed)
    if as_json:
        ids = [job.id for job in chosen] if dry_run else replayed
        output.document({"dry_run": dry_run, "jobs": ids})
    elif dry_run:
        for job in chosen:
            typer.echo(f"would replay job {job.id} ({job.state}{f', {job.reason}' if job.reason else ''})")
    else:
        typer.echo(f"replayed {len(replayed)} of {len(chosen)}" + _left_alone(chosen, replayed))


def _chosen(store: Store, ids: list[int], state: str | None, since: datetime | None) -> list[Job]:
    if not ids:
        return store.jobs.newest(state=state, since=since, limit=REPLAY_LIMIT)
    found = [(job_id, store.jobs.find(job_id)) for job_id in ids]
    if unknown := [str(job_id) for job_id, job in found if job is None]:
        output.fail(f"there is no job {', '.join(unknown)}; nothing was replayed")
    return [job for _, job in found if job is not None]


def _left_alone(chosen: list[Job], replayed: list[int]) -> str:
    left = [str(job.id) for job in chosen if job.id not in replayed]
    return f"; left alone, running now: {', '.join(left)}" if left else ""


def _wake(settings: Settings, store: Store, job_ids: list[int]) -> None:
    """At once where the queue can be reached; else the poller's next tick finds them."""
    queue = celery_app(settings.redis_url)
    try:
        for job_id in job_ids:
            job = store.jobs.find(job_id)
            enqueue(queue, job_id, job.mention_id if job else None)
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the rows are safe
        output.err.print(f"the queue is away ({type(error).__name__}): the poller's next tick takes them")


def _show(job: Job, store: Store) -> dict[str, Any]:
    mention = store.mentions.find(job.mention_id) if job.mention_id is not None else None
    return {
        **output.job_document(job),
        "reply_text": job.reply_text,
        "reply_started_at": output.time_text(job.reply_started_at),
        "cost_usd": store.spend.of_job(job.id) / 1_000_000,
        "mention": {
            "id": str(mention.id),
            "author_id": str(mention.author_id),
            "text": ((mention.payload or {}).get("post") or {}).get("text", ""),
            "decision": mention.decision,
            "reason": mention.reason,
            "created_at": output.time_text(mention.created_at),
        }
        if mention
        else None,
        "history": [
            {
                "attempt": each.number,
                "worker": each.worker,
                "started_at": output.time_text(each.started_at),
                "ended_at": output.time_text(each.ended_at),
                "outcome": each.outcome,
                "detail": each.detail,
            }
            for each in store.jobs.attempts(job.id)
        ],
    }
