"""What to say where a port cannot be had."""

from __future__ import annotations

import errno
import os

LAST = 65535


def refused(error: OSError, port: int, *, of_the_procfile: str | None = None) -> str:
    """The system's words, and where the port is taken another one to try: by the option, or by what the
    Procfile takes it from where honcho has started us.
    """
    if error.errno != errno.EADDRINUSE:
        return str(error.strerror)
    taken = os.strerror(errno.EADDRINUSE)  # without what Python adds
    other = port + 1 if port < LAST else port - 1
    if of_the_procfile and "HONCHO_PROCESS_NAME" in os.environ:
        return f"{taken}; set {of_the_procfile}, such as {of_the_procfile}={other} in .env"
    return f"{taken}; try another, such as --port {other}"
