"""Prints the part of requirements.lock that a server needs: what pyproject.toml names as dependencies, what
it names for the extras given (`build`: what builds it), and what those need. The lock says of each package
who asked for it.

    python deploy/runtime_lock.py s3 > runtime.lock
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
US = "unroll-bot"
BLOCK = re.compile(r"^(?P<name>[\w.-]+)==.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
ASKED_BY = re.compile(r"^    #(?: via)? +([\w.-]+)", re.MULTILINE)
NAME = re.compile(r"[\w.-]+")


def runtime(lock: str, dependencies: list[str]) -> list[str]:
    """The blocks of the lock that the dependencies lead to, in its order; a package may have several."""
    blocks = [(match["name"], match[0]) for match in BLOCK.finditer(lock)]
    kept = {_normal(match[0]) for line in dependencies if (match := NAME.match(line))}
    while more := {name for name, block in blocks if name not in kept and kept & _askers(block)}:
        kept |= more
    return [block for name, block in blocks if name in kept]


def _askers(block: str) -> set[str]:
    return set(ASKED_BY.findall(block)) - {"via", US}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    extras = {**told["project"]["optional-dependencies"], "build": told["build-system"]["requires"]}
    wanted = [*told["project"]["dependencies"], *(line for name in sys.argv[1:] for line in extras[name])]
    print("".join(runtime(lock, wanted)), end="")  # noqa: T201 - a script for pipes


if __name__ == "__main__":
    main()
