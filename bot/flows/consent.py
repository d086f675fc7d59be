"""What people have told us is asked again before each step that it forbids: a job may wait for long."""

from __future__ import annotations

from bot.domain import Job
from bot.errors import Permanent
from bot.flows.parts import Parts


def require_consent(job: Job, parts: Parts) -> None:
    """Before anything is bought: raises Permanent where asker, author or operator said no.

    The author is the one whose post was pointed at, and the one of the saved page that holds it.
    """
    if objection := silenced(job, parts):
        raise Permanent(objection)
    store, goal = parts.store, job.goal
    authors = {goal.author_id, store.pages.author_of(goal.post_id)} - {None}
    if store.people.opted_out(author for author in authors if author is not None):
        raise Permanent("author-opted-out")
    page = store.pages.find(goal.post_id)
    if page is not None and not page.may_come_back(job.requester_id):
        raise Permanent("page-removed")


def silenced(job: Job, parts: Parts) -> str | None:
    """Why the asker gets no answer (any more); a `stop` itself is still confirmed."""
    if job.requester_id is None:
        return None
    asker = parts.store.people.find(job.requester_id)
    if job.kind == "stop" and asker.blocked_at is None:
        return None
    return asker.objection
