"""A thread's pictures: fetched by the worker after the reply, so that readers ask nobody but us for them."""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime

import structlog

from bot.blobs import by_hash
from bot.errors import DatabaseAway, Permanent, Transient
from bot.flows.parts import Parts
from bot.pictures import shrink
from bot.rules.films import is_film
from bot.settings import FLOW_DEADLINE
from bot.store.media import Copy, Picture
from bot.x.media import Download, download, downloaded_film

log = structlog.get_logger()

# X names a profile picture's 48-pixel copy; its own site shows this one.
NORMAL, LARGER = re.compile(r"_normal(?=\.\w+$)"), "_400x400"


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
            _fetch(url, parts)
        except (Permanent, Transient) as error:
            store.media.fail(url, now=parts.clock(), for_good=isinstance(error, Permanent))
            log.warning("picture.failed", thread=thread_id, reason=error.reason, detail=error.detail)
            continue
        except (DatabaseAway, OSError):  # no picture's fault: all of them wait for the next wake-up
            raise
        except Exception:  # a picture that we stumble over must not stop the others
            store.media.fail(url, now=parts.clock(), for_good=False)
            log.exception("picture.unexpected_error", thread=thread_id)
            continue
        came += 1
    _copy_older(thread_id, parts, deadline)
    if came:
        log.info("thread.illustrated", thread=thread_id, pictures=came)
    return came


def _fetch(url: str, parts: Parts) -> None:
    """The file first, then the row that names it."""
    if is_film(url):
        _fetch_film(url, parts)
        return
    found = _downloaded(url, parts.settings.media_hosts)
    parts.files.save(by_hash(found.sha256), found.content)
    picture = _picture(found, _copies(found.content, parts))
    parts.store.media.store(url, picture, len(found.content), now=parts.clock())


def _downloaded(url: str, hosts: Collection[str]) -> Download:
    """A profile picture large enough for dense screens; where X has none in that size, the one it named."""
    larger = NORMAL.sub(LARGER, url)
    if larger != url:
        with suppress(Permanent):
            return download(larger, hosts=hosts)
    return download(url, hosts=hosts)


def _fetch_film(url: str, parts: Parts) -> None:
    most = parts.settings.max_video_mb * 1_000_000
    if not most:
        raise Permanent("video-not-kept", "MAX_VIDEO_MB is 0")
    with downloaded_film(url, hosts=parts.settings.media_hosts, most=most) as film:
        parts.files.save(by_hash(film.sha256), film.path)
        picture = Picture(film.sha256, "video/mp4", 0, 0)
        parts.store.media.store(url, picture, film.size, now=parts.clock())


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
