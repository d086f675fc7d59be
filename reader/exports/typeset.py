"""Typst sets pages and pictures from our templates and somebody's words. The words are data: they reach the
template as JSON, and nothing of them is ever read as markup.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

TEMPLATES = Path(__file__).parent / "typst"
FONTS = ("fontpkg_source_serif_4", "manimgx_fonts", "manimgx_fonts_cjk")

# So often, in seconds, it is looked whether the process that waits is to end.
LOOKS_EVERY = 0.5


class NotSet(Exception):  # noqa: N818 - reads as what it says
    """The document could not be set; the last line of what Typst said."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What to set, and as what. `ppi` matters to pictures only."""

    template: str
    kind: Literal["pdf", "png"]
    data: Mapping[str, Any]
    made: datetime
    ppi: float = 144.0


def never() -> bool:
    return False


def typeset(
    sheet: Sheet,
    folder: Path,
    *,
    seconds: float,
    stopped: Callable[[], bool] = never,
    cores: frozenset[int] = frozenset(),
) -> Path:
    """Sets it in a process of its own, which sees this folder and its fonts and nothing else; the file. That
    process may use these cores, or those of this one.

    Raises NotSet, also when the time is over, or `stopped` says that nobody is to wait any more.
    """
    made = folder / f"{Path(sheet.template).stem}.{sheet.kind}"
    (folder / "data.json").write_text(json.dumps(sheet.data), encoding="utf-8")
    for part in ("common.typ", sheet.template):
        shutil.copy(TEMPLATES / part, folder / part)
    wanted = {
        "folder": str(folder),
        "template": sheet.template,
        "output": made.name,
        "format": sheet.kind,
        "ppi": sheet.ppi,
        "fonts": [str(each) for each in fonts()],
        "timestamp": int(sheet.made.timestamp()),
        "cores": sorted(cores),
    }
    _run(json.dumps(wanted), seconds, stopped)
    return made


def _run(wanted: str, seconds: float, stopped: Callable[[], bool]) -> None:
    command = [sys.executable, "-I", str(TEMPLATES / "child.py")]
    pipe, end = subprocess.PIPE, time.monotonic() + seconds
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as child:  # noqa: S603
        try:
            said = _said(child, wanted, lambda: stopped() or time.monotonic() > end)
        finally:
            child.kill()
    if said is None:
        raise NotSet("shutting down" if stopped() else "took too long")
    if child.returncode != 0:
        lines = said.strip().splitlines()
        raise NotSet(lines[-1][:500] if lines else f"ended with {child.returncode}")


def _said(child: subprocess.Popen[str], wanted: str, over: Callable[[], bool]) -> str | None:
    """What it complained of when it has ended; None where that was not awaited."""
    told: str | None = wanted
    while not over():
        with suppress(subprocess.TimeoutExpired):
            return child.communicate(told, timeout=LOOKS_EVERY)[1]
        told = None
    return None


@cache
def fonts() -> tuple[Path, ...]:
    """Where the fonts that came with the packages lie; the system's own are looked at after them."""
    return tuple(Path(str(files(name))) for name in FONTS)
