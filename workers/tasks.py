"""Adapters of a few lines: a wake-up comes in, a flow is called."""

from __future__ import annotations

import structlog
from structlog.contextvars import bound_contextvars

from bot.errors import DatabaseAway
from bot.flows import illustrate, letters, unroll
from bot.queue import DELIVER, ILLUSTRATE, UNROLL, enqueue_pictures
from reader.letters import compose
from workers.app import app, parts

log = structlog.get_logger()


@app.task(name=UNROLL)
def unroll_thread(job_id: int, mention: str = "") -> str:  # noqa: ARG001 - the mention is for the dashboard
    """Returns what became of the job, for the dashboard too: nobody else reads it, and it is kept nowhere."""
    try:
        job = unroll.unroll(job_id, parts())
    except DatabaseAway as error:  # the row waits, and the poller sends another wake-up
        log.error("database.away", job=job_id, why=str(error))  # noqa: TRY400 - one line says it all
        return "database away"
    if job is None:
        return "not ours to do"
    if job.thread_id is not None:
        _wake_pictures(job.thread_id, job.id)
    return f"{job.state}: {job.reason}" if job.reason else job.state


@app.task(name=ILLUSTRATE)
def fetch_pictures(thread_id: str, job: int | None = None) -> None:
    with bound_contextvars(**({} if job is None else {"job": job})):
        try:
            illustrate.illustrate(int(thread_id), parts())
        except DatabaseAway as error:
            log.error("database.away", thread=int(thread_id), why=str(error))  # noqa: TRY400


@app.task(name=DELIVER)
def send_letters() -> None:
    try:
        letters.deliver(parts(), compose)
    except DatabaseAway as error:
        log.error("database.away", why=str(error))  # noqa: TRY400


def _wake_pictures(thread_id: int, job_id: int) -> None:
    try:
        enqueue_pictures(app, thread_id, job_id)
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the poller asks again
        log.warning("queue.away", job=job_id, thread=thread_id, error=type(error).__name__)
