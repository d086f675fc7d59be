"""Whether the shell finds our commands, and what to type where it does not."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

COMMANDS = ("honcho", "unroll")


def activation() -> str:
    """What goes before a command: nothing where the PATH leads to ours, else what activates their .venv."""
    activate = Path(sys.executable).parent / "activate"
    if all(shutil.which(command) for command in COMMANDS) or not activate.exists():
        return ""
    near = activate.is_relative_to(Path.cwd())
    return f". {shlex.quote(os.path.relpath(activate) if near else str(activate))} && "
