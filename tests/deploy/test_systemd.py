"""The units, by systemd's own judges: well formed, and open to nothing that they do not need."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.needs import unavailable

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy" / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))

# systemd rates exposure from 0 to 10, told here in tenths; below 2 is "OK" in its own words.
EXPOSURE = "15"


def analyze(*args, folder):
    program = shutil.which("systemd-analyze")
    if program is None:
        unavailable("no systemd-analyze: install Debian's package systemd")
    return subprocess.run(
        [program, *args], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def units(tmp_path) -> Path:
    """The units as if this clone were the one in /opt/unroll."""
    shutil.copytree(UNITS, tmp_path, dirs_exist_ok=True)
    for unit in tmp_path.glob("*.service"):
        unit.write_text(unit.read_text("utf-8").replace("/opt/unroll", str(ROOT)), "utf-8")
    return tmp_path


def test_every_unit_is_well_formed_and_its_command_is_there(units):
    done = analyze("verify", "./unroll.target", *(f"./{name}" for name in SERVICES), folder=units)
    told = [line for line in done.stderr.splitlines() if "unroll" in line]
    assert (done.returncode, told) == (0, [])


@pytest.mark.parametrize("name", SERVICES)
def test_no_unit_is_open_to_what_it_does_not_need(units, name):
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", f"./{name}", folder=units)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_target_starts_what_the_procfile_starts():
    wanted = (UNITS / "unroll.target").read_text("utf-8")
    wanted = next(line for line in wanted.splitlines() if line.startswith("Wants=")).removeprefix("Wants=")
    started = {name.removeprefix("unroll-").partition("@")[0].partition(".")[0] for name in wanted.split()}
    procfile = (ROOT / "Procfile").read_text("utf-8").splitlines()
    assert started == {line.partition(":")[0].replace("web", "site") for line in procfile}
