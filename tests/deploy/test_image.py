"""The image by hadolint, and what goes into it. It is not built here: no engine is at hand."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.deploy.machine import ROOT
from tests.needs import unavailable

DOCKERFILE = ROOT / "deploy" / "Dockerfile"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_hadolint_has_nothing_to_say():
    program = Path(sys.executable).with_name("hadolint")
    if not program.exists():
        unavailable("no hadolint: make tools")
    done = subprocess.run([program, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_its_workers_choose_no_core_for_they_would_all_choose_the_same():
    assert re.search(r"^ENV (?:.*\\\n)*.*\bWORKER_CORE=any$", DOCKERFILE.read_text("utf-8"), re.MULTILINE)


def test_its_python_is_one_of_ours():
    versions = re.findall(r"^FROM python:([\d.]+)-slim-\w+", DOCKERFILE.read_text("utf-8"), re.MULTILINE)
    assert len(versions) == 2
    assert versions[0] == versions[1]
    assert f"{versions[0]}.0" in SpecifierSet(PROJECT["requires-python"])


def test_what_it_copies_is_not_ignored():
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let_in = {line[1:] for line in lines if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text("utf-8"), re.MULTILINE)
    named = {name for line in copied for name in line.split() if name not in {".", "./"}}
    assert {"pyproject.toml", "requirements.lock"} <= named <= let_in
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    for pattern in packages["find"]["include"]:
        assert any(fnmatch(name, pattern) for name in let_in), pattern
    assert all((ROOT / name).exists() for name in let_in)


def test_keys_and_databases_that_lie_beside_the_code_stay_out():
    """Whatever stands there goes into the wheel; of the lines that fit a name the last decides."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let_in = max(number for number, line in enumerate(lines) if line.startswith("!"))
    kept_out = [line.removeprefix("**/") for line in lines[let_in:] if line.startswith("**/")]
    for name in (".env", ".env.old", "unroll.db", "unroll.db-wal", "var"):
        assert any(fnmatch(name, pattern) for pattern in kept_out), name


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in {"", *extras})


@pytest.fixture(scope="module")
def closure() -> set[str]:
    found: set[str] = set()
    waiting = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["s3"]]
    while waiting:
        asked = Requirement(waiting.pop())
        name = canonicalize_name(asked.name)
        key = f"{name}[{','.join(sorted(asked.extras))}]"
        if key in found:
            continue
        found |= {key, name}
        for each in map(Requirement, requires(name) or ()):
            if _applies(each, asked.extras):
                each.marker = None
                waiting.append(str(each))
    return {name for name in found if "[" not in name}


def test_its_part_of_the_lock_has_all_that_is_needed_and_nothing_of_the_tests(closure):
    script = [sys.executable, ROOT / "deploy" / "runtime_lock.py", "s3", "build"]
    part = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    names = set(re.findall(r"^([\w.-]+)==", part, re.MULTILINE))
    assert len(closure) > 50
    assert closure - names == set()
    assert names & {"pytest", "mypy", "ruff", "playwright", "hypothesis", "fakeredis"} == set()
    assert "setuptools" in names
    assert part.count("--hash=sha256:") >= len(names)
