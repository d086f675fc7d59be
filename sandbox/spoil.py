"""The answers of a fault, and the way a connection is cut.

To cut means that the client sees the connection end before one byte of an answer. An ASGI app cannot say
that, so the HTTP protocol of `sandbox.run` puts its asyncio transport into the state of each request, and
`Cut` aborts it. Where there is no such transport (a test client without a socket) a cut raises
ConnectionAbortedError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, Response

from sandbox import problems
from sandbox.problems import Refused

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.types import Receive, Scope, Send

    from sandbox.faults import Fault

OVERLOADED = (
    "<!DOCTYPE html><html><head><title>X / Over capacity</title></head>"
    "<body><h1>Something is technically wrong.</h1></body></html>"
)


class Cut(Response):
    """No answer: the connection is aborted."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 nothing is sent
        transport = scope.get("state", {}).get("transport")
        if transport is None:
            raise ConnectionAbortedError("the sandbox cut this connection")
        transport.abort()
        await receive()  # until the server has seen its client go, so that it misses no answer


def spoilt(fault: Fault, method: str, now: datetime) -> Response:
    """What the client gets instead of an answer; raises Refused for X's own error documents."""
    done = 201 if method == "POST" else 200
    if fault.kind in {"cut_before", "drop_answer_of"}:
        return Cut()
    if fault.kind == "html":
        return HTMLResponse(OVERLOADED, fault.status)
    if fault.kind == "garbage":
        return HTMLResponse(OVERLOADED, done)
    if fault.kind == "empty":
        return Response(b"", done, media_type="application/json")
    raise _refusal(fault, now)


def _refusal(fault: Fault, now: datetime) -> Refused:
    if fault.kind == "usage_capped":
        return problems.usage_capped()
    if fault.kind == "credits_depleted":
        return problems.credits_depleted()
    if fault.kind == "not_permitted":
        return problems.refused(403, problems.NOT_PERMITTED)
    if fault.kind == "rate_limited":
        return Refused(429, problems.blank(429), _used_up(fault, now) if fault.with_reset else {})
    return problems.refused(fault.status, fault.detail)


def _used_up(fault: Fault, now: datetime) -> dict[str, str]:
    reset = int(now.timestamp() + fault.seconds)
    return {"x-rate-limit-limit": "1", "x-rate-limit-remaining": "0", "x-rate-limit-reset": str(reset)}
