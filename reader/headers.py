"""What every answer says to the browser: only our own files run, nothing is framed, nobody else is asked."""

from __future__ import annotations

from collections.abc import Mapping

import secure
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A year; whoever has met the site over TLS does not come back without it.
HSTS_SECONDS = 31_536_000

POLICY = (
    secure.ContentSecurityPolicy()
    .default_src("'none'")
    .script_src("'self'")
    .img_src("'self'")
    .style_src("'self'")
    .font_src("'self'")
    .media_src("'self'")
    .form_action("'self'")
    .base_uri("'none'")
    .frame_ancestors("'none'")
)


def always(public_url: str) -> Mapping[str, str]:
    """The headers of every answer. Strict transport only where the site is reached over TLS, and only for
    its own name: what else stands under the domain is not ours to lock.
    """
    encrypted = public_url.startswith("https://")
    return secure.Secure(
        csp=POLICY,
        referrer=secure.ReferrerPolicy().no_referrer(),
        xcto=secure.XContentTypeOptions().nosniff(),
        coop=secure.CrossOriginOpenerPolicy().same_origin(),
        corp=secure.CrossOriginResourcePolicy().same_origin(),
        permissions=secure.PermissionsPolicy().camera().geolocation().microphone().payment().usb(),
        xfo=secure.XFrameOptions().deny(),
        hsts=secure.StrictTransportSecurity().max_age(HSTS_SECONDS) if encrypted else None,
    ).headers


class SecurityHeaders:
    """ASGI middleware; an answer's own header wins."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded)
