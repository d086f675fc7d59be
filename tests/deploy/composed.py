"""deploy/compose.yml as docker-compose reads it: anchors, settings and all."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.machine import ROOT
from tests.needs import unavailable

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
NEEDED = {"POSTGRES_PASSWORD": "heather", "FLOWER_BASIC_AUTH": "night:heather"}


def compose(folder: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Of a copy of deploy/, with an `.env` beside it. No engine is asked."""
    program = shutil.which("docker-compose")
    if program is None:
        unavailable("no docker-compose: install Debian's package of that name")
    shutil.copytree(ROOT / "deploy", folder / "deploy", dirs_exist_ok=True)
    lines = "".join(f"{name}={value}\n" for name, value in env.items())
    (folder / "deploy" / ".env").write_text(lines, "utf-8")
    words = [
        program,
        "--project-directory=deploy",
        "--env-file=deploy/.env",
        "-f",
        "deploy/compose.yml",
        *args,
    ]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def services(folder: Path) -> dict[str, dict[str, Any]]:
    done = compose(folder, "--profile=watch", "config", **NEEDED)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = yaml.safe_load(done.stdout)["services"]
    return found


def health_of_image() -> list[str]:
    """The command of the image's own health check."""
    [words] = re.findall(r"^HEALTHCHECK .*\\\n +CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)
    command: list[str] = yaml.safe_load(words)
    return command
