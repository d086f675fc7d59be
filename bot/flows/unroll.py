"""From a mention to our reply.

    claim -> gather the thread -> save it -> answer -> finish
                                                |
                          look again later, where X's search lags behind a young thread

Each step is stored before the next begins: the flow may run twice and may die on any line.
"""

from __future__ import annotations

import structlog
from structlog.contextvars import bound_contextvars

from bot.domain import Job, Thread
from bot.flows.answer import answer
from bot.flows.fates import settle
from bot.flows.gather import gather
from bot.flows.meter import JobMeter
from bot.flows.parts import Parts
from bot.rules.plan import search_again_at
from bot.settings import FLOW_DEADLINE
from bot.x import X

log = structlog.get_logger()


def unroll(job_id: int, parts: Parts) -> Job | None:
    """Carries one job from its mention to our reply and returns its row; None if it was not ours to do.

    Never raises for a fate of the job: that is written in the row, with its reason.
    """
    store, clock = parts.store, parts.clock
    pause = store.notes.pause()
    if pause is not None and clock() < pause.probe_at:
        log.info("job.left_while_paused", job=job_id, reason=pause.reason)
        return None
    job = store.jobs.claim(job_id, now=clock(), worker=parts.worker)
    if job is None:  # finished, or leased by another worker
        return None
    with bound_contextvars(job=job.id, mention=job.mention_id, post=job.goal.post_id):
        log.info("job.claimed", attempt=job.attempts)
        try:
            _carry(job, parts)
        except Exception as error:  # noqa: BLE001 - a poisoned job must not stop the others
            settle(job, error, store=store, now=clock())
    return store.jobs.find(job.id)


def _carry(job: Job, parts: Parts) -> None:
    store, clock = parts.store, parts.clock
    x = X(
        parts.connection,
        JobMeter(store, parts.settings, clock, job.id),
        clock,
        deadline=clock() + FLOW_DEADLINE,
    )
    if job.reply_id is not None:  # replayed: we have spoken, and speak once
        store.jobs.finish(job, job.reply_id, now=clock())
        return
    saved = store.threads.find(job.thread_id) if job.thread_id is not None else None
    thread = saved.thread if saved is not None else gather(job, x, parts)
    store.jobs.set_thread(job, thread.id, now=clock())
    reply_id = answer(job, thread, x, parts) if job.reply_wanted else None
    store.jobs.finish(job, reply_id, now=clock())
    log.info("job.done", thread=thread.id, posts=len(thread.posts), reply=reply_id)
    _look_again(job, thread, parts)


def _look_again(job: Job, thread: Thread, parts: Parts) -> None:
    """A young thread is asked for once more, when X's search has caught up; the page completes itself."""
    again = search_again_at(thread, now=parts.clock())
    if again is not None and job.kind != "refresh":
        parts.store.jobs.add(job.goal, kind="refresh", not_before=again, now=parts.clock())
        log.info("thread.look_again", thread=thread.id, at=again.isoformat(timespec="seconds"))
