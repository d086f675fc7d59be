"""Names that one process of a machine has at a time."""

from __future__ import annotations

import socket
import sys


def hold(name: str) -> socket.socket | None:
    """Holds a name until what is returned is closed, or this process ends, however that ends: the kernel
    forgets it then. None where another process has it, whoever runs it and whatever /tmp it sees.

    It is that of an abstract socket (unix(7)): containers have a network each and see no other's. Where
    there are none, as on macOS, everybody gets every name.
    """
    sign = socket.socket(socket.AF_UNIX)
    try:
        if sys.platform == "linux":
            sign.bind(f"\0{name}")
    except OSError:
        sign.close()
        return None
    return sign
