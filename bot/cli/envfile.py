"""`.env`: written so that everybody who reads it reads the same, and only its owner does."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from dotenv import dotenv_values, set_key
from honcho.environ import parse as honchos_values

OURS = 0o600
BEGINNING = "# Written by `unroll setup`. deploy/env.example tells of every setting.\n\n"

# What no reader takes for more than it is, without quotation marks; and what single ones do not hold.
PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
TELLING = {"'", "\\"}


class CannotKeep(ValueError):  # noqa: N818 - reads as what it says
    """One line that says what to do about it; it does not tell the value."""


def values_in(file: Path) -> dict[str, str]:
    """As pydantic-settings reads them, without the empty ones; none where there is no file."""
    return {name: value for name, value in dotenv_values(file, encoding="utf-8").items() if value}


def write(file: Path, changes: Mapping[str, str]) -> None:
    """Sets the values in the file and leaves its other lines as they are: all of them, or nothing is changed.

    Raises CannotKeep, and OSError.
    """
    lines = {name: quoted(value) for name, value in changes.items()}
    file = file.resolve()  # a link stays one
    with TemporaryDirectory(prefix=".env-", dir=file.parent) as folder:
        made = Path(folder) / "env"
        os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OURS))
        made.write_bytes(file.read_bytes() if file.exists() else BEGINNING.encode())
        for name, value in lines.items():
            set_key(made, name, value, quote_mode="never")
        made.replace(file)


def quoted(value: str) -> str:
    """A value as it stands in the file, so that python-dotenv and honcho both read it back. Honcho hands
    what it reads down to the processes that it starts.
    """
    way = value if PLAIN.fullmatch(value) else _in_marks(value)
    line = f"VALUE={way}"
    if value.isprintable() and _told(line) == [{"VALUE": value}] * 2:
        return way
    raise CannotKeep(
        r"a value in .env holds no line break, no ${...} and no \n or \t: write it in another way"
    )


def _in_marks(value: str) -> str:
    if not TELLING & set(value):
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _told(line: str) -> list[dict[str, str | None]]:
    return [dict(dotenv_values(stream=StringIO(line))), dict(honchos_values(line))]
