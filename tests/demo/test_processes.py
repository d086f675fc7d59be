"""The demo's processes by themselves, with small commands. Each runs in its own interpreter: it forks."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys, time
from pathlib import Path
from bot.cli.processes import Processes

def tell():
    time.sleep({patience})
    processes.terminate()

processes = Processes(sys.stdout, tell)
for number, command in enumerate({commands!r}):
    processes.add(f"p{{number}}", command, {{"PATH": "/usr/bin:/bin"}}, Path("/"))
processes.loop()
print("broke:", processes.broke)
"""


def run(*commands: str, patience: float = 60) -> str:
    """What was said until all had ended, sooner than `sleep 60` does by itself."""
    program = PROGRAM.format(commands=commands, patience=patience)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    ).stdout


def test_one_that_ends_takes_the_others_along_and_its_reason_is_told():
    said = run("sleep 60", "sh -c 'echo unroll: REDIS_URL: no answer; echo bye; exit 3'")

    assert "broke: p1 ended with status 3: unroll: REDIS_URL: no answer" in said


def test_a_command_that_is_not_there_is_named():
    assert "broke: p0 ended with status 127" in run("no-such-command")


def test_a_killed_one_is_started_again():
    said = run("sh -c 'echo here; kill -9 $$'", patience=2.5)

    assert said.count("here") >= 2
    assert "killed by signal 9: starting again" in said
    assert "broke: None" in said


def test_one_that_does_not_listen_is_killed():
    run("sh -c \"trap '' TERM; while :; do sleep 1; done\"", "sleep 60", patience=0.5)
