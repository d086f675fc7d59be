"""A thread's pictures: fetched by the worker after the reply, so that readers ask nobody but us for them."""

from __future__ import annotations

import structlog

from bot.blobs import by_hash
from bot.errors import Permanent, Transient
from bot.flows.parts import Parts
from bot.settings import FLOW_DEADLINE
from bot.store.media import Picture
from bot.x.media import Download, download

log = structlog.get_logger()


def illustrate(thread_id: int, parts: Parts) -> int:
    """Fetches what is wanted and due; returns how many pictures came. Doing it twice changes nothing.

    What is left when the time is over comes with the next wake-up.
    """
    store = parts.store
    came = 0
    deadline = parts.clock() + FLOW_DEADLINE
    for url in store.media.wanted(thread_id, now=parts.clock()):
        if parts.clock() > deadline or parts.stop.is_set():
            break
        try:
            found = download(url, hosts=parts.settings.media_hosts)
        except (Permanent, Transient) as error:
            store.media.fail(url, now=parts.clock(), for_good=isinstance(error, Permanent))
            log.warning("picture.failed", thread=thread_id, reason=error.reason, detail=error.detail)
            continue
        parts.files.save(by_hash(found.sha256), found.content)
        store.media.store(url, _picture(found), len(found.content), now=parts.clock())
        came += 1
    if came:
        log.info("thread.illustrated", thread=thread_id, pictures=came)
    return came


def _picture(found: Download) -> Picture:
    return Picture(found.sha256, found.content_type, found.width, found.height)
