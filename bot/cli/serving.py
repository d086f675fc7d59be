"""`unroll web`."""

from __future__ import annotations

import socket

from granian import Granian
from granian.constants import Interfaces

from bot.cli.opening import files_of
from bot.settings import BadSettings, load

# A reader who takes longer than this for an answer is hung up on when the site is told to end.
ENDS_WITHIN_SECONDS = 15

# The server's own lines go where all our log lines go.
LOGGING = {
    "disable_existing_loggers": False,
    "handlers": {},
    "loggers": {"_granian": {"propagate": True}, "granian.access": {"propagate": True}},
}


def serve_site(host: str, port: int) -> None:
    """Serves until SIGTERM or Ctrl-C. Raises BadSettings where it cannot, such as for an address in use."""
    _require_free(host, port)
    files_of(load())
    Granian(
        "reader.app:create",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        factory=True,
        websockets=False,
        workers_kill_timeout=ENDS_WITHIN_SECONDS,
        log_dictconfig=LOGGING,
    ).serve()


def _require_free(host: str, port: int) -> None:
    """The server itself panics over an address that it cannot have."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise BadSettings(f"--host {host} --port {port}: {error.strerror}") from None
