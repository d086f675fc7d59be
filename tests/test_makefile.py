"""What `make` does in a clone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.store import schema
from bot.store.database import Database

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


@pytest.fixture
def clone(tmp_path):
    """What `make upgrade` looks at. Its Python only writes down what it is asked to install."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    commands = tmp_path / ".venv" / "bin"
    commands.mkdir(parents=True)
    (commands / "unroll").symlink_to(BIN / "unroll")
    (commands / "python").write_text('#!/bin/sh\necho "$@" >>asked\n')
    (commands / "python").chmod(0o755)
    return tmp_path


def upgraded(clone: Path) -> str:
    env = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["make", "upgrade"], cwd=clone, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_an_upgrade_brings_libraries_and_schema_up_to_date_and_says_what_is_next(clone):
    (clone / ".env").write_text("DATABASE_URL=sqlite:///here.db\n")
    said = upgraded(clone)
    assert "-r requirements.lock" in (clone / "asked").read_text()
    assert f"schema empty -> {schema.newest()}" in said
    assert said.splitlines()[-1].startswith("Next: start the processes anew")
    database = Database(f"sqlite:///{clone}/here.db")
    assert schema.current(database) == schema.newest()
    database.dispose()

    (clone / "asked").unlink()
    assert f"schema {schema.newest()} -> {schema.newest()}" in upgraded(clone)
    assert not (clone / "asked").exists(), "the libraries are those of the lock"
    os.utime(clone / "requirements.lock")
    upgraded(clone)
    assert (clone / "asked").exists(), "the lock is newer"


def test_an_upgrade_without_a_bot_makes_no_database(clone):
    assert f"run {clone}/.venv/bin/unroll db upgrade where it is" in upgraded(clone)
    assert not (clone / "var").exists()


def test_what_could_not_be_installed_is_tried_again_the_next_time(clone):
    (clone / ".venv" / "bin" / "python").write_text('#!/bin/sh\ncase "$*" in *install*) exit 3; esac\n')
    for _ in range(2):
        done = subprocess.run(["make", "upgrade"], cwd=clone, capture_output=True, timeout=60, check=False)
        assert done.returncode != 0
        assert not (clone / ".venv" / ".ready").exists()
