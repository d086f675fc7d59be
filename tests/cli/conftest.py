from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from bot.cli import main
from sandbox.broker import free_port
from sandbox.run import serve
from sandbox.world import World

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str

    @property
    def document(self):
        """Standard output is one JSON document and nothing else."""
        return json.loads(self.out)

    @property
    def line(self) -> str:
        """Standard error is one line, without a traceback."""
        [line] = self.err.splitlines()
        return line


class Shell:
    """A terminal in a folder of its own, with the settings in its environment."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture, settings: dict[str, str]) -> None:
        self.folder = folder
        self.capture = capture
        self.settings = settings

    def run(self, *command: str, timeout: float = 30, **settings: str | None) -> Said:
        done = subprocess.run(
            [BIN / command[0], *command[1:]],
            cwd=self.folder,
            env=self._env(settings),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    def unroll(self, *args: str, **settings: str | None) -> Said:
        """The same in this process, by the entry point of the command: an interpreter takes a second."""
        self.capture.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", ["unroll", *args])
            for name, value in {**self._env({}), **settings}.items():
                patch.delenv(name, raising=False) if value is None else patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main()
        said = self.capture.readouterr()
        return Said(ended.value.code, said.out, said.err)

    @contextmanager
    def running(self, *command: str, **settings: str | None) -> Iterator[Running]:
        with (self.folder / f"log-{time.monotonic_ns()}").open("w+") as log:
            process = subprocess.Popen(
                [BIN / command[0], *command[1:]],
                cwd=self.folder,
                env=self._env(settings),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
            started = Running(process, Path(log.name))
            try:
                yield started
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)  # with the children that hold its output
                process.communicate()

    def _env(self, changed: dict[str, str | None]) -> dict[str, str]:
        env = {**os.environ, "LOG_FORMAT": "json", **self.settings, **changed}
        return {name: value for name, value in env.items() if value is not None}


@dataclass
class Running:
    process: subprocess.Popen
    log: Path

    def until_said(self, words: str, seconds: float = 20) -> None:
        self.until(lambda: words in self.log.read_text(), seconds)

    def until(self, done: Callable[[], object], seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while not done():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)

    def end(self, seconds: float = 10) -> tuple[int, str]:
        """Told to end as a service manager does it: its status, and what it said on standard output."""
        self.process.terminate()
        out, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode, out


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """Commands set up the logging of their process, which here is ours."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # the sandbox runs in this process, too
    yield
    logging.getLogger("uvicorn").setLevel(logging.NOTSET)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def nobody() -> str:
    """A port where nobody listens."""
    return str(free_port())


@pytest.fixture
def shell(world, nobody, tmp_path, capfd) -> Iterator[Shell]:
    """With every setting it takes, and no broker: the rows in the database are enough for most commands."""
    keys = world.credentials
    with serve(world) as served:
        yield Shell(
            tmp_path,
            capfd,
            {
                "X_API_URL": served.url,
                "X_CONSUMER_KEY": keys.consumer_key,
                "X_CONSUMER_SECRET": keys.consumer_secret,
                "X_ACCESS_TOKEN": keys.access_token,
                "X_ACCESS_TOKEN_SECRET": keys.access_token_secret,
                "X_BEARER_TOKEN": keys.bearer_token,
                "MEDIA_HOSTS": served.url.split("//")[1],
                "REDIS_URL": f"redis://127.0.0.1:{nobody}/0",
                "PUBLIC_URL": "https://reader.example",
            },
        )


@pytest.fixture
def thread(world):
    texts = [f"Part {n} of what I learned about lighthouses." for n in range(1, 5)]
    return world.thread(world.author("ada", name="Ada Quill"), texts, ago=timedelta(hours=2))
