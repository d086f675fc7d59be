"""What the site gathers goes to the store every few seconds, beside the visits and not in their way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool

FLUSH_SECONDS = 5.0


def flushing(
    *flushes: Callable[[], None], state: Mapping[str, Any]
) -> Callable[[Starlette], AbstractAsyncContextManager[Mapping[str, Any]]]:
    """Flushes every few seconds while the site runs, and once more at its end. The server gets the state."""

    @asynccontextmanager
    async def running(_app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        flusher = asyncio.create_task(_for_ever(flushes))
        try:
            yield state
        finally:
            flusher.cancel()
            with suppress(asyncio.CancelledError):
                await flusher
            await _flush(flushes)

    return running


async def _for_ever(flushes: tuple[Callable[[], None], ...]) -> None:
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        await _flush(flushes)


async def _flush(flushes: tuple[Callable[[], None], ...]) -> None:
    for flush in flushes:
        await run_in_threadpool(flush)
