"""From a mention to our reply.

    claim -> may we? -> gather the thread -> save it -> answer -> finish
               |               |                          |
               +---------------+-> say why not            look again later, where X's search lags
                                                          behind a young thread
    claim -> obey a command -> confirm -> finish

Each step is stored before the next begins: the flow may run twice and may die on any line.
"""

from __future__ import annotations

from contextlib import closing

import structlog
from structlog.contextvars import bound_contextvars

from bot.domain import Job, Thread
from bot.errors import Permanent
from bot.flows.answer import answer, explain
from bot.flows.consent import require_consent
from bot.flows.cooldown import require_calm
from bot.flows.fates import settle
from bot.flows.gather import Gathered, gather
from bot.flows.meter import JobMeter
from bot.flows.obey import EFFECTS, OURS_TO_DO, obey
from bot.flows.parts import Parts
from bot.flows.paused import holds
from bot.rules.plan import search_again_at
from bot.settings import FLOW_DEADLINE
from bot.store.pages import PageStatus
from bot.x import X
from bot.x.price import PRICES, price_list

log = structlog.get_logger()

# A search leaves out the first post, which is then bought with its author.
ROOT = PRICES["post"] + PRICES["user"]


def unroll(job_id: int, parts: Parts) -> Job | None:
    """Carries one job from its mention to our reply and returns its row; None if it was not ours to do.

    Never raises for a fate of the job: that is written in the row, with its reason. Raises DatabaseAway
    where no row can be written.
    """
    store, clock = parts.store, parts.clock
    if parts.stop.is_set():  # the poller wakes another worker up
        store.jobs.unsend([job_id])
        return None
    if _left_while_paused(job_id, parts):
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


def _left_while_paused(job_id: int, parts: Parts) -> bool:
    """What is done to our own pages is done even while X does not let us in; only the reply waits."""
    pause = parts.store.notes.pause()
    if pause is None or not holds(pause, now=parts.clock()):
        return False
    job = parts.store.jobs.find(job_id)
    if job is not None and job.kind in OURS_TO_DO:
        return False
    log.info("job.left_while_paused", job=job_id, reason=pause.reason)
    return True


def _carry(job: Job, parts: Parts) -> None:
    clock = parts.clock
    ahead = ROOT + (price_list(parts.settings)["reply"] if job.reply_wanted else 0)
    meter = JobMeter(parts.store, parts.settings, clock, job.id, from_site=job.from_site, ahead=ahead)
    with closing(meter):
        deadline = clock() + FLOW_DEADLINE
        _go(job, X(parts.connection, meter, clock, deadline=deadline, stopping=parts.stop.is_set), parts)


def _go(job: Job, x: X, parts: Parts) -> None:
    if job.mention_id is not None and job.kind in EFFECTS:
        obey(job, x, parts)
    elif job.reply_id is not None and job.thread_id is not None:  # replayed: we have spoken, and speak once
        parts.store.jobs.finish(job, job.reply_id, now=parts.clock())
    else:
        _answer_or_explain(job, x, parts)


def _answer_or_explain(job: Job, x: X, parts: Parts) -> None:
    store, clock = parts.store, parts.clock
    if job.reply_wanted and job.reply_id is None and job.reply_started_at is None:
        require_calm(parts)
    try:
        gathered = _thread(job, x, parts)
        thread = gathered.thread
        reply_id = answer(job, thread, x, parts) if job.reply_wanted else job.reply_id
    except Permanent as error:
        if (told := explain(job, error.reason, x, parts)) is None:
            raise
        store.jobs.give_up(
            job, error.reason, now=clock(), refused=error.refused, detail=error.detail, reply_id=told
        )
        log.info("job.explained", reason=error.reason, reply=told)
        return
    reason = "only-confirmed" if gathered.only_confirmed else None
    store.jobs.finish(job, reply_id, now=clock(), reason=reason)
    log.info("job.done", thread=thread.id, posts=len(thread.posts), reply=reply_id)
    _look_again(job, thread, parts)


def _thread(job: Job, x: X, parts: Parts) -> Gathered:
    """As it was saved by an earlier try, else gathered; either way only while everybody lets us."""
    page = require_consent(job, parts)
    _require_unanswered(job, page, parts)
    saved = parts.store.threads.find(job.thread_id) if job.thread_id is not None else None
    if saved is None or saved.gone:
        return gather(job, x, parts)
    parts.store.jobs.set_thread(job, saved.thread.id, now=parts.clock())
    return Gathered(saved.thread)


def _require_unanswered(job: Job, page: PageStatus | None, parts: Parts) -> None:
    """Who has our answer already gets no other, so nothing is bought for it. Where the page is gone since, it
    is made anew all the same.
    """
    if not job.reply_wanted or job.reply_started_at is not None or page is None or page.gone_at is not None:
        return
    if job.requester_id is not None and parts.store.jobs.answered(
        page.thread_id, requester_id=job.requester_id, besides=job.id
    ):
        parts.store.jobs.set_thread(job, page.thread_id, now=parts.clock())
        raise Permanent("already-answered")


def _look_again(job: Job, thread: Thread, parts: Parts) -> None:
    """A young thread is asked for once more, when X's search has caught up; the page completes itself."""
    again = search_again_at(thread, now=parts.clock())
    if again is not None and job.kind != "refresh":
        parts.store.jobs.add(job.goal, kind="refresh", not_before=again, now=parts.clock())
        log.info("thread.look_again", thread=thread.id, at=again.isoformat(timespec="seconds"))
