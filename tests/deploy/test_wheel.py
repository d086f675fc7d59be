"""What is installed is all of it: a wheel has every file that the sources have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from shutil import copyfile
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot/", "workers/", "reader/", "sandbox/")


@pytest.fixture
def sources(tmp_path) -> Path:
    """A copy of what git knows, for a build leaves files behind."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if name.startswith(PACKAGES) or "/" not in name:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def test_a_wheel_has_every_file_of_the_packages(sources):
    build = [sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps", "--no-build-isolation", "."]
    subprocess.run(build, cwd=sources, check=True, timeout=100)
    with ZipFile(next(sources.glob("*.whl"))) as wheel:
        packed = set(wheel.namelist())

    ours = {path.relative_to(sources).as_posix() for path in sources.rglob("*") if path.is_file()}
    ours = {name for name in ours if name.startswith(PACKAGES)}
    assert len(ours) > 100
    assert ours - packed == set()
