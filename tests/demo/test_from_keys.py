"""From an empty folder to a reply: the keys typed in at a terminal, the Procfile, a mention."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from sandbox import broker
from sandbox.broker import free_port
from sandbox.run import serve
from sandbox.world import World
from tests.needs import require_broker

BIN = Path(sys.executable).parent
PROCFILE = Path(__file__).parents[2] / "Procfile"
WITHIN_SECONDS = 45


def typed_into(command: list[str], lines: list[str], *, cwd: Path, env: dict[str, str]) -> str:
    """What somebody sees who types these lines, each when the command asks for it, at a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["setsid", "--ctty", "--wait", *command], cwd=cwd, env=env, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        seen, waiting = b"", list(lines)
        with suppress(OSError):  # Linux says so where the other end is closed
            while more := os.read(ours, 4096):
                seen += more
                if waiting and seen.endswith(b": "):
                    time.sleep(0.1)  # getpass throws away what is typed before it has asked
                    os.write(ours, f"{waiting.pop(0)}\n".encode())
        os.close(ours)
        assert process.wait(10) == 0, seen.decode()
    return seen.decode()


@contextmanager
def running(cwd: Path, env: dict[str, str]) -> Iterator[Path]:
    said = cwd / "honcho.log"
    with said.open("wb") as log:
        process = subprocess.Popen([BIN / "honcho", "start"], cwd=cwd, env=env, stdout=log, stderr=log)
    try:
        yield said
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def until(there, said: Path):
    end = time.monotonic() + WITHIN_SECONDS
    while not (found := there()):
        assert time.monotonic() < end, said.read_text()
        time.sleep(0.1)
    return found


def opened(address: str) -> str | None:
    with requests.Session() as browser:
        browser.trust_env = False
        try:
            return browser.get(address, timeout=10).text
        except requests.ConnectionError:  # the site is still on its way up
            return None


@pytest.mark.broker
def test_keys_typed_in_then_the_procfile_then_a_mention(tmp_path):
    require_broker()
    world, site = World(), free_port()
    thread = world.thread("ada", ["Lamps need oil.", "And somebody awake."], ago=timedelta(hours=2))
    keys = world.credentials
    folder = tmp_path / "fresh"
    folder.mkdir()
    outside = {name: value for name, value in os.environ.items() if name in {"HOME", "LANG", "TMPDIR"}}
    with serve(world) as served, broker.serve(tmp_path / "broker") as redis:
        env = {
            **outside,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "X_API_URL": served.url,
            "MEDIA_HOSTS": served.url.removeprefix("http://"),
            "POLL_INTERVAL_SECONDS": "0.5",
            "PYTHONWARNINGS": "ignore",  # Celery's, where the tests run as root
            **{f"{name}_PORT": str(free_port()) for name in ("FLOWER", "POLLER_METRICS", "WORKER_METRICS")},
            "WEB_PORT": str(site),
        }
        secrets = [keys.consumer_key, keys.consumer_secret, keys.access_token, keys.access_token_secret]
        answers = [*secrets, keys.bearer_token, f"http://127.0.0.1:{site}", "", redis, "", "3"]
        seen = typed_into(["unroll", "setup"], answers, cwd=folder, env=env)
        assert "honcho start" in seen
        assert not any(secret in seen for secret in (*secrets, keys.bearer_token))

        shutil.copy(PROCFILE, folder)
        with running(folder, env) as said:
            mention = world.mention("asker", under=thread[1])
            address = f"http://127.0.0.1:{site}/thread/{thread[0].id}"
            [reply] = until(lambda: world.replies_to(mention), said)
            assert address in reply.raw
            page = until(lambda: opened(address), said)
    assert "Lamps need oil." in page
    assert "And somebody awake." in page
