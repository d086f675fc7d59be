"""Every page of the site, wide and narrow, light and dark: `python -m docs.screens FOLDER [NAME...]`.

Beside the single pictures lie sheets with many of them, to see at a glance what is out of line.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import islice
from pathlib import Path

import requests
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from docs.pictures import ARGUMENTS
from sandbox.broker import free_port
from tests.reader.whole_site import PAGES, Shown, still

ROOT = Path(__file__).parents[1]
WIDTHS = {1200: 900, 390: 844}
SCHEMES = ("light", "dark")
THEMES = ("light", "dark", "sepia")
# Of a sheet, in pixels: a page is cut where it is longer than this.
COLUMNS = {1200: 4, 390: 8}
COLUMN, LONGEST, GUTTER = {1200: 600, 390: 300}, {1200: 1500, 390: 1500}, 12
LOADED = """Promise.all([...document.images].map(each => {
  each.loading = 'eager';
  return each.decode().catch(() => {});
}))"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--theme", choices=THEMES, help="as chosen under Aa, instead of what the system says")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    pages = [page for page in PAGES if not asked.names or page.name in asked.names]
    with site() as origin, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for scheme in SCHEMES if asked.theme is None else ("light",):
            for width in WIDTHS:
                taken = [take(browser, origin, page, width, scheme, asked.theme) for page in pages]
                name = f"{width}-{asked.theme or scheme}"
                for page, picture in zip(pages, taken, strict=True):
                    picture.save(asked.folder / f"{page.name}-{name}.png")
                for number, sheet in enumerate(sheets(taken, width), start=1):
                    sheet.save(asked.folder / f"sheet-{name}-{number}.png")
        browser.close()


@contextmanager
def site(*, copies: bool = False) -> Iterator[str]:
    """The site with one of every page, on a port of its own; with `copies` its pictures have smaller ones."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "tests.reader.whole_site",
            str(port),
            folder,
            *(["copies"] if copies else []),
        ]
        with subprocess.Popen(command, cwd=ROOT) as running:
            try:
                while not answers(f"{origin}/healthz"):
                    if running.poll() is not None:
                        sys.exit("the site did not start")
                    time.sleep(0.1)
                yield origin
            finally:
                running.terminate()


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


def take(
    browser: Browser, origin: str, page: Shown, width: int, scheme: str, theme: str | None
) -> Image.Image:
    tab = browser.new_page(viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme)
    still(tab)
    if theme:
        tab.add_init_script(f"localStorage.setItem('reading-theme', '{theme}')")
    page.open(tab, origin)
    tab.evaluate(LOADED)
    picture = Image.open(BytesIO(tab.screenshot(full_page=True))).convert("RGB")
    tab.close()
    return picture


def sheets(pictures: list[Image.Image], width: int) -> Iterator[Image.Image]:
    """A row of pages at a time, as wide as their column."""
    left = iter(pictures)
    while row := list(islice(left, COLUMNS[width])):
        column, longest = COLUMN[width], LONGEST[width]
        shown = [each.resize((column, each.height * column // each.width)) for each in row]
        height = min(longest, max(each.height for each in shown))
        sheet = Image.new("RGB", (COLUMNS[width] * (column + GUTTER), height), "magenta")
        for place, each in enumerate(shown):
            sheet.paste(each.crop((0, 0, column, min(each.height, height))), (place * (column + GUTTER), 0))
        yield sheet


if __name__ == "__main__":
    main()
