"""The demo's processes: honcho, which here starts a killed process again and takes all along when it goes."""

from __future__ import annotations

import ctypes
import multiprocessing
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, TextIO

from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.printer import Printer
from honcho.process import Process

PR_SET_PDEATHSIG = 1  # prctl(2)
RESTART_AFTER_SECONDS = 1.0
PROCFILE = Path(__file__).parents[2] / "Procfile"


def procfile_commands() -> Mapping[str, str]:
    """The commands of the Procfile, the same that run for real."""
    commands: Mapping[str, str] = parse_procfile(PROCFILE.read_text()).processes
    return commands


class PersistentProcess(Process):  # type: ignore[misc] # honcho has no types
    """A process that is started again when a signal that we did not send ends it."""

    def __init__(self, *args: Any, stopping: Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stopping = stopping

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        _die_with_parent()
        if ignore_signals:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
        self._events = events
        while True:
            child = self._child_ctor(self.cmd, env=self.env, cwd=self.cwd)
            self._send_message({"pid": child.pid}, type="start")
            for line in iter(child.stdout.readline, b""):
                self._send_message(line)
            child.stdout.close()
            if child.wait() >= 0 or self._stopping.is_set():
                break
            self._send_message(f"killed by signal {-child.returncode}: starting again\n".encode())
            time.sleep(RESTART_AFTER_SECONDS)
        self._send_message({"returncode": child.returncode}, type="stop")


class Processes(Manager):  # type: ignore[misc] # honcho has no types
    """Runs commands side by side until one ends by itself or `terminate` is called.

    `started` is called in a thread once all have been started. Output goes to `output`, line by line.
    """

    def __init__(self, output: TextIO, started: Callable[[], None]) -> None:
        super().__init__(Printer(output, colour=False))
        self._stopping = multiprocessing.Event()
        self._process_ctor = self._persistent
        self._started = started

    def add(self, name: str, command: str, env: Mapping[str, str], cwd: Path) -> None:
        """Adds a shell command that is told to end when this process does, however that ends."""
        self.add_process(name, f"exec {leash()}{command}", env=dict(env), cwd=str(cwd))

    def terminate(self) -> None:
        self._stopping.set()
        super().terminate()

    def _persistent(self, *args: Any, **kwargs: Any) -> PersistentProcess:
        return PersistentProcess(*args, stopping=self._stopping, **kwargs)

    def _start(self) -> None:
        super()._start()
        threading.Thread(target=self._started, daemon=True).start()


def leash() -> str:
    """A prefix that ends a command with its parent, where the system has one (Linux)."""
    return "setpriv --pdeathsig TERM " if sys.platform == "linux" and shutil.which("setpriv") else ""


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
