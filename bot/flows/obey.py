"""A command's effect, and one short reply that it is done.

What people say about themselves holds since the poller recorded it; the rest is done here. Doing it twice
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from bot.domain import Job
from bot.errors import Permanent, Transient
from bot.flows.answer import confirm
from bot.flows.consent import require_consent
from bot.flows.gather import gather
from bot.flows.pages import forget_author, take_down
from bot.flows.parts import Parts
from bot.flows.paused import holds
from bot.store.pages import PageStatus
from bot.x import X

log = structlog.get_logger()

Effect = Callable[[Job, X, Parts], int | None]


def obey(job: Job, x: X, parts: Parts) -> None:
    """Raises Permanent `not-yours` or `no-page` where there is nothing that the asker may have done."""
    thread_id = EFFECTS[job.kind](job, x, parts)
    if thread_id is not None:
        parts.store.jobs.set_thread(job, thread_id, now=parts.clock())
    log.info("command.obeyed", command=job.kind, thread=thread_id)
    _wait_for_x(parts)
    parts.store.jobs.finish(job, confirm(job, x, parts), now=parts.clock())


def _wait_for_x(parts: Parts) -> None:
    pause = parts.store.notes.pause()
    if pause is not None and holds(pause, now=parts.clock()):
        raise Transient(pause.reason, "paused", retry_at=pause.probe_at, counts=False)


def _recorded(_job: Job, _x: X, _parts: Parts) -> None:
    """The poller's commit has done it."""


def _opt_out(job: Job, _x: X, parts: Parts) -> None:
    """Unless they have come back since."""
    if job.requester_id is not None and parts.store.people.opted_out([job.requester_id]):
        forget_author(job.requester_id, store=parts.store, files=parts.files, now=parts.clock())


def _delete(job: Job, _x: X, parts: Parts) -> int:
    page = _own_page(job, parts)
    take_down(page.thread_id, "author", store=parts.store, files=parts.files, now=parts.clock())
    return page.thread_id


def _unlist(job: Job, _x: X, parts: Parts) -> int:
    page = _own_page(job, parts)
    parts.store.pages.unlist(page.thread_id, now=parts.clock())
    return page.thread_id


def _refresh(job: Job, x: X, parts: Parts) -> int:
    require_consent(job, parts)
    return gather(job, x, parts).thread.id


def _own_page(job: Job, parts: Parts) -> PageStatus:
    assert job.requester_id is not None  # noqa: S101 - a mention has an author
    page = parts.store.pages.under(job.goal.post_id, job.goal.conversation_id, job.requester_id)
    if page is None:
        raise Permanent("no-page")
    if page.author_id != job.requester_id:
        raise Permanent("not-yours")
    return page


EFFECTS: Mapping[str, Effect] = {
    "stop": _recorded,
    "start": _recorded,
    "opt-in": _recorded,
    "help": _recorded,
    "opt-out": _opt_out,
    "delete": _delete,
    "unlist": _unlist,
    "refresh": _refresh,
}

# What needs nothing of X but the reply.
OURS_TO_DO = frozenset(EFFECTS) - {"refresh"}
