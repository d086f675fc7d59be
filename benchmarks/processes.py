"""Our own processes, started together and ended together, each with a log in the folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

STOPS_WITHIN = 30
MEGABYTE = 1_000_000


@contextmanager
def running(
    commands: Mapping[str, Sequence[str | Path]], env: dict[str, str], folder: Path
) -> Iterator[dict[str, psutil.Popen]]:
    """What they said last is shown where the block raises."""
    processes: dict[str, psutil.Popen] = {}
    try:
        for name, command in commands.items():
            with (folder / f"{name}.log").open("ab") as log:
                processes[name] = psutil.Popen(list(map(str, command)), env=env, stdout=log, stderr=log)
        yield processes
    except Exception:
        for name in commands:
            said = (folder / f"{name}.log").read_bytes()[-2000:].decode(errors="replace")
            sys.stderr.write(f"{name}: {said}\n")
        raise
    finally:
        for process in processes.values():
            process.terminate()
        psutil.wait_procs(list(processes.values()), timeout=STOPS_WITHIN)


def megabytes(process: psutil.Popen) -> float:
    """With its children."""
    family = [process, *process.children(recursive=True)]
    return sum(each.memory_info().rss for each in family) / MEGABYTE
