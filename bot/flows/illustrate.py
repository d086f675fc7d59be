"""A thread's pictures: fetched by the worker after the reply, so that readers ask nobody but us for them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

import structlog

from bot.blobs import by_hash
from bot.errors import Permanent, Transient
from bot.flows.parts import Parts
from bot.pictures import shrink
from bot.settings import FLOW_DEADLINE
from bot.store.media import Copy, Picture
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
        picture = _picture(found, _copies(found.content, parts))
        store.media.store(url, picture, len(found.content), now=parts.clock())
        came += 1
    _copy_older(thread_id, parts, deadline)
    if came:
        log.info("thread.illustrated", thread=thread_id, pictures=came)
    return came


def _copy_older(thread_id: int, parts: Parts, deadline: datetime) -> None:
    """Smaller copies of what was fetched before there were any."""
    for picture in parts.store.media.uncopied(thread_id):
        if parts.clock() > deadline or parts.stop.is_set():
            break
        copies: tuple[Copy, ...] = ()
        with suppress(FileNotFoundError):
            copies = _copies(parts.files.read(by_hash(picture.sha256)), parts)
        parts.store.media.add_copies(picture.sha256, copies, now=parts.clock())


def _copies(content: bytes, parts: Parts) -> tuple[Copy, ...]:
    """Smaller copies, kept beside the picture; those that a crash leaves behind are swept."""
    made = shrink(content)
    for copy in made:
        parts.files.save(by_hash(copy.name), copy.content)
    return tuple(Copy(copy.name, copy.width, copy.height, len(copy.content)) for copy in made)


def _picture(found: Download, copies: tuple[Copy, ...]) -> Picture:
    return Picture(found.sha256, found.content_type, found.width, found.height, copies)
