"""Sets one document, alone in a process of its own: `python -I child.py` with what is wanted on its input.

It is run by its path and imports nothing of ours, so that it starts in a moment. Whatever a stranger's words
do to it (an endless layout, a crash in native code, all of the memory) ends with this process.
"""

from __future__ import annotations

import json
import os
import resource
import sys

import typst

MOST_MEMORY = 3 * 1024**3  # bytes of addresses; fonts of all scripts take a tenth of it


def main() -> None:
    wanted = json.load(sys.stdin)
    os.nice(10)  # replies to people go first
    if wanted["cores"]:
        os.sched_setaffinity(0, wanted["cores"])
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    folder = wanted["folder"]
    typst.compile(
        f"{folder}/{wanted['template']}",
        output=f"{folder}/{wanted['output']}",
        format=wanted["format"],
        ppi=wanted["ppi"],
        root=folder,
        font_paths=wanted["fonts"],
        package_path=f"{folder}/none",
        package_cache_path=f"{folder}/none",
        timestamp=wanted["timestamp"],
    )


main()
