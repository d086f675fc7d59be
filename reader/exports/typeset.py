"""Typst sets pages and pictures from our templates and somebody's words. The words are data: they reach the
template as JSON, and nothing of them is ever read as markup.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

TEMPLATES = Path(__file__).parent / "typst"
FONTS = ("fontpkg_source_serif_4", "manimgx_fonts", "manimgx_fonts_cjk")


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


def typeset(sheet: Sheet, folder: Path, *, seconds: float) -> Path:
    """Sets it in a process of its own, which sees this folder and its fonts and nothing else; the file.

    Raises NotSet, also when the time is over.
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
    }
    _run(json.dumps(wanted), seconds)
    return made


def _run(wanted: str, seconds: float) -> None:
    command = [sys.executable, "-I", str(TEMPLATES / "child.py")]
    try:
        done = subprocess.run(  # noqa: S603 - our own script, in our own Python
            command, input=wanted, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotSet("took too long") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise NotSet(said[-1][:500] if said else f"ended with {done.returncode}")


@cache
def fonts() -> tuple[Path, ...]:
    """Where the fonts that came with the packages lie; the system's own are looked at after them."""
    return tuple(Path(str(files(name))) for name in FONTS)
