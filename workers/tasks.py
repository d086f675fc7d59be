"""Adapters of a few lines: a wake-up comes in, a flow is called."""

from __future__ import annotations

from bot.flows import illustrate, unroll
from bot.queue import ILLUSTRATE, UNROLL, enqueue_pictures
from workers.app import app, parts


@app.task(name=UNROLL)
def unroll_thread(job_id: int, mention: str = "") -> None:  # noqa: ARG001 - the mention is for the dashboard
    job = unroll.unroll(job_id, parts())
    if job is not None and job.thread_id is not None:
        enqueue_pictures(app, job.thread_id)


@app.task(name=ILLUSTRATE)
def fetch_pictures(thread_id: str) -> None:
    illustrate.illustrate(int(thread_id), parts())
