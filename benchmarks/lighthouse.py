"""`make lighthouse`: what Google's Lighthouse says of the site's pages, the median of three runs each.

Needs Node.js with npm, and Chromium on the PATH. Timings depend on how busy the machine is.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from subprocess import CalledProcessError

from tenacity import retry, retry_if_exception_type, stop_after_attempt

from docs.screens import site
from tests.reader.whole_site import LIGHTHOUSE

HERE = Path(__file__).parent / "lighthouse"
BUILD = Path("build/lighthouse")
RUNS = 3
PAGES = {
    "front": "/",
    "thread": f"/thread/{LIGHTHOUSE}",
    "author": "/user/mira_holt",
    "search": "/search?q=lamp+winter",
    "help": "/help",
}
JUDGED = ("performance", "accessibility", "best-practices")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None or shutil.which("npm") is None:
        sys.exit("make lighthouse needs chromium and npm (apt install chromium npm)")
    install()
    lines = ["| page | performance | accessibility | best practices |", "|---|---|---|---|"]
    with site(copies=True) as origin:
        for name, path in PAGES.items():
            judged = [run(origin + path, chromium) for _ in range(RUNS)]
            medians = (round(100 * statistics.median(each[part] for each in judged)) for part in JUDGED)
            lines.append(f"| {name} | {' | '.join(map(str, medians))} |")
            print(lines[-1], file=sys.stderr)  # noqa: T201 - a run takes minutes
    sys.stdout.write("\n".join(lines) + "\n")


def install() -> None:
    BUILD.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, BUILD / name)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=BUILD, check=True)  # noqa: S607


# Now and then Chromium records nothing, and Lighthouse says "please run again".
@retry(stop=stop_after_attempt(3), retry=retry_if_exception_type(CalledProcessError), reraise=True)
def run(url: str, chromium: str) -> dict[str, float]:
    """The scores of one visit, from 0 to 1."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.json"
        command = ["node_modules/.bin/lighthouse", url, f"--chrome-flags={FLAGS}", "--quiet"]
        command += [f"--only-categories={','.join(JUDGED)}", "--output=json", f"--output-path={told}"]
        subprocess.run(command, cwd=BUILD, check=True, env={**os.environ, "CHROME_PATH": chromium})  # noqa: S603
        found = json.loads(told.read_text())
    return {part: found["categories"][part]["score"] or 0 for part in JUDGED}


if __name__ == "__main__":
    main()
