"""The units as they stand, run by a real systemd in namespaces of its own: the whole bot, shut in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from sandbox.world import World
from tests.needs import require_broker, unavailable

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WITHIN_SECONDS = 150
NAMESPACES = ("--fork", "--pid", "--mount", "--net", "--cgroup", "--kill-child", "--mount-proc")
PYTHON = "/opt/unroll/.venv/bin/python"

# What the units lean on, in a house where nothing else is to be started.
EMPTY = ("sysinit.target", "basic.target", "shutdown.target", "network-online.target")
BESIDE = {
    "sandbox": f"{PYTHON} -m sandbox --port 8001 --scenes --summon",
    "broker": f"{PYTHON} -m sandbox.broker --port 6379 --folder /run/broker",
    "story": f"{PYTHON} /opt/unroll/tests/deploy/story.py /run/test/told.json",
}
SCRIPTS = {"unroll": "bot.cli", "celery": "celery.__main__"}


def require_namespaces():
    if os.geteuid() != 0 or not shutil.which("unshare") or not Path("/lib/systemd/systemd").exists():
        unavailable("a systemd of one's own needs root, unshare and Debian's package systemd")
    if subprocess.run(["unshare", *NAMESPACES, "true"], capture_output=True, check=False).returncode:
        unavailable("this machine lends no namespaces, as within a container")


def write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(mode)


def make_venv(folder: Path) -> None:
    """A `.venv` for /opt/unroll of the packages that run this test."""
    write(folder / "pyvenv.cfg", "home = /opt/python/bin\ninclude-system-site-packages = false\n")
    python = Path(sys.executable).resolve().relative_to(sys.base_prefix)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(Path("/opt/python") / python)
    (folder / "packages").mkdir()
    for name, module in SCRIPTS.items():
        write(folder / "bin" / name, f"#!{PYTHON}\nfrom {module} import main\nmain()\n", 0o755)


def make_units(folder: Path) -> None:
    """Ours as they stand, and the few that they lean on."""
    shutil.copytree(ROOT / "deploy" / "systemd", folder)
    alone = "[Unit]\nDefaultDependencies=no\n"
    for name in EMPTY:
        write(folder / name, alone)
    beside = " ".join(f"{name}.service" for name in BESIDE)
    write(folder / "test.target", f"{alone}Wants=unroll.target {beside}\n")
    here = "[Service]\nEnvironment=PYTHONPATH=/opt/unroll:/opt/unroll/.venv/packages\n"
    here += "Environment=LD_LIBRARY_PATH=/opt/python/lib\n"  # a Python of one's own may stand in a home
    here += "StandardOutput=append:/run/test/log\nStandardError=append:/run/test/log\n"
    for name, command in BESIDE.items():
        write(folder / f"{name}.service", f"{alone}{here}WorkingDirectory=/run/test\nExecStart={command}\n")
    write(folder / "unroll-.service.d" / "test.conf", here)


@pytest.fixture
def folder(tmp_path) -> Path:
    tmp_path.chmod(0o755)
    make_venv(tmp_path / "venv")
    make_units(tmp_path / "units")
    keys = World().credentials
    told = {
        "X_API_URL": "http://127.0.0.1:8001",
        "X_CONSUMER_KEY": keys.consumer_key,
        "X_CONSUMER_SECRET": keys.consumer_secret,
        "X_ACCESS_TOKEN": keys.access_token,
        "X_ACCESS_TOKEN_SECRET": keys.access_token_secret,
        "X_BEARER_TOKEN": keys.bearer_token,
        "MEDIA_HOSTS": "127.0.0.1:8001",
        "POLL_INTERVAL_SECONDS": "1",
    }
    write(tmp_path / "env", "".join(f"{name}={value}\n" for name, value in told.items()))
    return tmp_path


@pytest.mark.broker
@pytest.mark.timeout(WITHIN_SECONDS + 30)
def test_the_whole_bot_answers_from_within_its_units_and_stops_with_them(folder):
    require_broker()
    require_namespaces()
    packages = Path(psycopg.__file__).parents[1]
    script = [HERE / "namespace.sh", ROOT, sys.base_prefix, packages, folder]
    log, told = folder / "log", folder / "told.json"
    with (folder / "systemd.log").open("wb") as said:
        machine = subprocess.Popen(["unshare", *NAMESPACES, *script], stdout=said, stderr=said)
    try:
        end = time.monotonic() + WITHIN_SECONDS
        while not told.exists():
            words = (folder / "systemd.log").read_text() + (log.read_text() if log.exists() else "")
            assert machine.poll() is None, words[-8000:]
            assert time.monotonic() < end, words[-8000:]
            time.sleep(0.1)
    finally:
        machine.kill()
        machine.wait()

    story = json.loads(told.read_text())
    assert len(story["replies"]) > 5
    served = [line for line in log.read_text().splitlines() if "metrics.served" in line]
    assert [json.loads(line)["event"] for line in served] == ["metrics.served"] * 2
    assert story["served"] == [200, 200]
    units = [(told["Result"], told["NRestarts"], told["ActiveState"]) for told in story["working"].values()]
    assert units == [("success", "0", "active")] * 4
    units = [(told["Result"], told["NRestarts"], told["ActiveState"]) for told in story["stopped"].values()]
    assert units == [("success", "0", "inactive")] * 4
