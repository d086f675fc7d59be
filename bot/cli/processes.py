"""The demo's processes: honcho, which here starts a killed process again and takes all along when it goes."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from honcho.environ import parse_procfile
from honcho.manager import KILL_WAIT, Manager
from honcho.printer import Message, Printer
from honcho.process import Process

RESTART_AFTER_SECONDS = 1.0
PROCFILE = Path(__file__).parents[2] / "Procfile"

# How our own commands begin the one line that says why they end.
LAST_WORDS = "unroll: "


def procfile_commands() -> Mapping[str, str]:
    """The commands of the Procfile, the same that run for real."""
    commands: Mapping[str, str] = parse_procfile(PROCFILE.read_text("utf-8")).processes
    return commands


class Processes(Manager):  # type: ignore[misc] # honcho has no types
    """Runs commands side by side until one ends by itself or `terminate` is called.

    `started` is called in a thread once all have been started. Output goes to `output`, line by line.
    The processes hold the reading end of a pipe: it closes when they shall end, and when we are gone.
    """

    def __init__(self, output: TextIO, started: Callable[[], None]) -> None:
        super().__init__(RememberingPrinter(output, colour=False))
        self._process_ctor = self._persistent
        self._started = started
        self._told, self._tell = os.pipe()
        self.stopping = False
        self.broke: str | None = None

    def add(self, name: str, command: str, env: Mapping[str, str], cwd: Path) -> None:
        """Adds a shell command that ends when this process does, however that ends."""
        self.add_process(name, f"exec {leash()}{command}", env=dict(env), cwd=str(cwd))

    def terminate(self) -> None:
        """Honcho calls this too, when a command ended by itself: `broke` then says which and why."""
        if self.stopping:
            return
        self.stopping = True
        ended = next((name for name, each in self._processes.items() if "returncode" in each), None)
        if ended is not None:
            status = self._processes[ended]["returncode"]
            self.broke = f"{ended} ended with status {status}: {self._printer.last.get(ended, 'no word')}"
        os.close(self._tell)

    def _persistent(self, *args: Any, **kwargs: Any) -> PersistentProcess:
        return PersistentProcess(*args, ends=(self._told, self._tell), **kwargs)

    def _start(self) -> None:
        super()._start()
        threading.Thread(target=self._started, daemon=True).start()


class PersistentProcess(Process):  # type: ignore[misc] # honcho has no types
    """A command that is started again when a signal that we did not send ends it."""

    def __init__(self, *args: Any, ends: tuple[int, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._told, self._tell = ends

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        if ignore_signals:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, _ignore)
        os.close(self._tell)
        self._events = events
        threading.Thread(target=self._end_when_told, daemon=True).start()
        while True:
            self._child = self._child_ctor(self.cmd, env=self.env, cwd=self.cwd)
            self._send_message({"pid": self._child.pid}, type="start")
            if self._is_told():
                self._signal(signal.SIGTERM)
            for line in iter(self._child.stdout.readline, b""):
                self._send_message(line)
            self._child.stdout.close()
            if self._child.wait() >= 0 or self._is_told():
                break
            self._send_message(f"killed by signal {-self._child.returncode}: starting again\n".encode())
            if self._is_told(within=RESTART_AFTER_SECONDS):
                break
        self._send_message({"returncode": self._child.returncode}, type="stop")

    def _is_told(self, within: float | None = 0) -> bool:
        return bool(select.select([self._told], [], [], within)[0])

    def _end_when_told(self) -> None:
        parent = os.getppid()
        self._is_told(within=None)
        self._signal(signal.SIGTERM)
        if os.getppid() != parent:  # nobody is left who would lose patience with a command that hangs
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(KILL_WAIT)
            self._signal(signal.SIGKILL)
            os._exit(1)

    def _signal(self, number: signal.Signals) -> None:
        """To the command's whole group, which is of its own making."""
        if self._child is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, number)


class RememberingPrinter(Printer):  # type: ignore[misc] # honcho has no types
    """Remembers what each process said last, and first of all why it ends."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.last: dict[str, str] = {}

    def write(self, message: Message) -> None:
        super().write(message)
        text = message.data if isinstance(message.data, str) else message.data.decode("utf-8", "replace")
        said = text.strip()
        if said and not self.last.get(message.name, "").startswith(LAST_WORDS):
            self.last[message.name] = said


def _ignore(_number: int, _frame: Any) -> None:
    """Unlike SIG_IGN, a handler of ours is not handed down to the command."""


def leash() -> str:
    """A prefix that ends a command with the process that watches it, where the system has one (Linux)."""
    return "setpriv --pdeathsig TERM " if sys.platform == "linux" and shutil.which("setpriv") else ""
