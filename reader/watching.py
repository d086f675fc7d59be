"""`/metrics`: how everything stands and what this site served; for its operator, not for the internet."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot import scraping
from bot.metrics import PAGES, State
from reader.ports import Settings, Store

# What a proxy adds to what it hands on: a peer on loopback with one of these speaks for somebody else.
HANDED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")

OTHER = "other"


def route(store: Store, settings: Settings, clock: Callable[[], datetime]) -> Route:
    state = State(store.gauges.read, settings, clock)
    return Route("/metrics", partial(_metrics, scraping.registry(state), settings))


def _metrics(whole: CollectorRegistry, settings: Settings, request: Request) -> Response:
    """With METRICS_TOKEN for whoever shows it, without for this machine alone; others find nothing."""
    if not _allowed(request, settings):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    content, content_type = scraping.exposition(whole, request.headers.get("accept", ""))
    return Response(content, headers={"Cache-Control": "no-store", "Content-Type": content_type})


def _allowed(request: Request, settings: Settings) -> bool:
    if settings.metrics_token is not None:
        wanted = f"Bearer {settings.metrics_token.get_secret_value()}".encode()
        return hmac.compare_digest(request.headers.get("authorization", "").encode(), wanted)
    return _from_here(request) and not any(name in request.headers for name in HANDED_ON)


def _from_here(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:  # a socket without addresses
        return False


class CountPages:
    """ASGI middleware: counts every answer by its route's pattern, never by the address asked for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._patterns: dict[int, str] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        status = int(HTTPStatus.INTERNAL_SERVER_ERROR)  # of an error that nobody here has caught

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self._count(scope, status)

    def _count(self, scope: Mapping[str, Any], status: int) -> None:
        if self._patterns is None:
            self._patterns = _patterns(scope["app"].routes)
        page = self._patterns.get(id(scope.get("endpoint")), OTHER)
        PAGES.labels(page, str(status)).inc()


def _patterns(routes: list[BaseRoute]) -> dict[int, str]:
    return {id(route.endpoint): route.path for route in routes if isinstance(route, Route)}
