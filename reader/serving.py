"""The server that the site runs on."""

from __future__ import annotations

from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

# A reader who takes longer than this for an answer is hung up on when the site is told to end.
ENDS_WITHIN_SECONDS = 15

# Longer than a proxy keeps its connections (nginx and Kubernetes: a minute): whoever hangs up first on a
# connection without requests should be who sends them, or one may be sent just then.
IDLE_SECONDS = 75


def configured(app: str | Callable[[], Starlette], *, host: str = "127.0.0.1", port: int) -> uvicorn.Config:
    """For a factory of the site. Logs as this process does."""
    return uvicorn.Config(
        app,
        factory=True,
        host=host,
        port=port,
        http="reader.quick:QuickProtocol",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=ENDS_WITHIN_SECONDS,
    )


def serve(app: str, *, host: str = "127.0.0.1", port: int) -> None:
    """Serves what a factory makes, named as `module:name`, until SIGTERM or Ctrl-C."""
    uvicorn.Server(configured(app, host=host, port=port)).run()
