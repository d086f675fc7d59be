"""A clone that was pulled, and a .venv that was not brought up to date."""

from __future__ import annotations

import pytest

from bot import outdated
from bot.cli.doctor import libraries

LACKING = """
import sys

class Lacks:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == {name!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Lacks())
"""


@pytest.fixture
def lacking(shell, tmp_path):
    """A command in a .venv without one library."""

    def run(library: str, *command: str):
        (tmp_path / "without").mkdir()
        (tmp_path / "without" / "sitecustomize.py").write_text(LACKING.format(name=library))
        return shell.run(*command, PYTHONPATH=str(tmp_path / "without"))

    return run


@pytest.mark.parametrize(
    ("library", "command"),
    [
        ("structlog", ("unroll", "doctor")),
        ("httptools", ("unroll", "web", "--port", "1")),  # asked for when the server starts
        ("tweepy", ("celery", "-A", "workers.app", "worker")),
        ("jinja2", ("celery", "-A", "workers.app", "worker")),  # asked for by its tasks
        ("tweepy", ("celery", "-A", "workers.app", "flower")),
    ],
)
def test_a_library_that_lacks_is_one_line_that_says_what_to_run(lacking, nobody, library, command):
    said = lacking(library, *(nobody if word == "1" else word for word in command))
    assert (said.status, said.out) == (1, "")
    assert said.line == (
        f"unroll: no module named {library}: this .venv is older than requirements.lock: run `make upgrade`"
    )


def test_the_doctor_compares_what_is_installed_with_the_lock():
    lock = outdated.LOCK.read_text("utf-8")
    assert libraries(lock) == "those of requirements.lock"
    more = "nothing-there==1.2 \\\n    --hash=sha256:0\nelsewhere==1 ; sys_platform == 'win32' \\\n"
    found = libraries(f"{lock}\n{more}".replace("\nhttptools==", "\nhttptools==99."))
    assert found.level == "problem"
    assert "httptools " in found.said
    assert found.said.endswith(", nothing-there missing instead of 1.2")
    assert found.mend == "run `make upgrade`"
