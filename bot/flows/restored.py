"""After a backup was restored: what was answered since it was made is found on the bot's own timeline first.

    asked before the restore? -> wait until no reply of before can still be on its way
                              -> read our posts since the backup, once and newest first
                              -> this mention's reply, if there is one

Only the first job that wants to speak pays for it: a post read for each post that the bot made since the
backup. What was asked after the restore goes on at once.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.domain import Job
from bot.errors import Permanent, Transient
from bot.flows.parts import Parts, alone
from bot.rules.plan import id_before
from bot.settings import CLOCKS_APART, LEASE
from bot.store.restored import Restore
from bot.x import X

log = structlog.get_logger()

# Ids of X follow time, but the machines that number posts differ by moments.
IDS_APART = timedelta(minutes=1)

# X shows the newest 3,200 posts of a timeline (docs.x.com/x-api/posts/timelines), and among those it counts
# some that are gone.
REACH = 3_000


def answered_since_backup(job: Job, x: X, parts: Parts) -> int | None:
    """The reply that the restored database does not know of; None if there is none.

    Raises Transient while that is not known yet, and Permanent `maybe-answered` where X does not show it any
    more: silence is better than speaking twice.
    """
    restore = parts.store.restores.last()
    if restore is None or job.mention_id is None or _asked_since(job.mention_id, restore, parts):
        return None
    if not restore.looked:
        with alone("restored", parts, reason="looking-back"):
            restore = _look_back(x, parts)
    reply_id = parts.store.restores.reply_to(job.mention_id)
    if reply_id is None and restore.seen >= REACH and job.mention_id < (restore.down_to or 0):
        raise Permanent("maybe-answered", "X does not show our posts of that time any more", refused=False)
    return reply_id


def _asked_since(mention_id: int, restore: Restore, parts: Parts) -> bool:
    mention = parts.store.mentions.find(mention_id)
    return mention is not None and mention.created_at > restore.at + CLOCKS_APART


def _look_back(x: X, parts: Parts) -> Restore:
    """From where an earlier look was broken off: each page is noted before the next is read."""
    restore = parts.store.restores.last()
    assert restore is not None  # noqa: S101 - it stays once it is there
    ready = restore.at + LEASE + timedelta(seconds=parts.settings.reply_visible_after_seconds)
    if parts.clock() < ready:
        raise Transient("looking-back", "a worker of before may still speak", retry_at=ready, counts=False)
    bot = parts.store.notes.bot() or x.me()
    since = None if restore.newest_reply is None else id_before(restore.newest_reply, IDS_APART)
    while not restore.looked:
        page = list(x.own_replies(bot.id, since_id=since, until_id=restore.down_to, pages=1))
        found = [(post.id, post.reply_to) for post in page]
        restore = parts.store.restores.found(restore, found, now=parts.clock())
    log.info("restored.looked_back", posts=restore.seen)
    return restore
