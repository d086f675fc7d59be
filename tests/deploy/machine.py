"""A machine for a test: systemd in namespaces, this clone in /opt/unroll, a local X and a broker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from sandbox.world import World
from tests.needs import require_broker, unavailable

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WITHIN_SECONDS = 150
NAMESPACES = ("--fork", "--pid", "--mount", "--net", "--cgroup", "--kill-child", "--mount-proc")
ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL")
SYSTEMD = Path("/lib/systemd/systemd")
BIN = "/opt/unroll/.venv/bin"
SCRIPTS = {"unroll": "bot.cli", "celery": "celery.__main__"}

ALONE = "[Unit]\nDefaultDependencies=no\n"
# A Python of one's own may stand in a home, which is not to be seen: hence its copy in /opt/python.
HERE_ONLY = """[Service]
Environment=PYTHONPATH=/opt/unroll:/opt/unroll/.venv/packages LD_LIBRARY_PATH=/opt/python/lib
StandardOutput=append:/run/test/log
StandardError=append:/run/test/log
"""
EMPTY = ("sysinit.target", "basic.target", "shutdown.target", "network-online.target")
BESIDE = {
    "sandbox": f"{BIN}/python -m sandbox --port 8001 --scenes --summon",
    "broker": f"{BIN}/python -m sandbox.broker --port 6379 --folder /run/broker",
    "story": f"{BIN}/python /opt/unroll/tests/deploy/story.py /run/test/plot.json /run/test/told.json",
}


def require_machine() -> None:
    require_broker()
    if os.geteuid() != 0 or not shutil.which("unshare") or not SYSTEMD.exists():
        unavailable("a systemd of one's own needs root, unshare and Debian's package systemd")
    if subprocess.run(["unshare", *NAMESPACES, "true"], capture_output=True, check=False).returncode:
        unavailable("this machine lends no namespaces, as within a container")


class Machine:
    """`units` is the folder that systemd reads; `run` starts what is wanted and waits for the story."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)
        self.folder, self.units = folder, folder / "units"
        self._make_venv(folder / "venv")
        for name in EMPTY:
            write(self.units / name, ALONE)
        for name, command in BESIDE.items():
            path = f"Environment=PATH={BIN}:/usr/bin:/bin"
            self.add(name, f"WorkingDirectory=/run/test\n{path}\nExecStart={command}\n")
        write(folder / "env", "".join(f"{name}={value}\n" for name, value in settings().items()))

    def add(self, name: str, service: str, *, after: str | None = None) -> None:
        """A service of the test's own, and which one it waits for."""
        needs = f"Requires={after}.service\nAfter={after}.service\n" if after else ""
        write(self.units / f"{name}.service", f"{ALONE}{needs}{HERE_ONLY}{service}")

    def run(self, *wanted: str, **plot: Any) -> dict[str, Any]:
        """What the story told. `plot` is what it needs to know."""
        beside = " ".join(f"{name}.service" for name in BESIDE)
        write(self.units / "test.target", f"{ALONE}Wants={beside} {' '.join(wanted)}\n")
        write(self.folder / "plot.json", json.dumps(plot))
        packages = Path(psycopg.__file__).parents[1]
        script = [HERE / "namespace.sh", ROOT, sys.base_prefix, packages, self.folder]
        with (self.folder / "systemd.log").open("wb") as said:
            machine = subprocess.Popen(
                [*ENDS_WITH_US, "unshare", *NAMESPACES, *script], stdout=said, stderr=said
            )
        try:
            self._wait(machine)
        finally:
            machine.kill()
            machine.wait()
        told: dict[str, Any] = json.loads((self.folder / "told.json").read_text("utf-8"))
        assert "never" not in told, f"never: {told['never']}\n{self.said()[-8000:]}"
        return told

    def said(self) -> str:
        logs = [self.folder / name for name in ("systemd.log", "log")]
        return "\n".join(log.read_text("utf-8") for log in logs if log.exists())

    def _wait(self, machine: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + WITHIN_SECONDS
        while not (self.folder / "told.json").exists():
            assert machine.poll() is None, self.said()[-8000:]
            assert time.monotonic() < end, self.said()[-8000:]
            time.sleep(0.1)

    def _make_venv(self, folder: Path) -> None:
        """A `.venv` for /opt/unroll of the packages that run this test."""
        write(folder / "pyvenv.cfg", "home = /opt/python/bin\ninclude-system-site-packages = false\n")
        python = Path(sys.executable).resolve().relative_to(sys.base_prefix)
        (folder / "bin").mkdir()
        (folder / "bin" / "python").symlink_to(Path("/opt/python") / python)
        (folder / "packages").mkdir()
        site = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
        write(site / "here.pth", "/opt/unroll/.venv/packages\n")  # for `python -I`, too
        for name, module in SCRIPTS.items():
            write(folder / "bin" / name, f"#!{BIN}/python\nfrom {module} import main\nmain()\n", 0o755)


def settings() -> dict[str, str]:
    """What leads a bot to the local X."""
    keys = World().credentials
    return {
        "X_API_URL": "http://127.0.0.1:8001",
        "X_CONSUMER_KEY": keys.consumer_key,
        "X_CONSUMER_SECRET": keys.consumer_secret,
        "X_ACCESS_TOKEN": keys.access_token,
        "X_ACCESS_TOKEN_SECRET": keys.access_token_secret,
        "X_BEARER_TOKEN": keys.bearer_token,
        "MEDIA_HOSTS": "127.0.0.1:8001",
        "POLL_INTERVAL_SECONDS": "1",
    }


def write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(mode)
