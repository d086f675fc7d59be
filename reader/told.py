"""What X tells by webhook: the challenge answered, an event verified and written down as it is.

    small? -> signed? -> an event we wait for? -> a row, once -> 200

The poller takes it from there. Where the row cannot be written X gets an error and tells it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot import metrics
from bot.rules.events import Unreadable, is_challenge, is_signed, is_stale, read, signed
from bot.rules.push import PATH
from reader.ports import Settings
from reader.site import Site

log = structlog.get_logger()

# A post with the people in it is a few thousand bytes; forty long posts would be under this.
MAX_BYTES = 512 * 1024

# The header, and the secret of the app that it is made with: where there are both, X says to trust the first.
SIGNATURES = (
    ("x-twitter-webhooks-signature-oauth2", "x_client_secret"),
    ("x-twitter-webhooks-signature", "x_consumer_secret"),
)


def routes(site: Site, settings: Settings) -> list[BaseRoute]:
    """None for a site that does not know the app's secret: it could not tell X from anybody else."""
    named = ((header, getattr(settings, name)) for header, name in SIGNATURES)
    secrets = {header: secret.get_secret_value() for header, secret in named if secret}
    if not secrets:
        return []
    told = Told(site, secrets)
    return [
        Route(PATH, told.challenge, methods=["GET"]),
        Route(PATH, told.event, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class Told:
    """`secrets` by the header that a signature made with them stands in, the one to prefer first."""

    site: Site
    secrets: Mapping[str, str]

    def challenge(self, request: Request) -> Response:
        """X asks whether this is the app's own address: at once when it is registered, then every day."""
        token = request.query_params.get("crc_token", "")
        if not is_challenge(token):
            return _said(400, "no challenge of X's")
        secret = next(iter(self.secrets.values()))
        return JSONResponse({"response_token": signed(secret, token.encode())}, headers=_NEVER_KEPT)

    async def event(self, request: Request) -> Response:
        body = await _body(request)
        if not self._by_x(request, body):
            return _counted("unsigned", 403)
        try:
            event = read(body)
        except Unreadable as why:
            log.warning("event.unreadable", way="webhook", size=len(body), why=str(why))
            return _counted("unreadable")  # a 400 would have X say the same again
        if event is None:
            return _counted("ignored")
        now = self.site.clock()
        if is_stale(event, now):
            return _counted("stale")
        new = await run_in_threadpool(self.site.store.events.keep, event, way="webhook", now=now)
        return _counted("new" if new else "repeated")

    def _by_x(self, request: Request, body: bytes) -> bool:
        """By the first signature there is whose secret we know."""
        sent = ((request.headers.get(header), secret) for header, secret in self.secrets.items())
        signature, secret = next(((told, secret) for told, secret in sent if told is not None), ("", ""))
        return bool(signature) and is_signed(secret, body, signature)


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            raise HTTPException(413)
    return body


_NEVER_KEPT = {"Cache-Control": "no-store"}


def _counted(outcome: str, status: int = 200) -> Response:
    metrics.EVENTS.labels("webhook", outcome).inc()
    return _said(status, outcome)


def _said(status: int, word: str) -> Response:
    return JSONResponse({"said": word}, status, _NEVER_KEPT)
