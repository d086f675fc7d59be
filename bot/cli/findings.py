"""What a check finds, and how bad it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bot.errors import UnrollError
from bot.settings import BadSettings

Level = Literal["ok", "warning", "problem"]
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """`said` is what there is, `mend` what to do about it; a warning is for tomorrow, a problem for now."""

    said: str
    level: Level = "ok"
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    level: Level
    said: str
    mend: str = ""

    @property
    def ok(self) -> bool:
        return self.level != "problem"

    def document(self) -> dict[str, Any]:
        return {"name": self.name, "ok": self.ok, **asdict(self)}


def warning(said: str, mend: str) -> Finding:
    return Finding(said, "warning", mend)


def problem(said: str, mend: str) -> Finding:
    return Finding(said, "problem", mend)


def check(name: str, look: Callable[[], Finding | str]) -> Check:
    """What `look` finds; whatever it raises is a problem of this name, and stops no other check."""
    try:
        found = look()
    except (BadSettings, UnrollError) as error:
        found = problem(str(error), "")
    except Exception as error:  # noqa: BLE001 - whatever is broken, say which part it is
        words = (str(error).splitlines() or [""])[0][:LONGEST]
        found = problem(f"{type(error).__name__}: {words}", "")
    finding = Finding(found) if isinstance(found, str) else found
    return Check(name, finding.level, finding.said, finding.mend)
