"""The pictures of the README, taken anew: `.venv/bin/python docs/pictures.py` (needs Chromium and
pdftoppm, of poppler-utils, on the PATH).

Plays `unroll demo` in a folder of its own and looks at it with a browser.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import requests
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

PICTURES = Path(__file__).parent / "pictures"
UNROLL = Path(sys.executable).with_name("unroll")
PATIENCE_SECONDS = 180
COLOURS = 256
SHEET, SHEETS, GUTTER, DESK = "pdf", 2, 24, "#d9d4ca"
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


@dataclass(frozen=True)
class Picture:
    name: str
    url: str
    width: int
    height: int
    dark: bool = False
    scale: float = 1


def main() -> None:
    with demo() as (sandbox, site, flower):
        mentions = requests.get(f"{sandbox}/sandbox/state.json", timeout=10).json()["mentions"]
        asked = next(each for each in mentions if each["author"] == "tobias_wrenn")
        [thread] = re.findall(r"/thread/(\d+)", asked["replies"][0]["raw"])
        wanted = [
            Picture("thread", f"{site}/thread/{thread}", 1200, 900),
            Picture("phone-dark", f"{site}/thread/{thread}", 390, 844, dark=True, scale=1.5),
            Picture("front", f"{site}/", 1200, 900),
            Picture("author", f"{site}/user/{author_of(site, thread)}", 1200, 560),
            Picture("sandbox", f"{sandbox}/", 1200, 900),
            Picture("flower", f"{flower}/tasks", 1440, 620),
            Picture("flower-task", f"{flower}/task/{task_of(flower)}", 1200, 760),
            Picture("flower-workers", f"{flower}/workers", 1200, 480),
        ]
        names = sys.argv[1:]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
            for picture in wanted:
                if not names or picture.name in names:
                    take(picture, browser)
            browser.close()
        if not names or SHEET in names:
            draw(f"{site}/thread/{thread}.pdf", PICTURES / f"{SHEET}.png")


def author_of(site: str, thread: str) -> str:
    """Whose thread it is."""
    name: str = requests.get(f"{site}/thread/{thread}.json", timeout=10).json()["author"]["username"]
    return name


def draw(url: str, path: Path) -> None:
    """The first pages of a PDF beside each other, as soon as it is made."""
    end = time.monotonic() + PATIENCE_SECONDS
    while (answer := requests.get(url, timeout=30)).status_code == requests.codes.accepted:
        if time.monotonic() > end:
            sys.exit("no PDF was made")
        time.sleep(0.5)
    answer.raise_for_status()
    with tempfile.TemporaryDirectory() as folder:
        command = ["pdftoppm", "-r", "72", "-l", str(SHEETS), "-png", "-", str(Path(folder) / "page")]
        subprocess.run(command, input=answer.content, check=True)
        pages = [Image.open(each).convert("RGB") for each in sorted(Path(folder).iterdir())]
    width = sum(page.width + GUTTER for page in pages) + GUTTER
    desk = Image.new("RGB", (width, max(page.height for page in pages) + 2 * GUTTER), DESK)
    for number, page in enumerate(pages):
        desk.paste(page, (GUTTER + number * (page.width + GUTTER), GUTTER))
    keep(desk, path)


def task_of(flower: str) -> str:
    """The task that answered a mention, by the number Celery gave it."""
    asked = {"draw": 1, "start": 0, "length": 100, "search[value]": "mention"}
    order = {"order[0][column]": 0, "order[0][dir]": "asc", "columns[0][data]": "name"}
    tasks = requests.get(f"{flower}/tasks/datatable", {**asked, **order}, timeout=10).json()["data"]
    uuid: str = next(task["uuid"] for task in tasks if task["name"] == "unroll.thread")
    return uuid


@contextmanager
def demo() -> Iterator[tuple[str, str, str]]:
    """A demo that has dealt with everything: the addresses of its X, its site and its Flower."""
    with (
        tempfile.TemporaryDirectory() as folder,
        (Path(folder) / "said").open("w+") as said,
        subprocess.Popen([UNROLL, "demo"], cwd=folder, stderr=said, stdout=subprocess.DEVNULL) as running,
    ):
        try:
            end = time.monotonic() + PATIENCE_SECONDS
            while "All dealt with" not in (told := Path(said.name).read_text("utf-8")):
                if running.poll() is not None or time.monotonic() > end:
                    sys.exit(told)
                time.sleep(0.2)
            local, site, flower = re.findall(
                r"^  (?:local X|site|Flower) +(http://\S+)/ ", told, re.MULTILINE
            )
            yield local, site, flower
        finally:
            running.send_signal(signal.SIGINT)


def take(picture: Picture, browser: Browser) -> None:
    page = browser.new_page(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme="dark" if picture.dark else "light",
        device_scale_factor=picture.scale,
    )
    page.goto(picture.url, wait_until="networkidle")
    taken = Image.open(BytesIO(page.screenshot()))
    page.close()
    keep(taken.convert("RGB"), PICTURES / f"{picture.name}.png")


def keep(picture: Image.Image, path: Path) -> None:
    picture.quantize(COLOURS).save(path, optimize=True)
    print(path, f"{path.stat().st_size // 1024} KiB")  # noqa: T201 - what this script says


if __name__ == "__main__":
    main()
