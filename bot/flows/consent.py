"""What people have told us is asked again before each step that it forbids: a job may wait for long."""

from __future__ import annotations

from datetime import UTC, datetime, time

from bot.domain import Job
from bot.errors import Permanent
from bot.flows.parts import Parts
from bot.store.pages import PageStatus
from bot.store.people import Person


def require_consent(job: Job, parts: Parts) -> PageStatus | None:
    """Before anything is bought: raises Permanent where asker, author or operator said no.

    The author is the one whose post was pointed at, and the one of the saved page that holds it, which is
    what it returns.
    """
    store, goal = parts.store, job.goal
    people = store.people.find_all(i for i in (job.requester_id, goal.author_id) if i is not None)
    asker = people.get(job.requester_id) if job.requester_id is not None else None
    if asker is not None and (objection := _silence(job, asker)):
        raise Permanent(objection)
    author = people.get(goal.author_id) if goal.author_id is not None else None
    if author is not None and author.opted_out_at is not None:
        raise Permanent("author-opted-out")
    page, thread_by = store.pages.about(goal.post_id)
    if thread_by is not None and (objection := objection_to(thread_by, job, parts)):
        raise Permanent(objection)
    if page is not None and not page.may_come_back(job.requester_id):
        raise Permanent("page-removed")
    return page


def objection_to(author_id: int, job: Job, parts: Parts) -> str | None:
    """Why a thread of this author is not for this job. Asked again as soon as it is known whose thread it is:
    a link or a stranger's reply does not tell the poller.
    """
    if parts.store.people.opted_out([author_id]):
        return "author-opted-out"
    if job.mention_id is None or author_id == job.goal.author_id:
        return None  # nobody asked by mention, or the poller has counted it
    day = datetime.combine(job.created_at.date(), time.min, UTC)
    asked = parts.store.jobs.asked_of([author_id], day, before_job=job.id).get(author_id, 0)
    return "author-limit" if asked >= parts.settings.requests_per_author_per_day else None


def silenced(job: Job, parts: Parts) -> str | None:
    """Why the asker gets no answer (any more); a `stop` itself is still confirmed."""
    if job.requester_id is None:
        return None
    return _silence(job, parts.store.people.find(job.requester_id))


def _silence(job: Job, asker: Person) -> str | None:
    if job.kind == "stop" and asker.blocked_at is None:
        return None
    return asker.objection
