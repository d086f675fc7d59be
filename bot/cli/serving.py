"""`unroll web`."""

from __future__ import annotations

import signal
import socket
import sys

from bot.cli.opening import files_of
from bot.cli.ports import refused
from bot.settings import BadSettings, load
from reader.serving import serve


def serve_site(host: str, port: int) -> None:
    """Serves until SIGTERM or Ctrl-C. Raises BadSettings where it cannot, such as for an address in use."""
    _require_free(host, port)
    files_of(load())
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, _end)
    serve("reader.app:create", host=host, port=port)


def _end(_signal: int, _frame: object) -> None:
    """The server ends by itself when told so, and passes the signal on afterwards: that was no failure."""
    sys.exit()


def _require_free(host: str, port: int) -> None:
    """The server itself says it in two lines, and without the option's name."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        why = refused(error, port, of_the_procfile="WEB_PORT")
        raise BadSettings(f"--host {host} --port {port}: {why}") from None
