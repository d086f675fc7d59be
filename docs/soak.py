"""The graph of a long run: `python -m docs.soak docs/soak.json docs/pictures/soak.svg`, from what
`make soak ARGS="--json docs/soak.json"` wrote. `make graph` does both.

Three panels over the same minutes: who asked and who was answered, the wait, the memory of each process.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from statistics import median, quantiles
from typing import Any

Point = tuple[float, float]

# In SVG's units. The paper is light in dark pages too: what is drawn on it needs no second set of colours.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, GAP = 760, 190, 64, 34, 72, 66
PAPER, INK, FAINT = "#fffdf8", "#2b2622", "#ddd6cb"
COLOURS = ("#9c2f22", "#1d5d8f", "#3f7d4e", "#a8741a")
TICKS = 4
SLICES = 60  # of the whole run, for the wait

STYLE = f"text {{ font: 13px system-ui, sans-serif; fill: {INK} }} .title {{ font-weight: 600 }}"


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    points: Sequence[Point]


def panels(report: dict[str, Any]) -> Iterator[tuple[str, list[Line]]]:
    readings = report["readings"]
    minutes = [each["at"] / 60 for each in readings]
    yield (
        "mentions and replies",
        [
            Line(name, list(zip(minutes, [each[key] for each in readings], strict=True)))
            for name, key in (("asked", "asked"), ("answered", "answered"))
        ],
    )
    yield "seconds from a mention to its reply", list(waits(report["waits"], report["minutes"]))
    yield (
        "memory, MB",
        [
            Line(name, list(zip(minutes, [each["megabytes"][name] for each in readings], strict=True)))
            for name in readings[0]["megabytes"]
        ],
    )


def waits(seconds: Sequence[float], minutes: float) -> Iterator[Line]:
    """People ask at an even rate: the time of a mention is its place among them."""
    slices = [
        [wait for _, wait in group]
        for _, group in groupby(enumerate(seconds), lambda pair: pair[0] * SLICES // len(seconds))
    ]
    at = [minutes * (number + 0.5) / len(slices) for number in range(len(slices))]
    yield Line("half wait less", list(zip(at, map(median, slices), strict=True)))
    yield Line("one in twenty waits longer", list(zip(at, map(_late, slices), strict=True)))


def _late(waits: Sequence[float]) -> float:
    return quantiles(waits, n=20, method="inclusive")[-1] if len(waits) > 1 else waits[0]


def drawing(report: dict[str, Any]) -> str:
    shown = list(panels(report))
    height = TOP + len(shown) * (HEIGHT + GAP)
    what = f"{report['mentions']:,} mentions at {report['rate']:g} a second, on {report['database']}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(what)}</title><style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="6" fill="{PAPER}"/>',
        f'<text x="{LEFT}" y="28">{escape(what)}; over after {report["seconds"] / 60:.1f} minutes</text>',
    ]
    end = max(report["minutes"], *(each["at"] / 60 for each in report["readings"]))
    for number, (title, lines) in enumerate(shown):
        parts += panel(title, lines, top=TOP + number * (HEIGHT + GAP), end=end)
    return "\n".join([*parts, "</svg>\n"])


def panel(title: str, lines: Sequence[Line], *, top: int, end: float) -> Iterator[str]:
    step = nice(max(value for line in lines for _, value in line.points) / TICKS)
    highest = max(value for line in lines for _, value in line.points)
    rows = max(1, -int(-highest // step))
    bottom = top + HEIGHT

    def x(minute: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * minute / end

    def y(value: float) -> float:
        return bottom - HEIGHT * value / (rows * step)

    yield f'<text class="title" x="{LEFT}" y="{top - 12}">{escape(title)}</text>'
    for row in range(rows + 1):
        at = y(row * step)
        yield f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="{FAINT if row else INK}"/>'
        yield f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{row * step:,g}</text>'
    minute, each = 0.0, nice(end / 6)
    while minute <= end:
        unit = " min" if minute + each > end else ""
        yield f'<text x="{x(minute):.1f}" y="{bottom + 18}" text-anchor="middle">{minute:g}{unit}</text>'
        minute = round(minute + each, 6)
    beside = WIDTH - RIGHT
    for line, colour in reversed(list(zip(lines, COLOURS, strict=False))):
        path = " ".join(f"{x(minute):.1f},{y(value):.1f}" for minute, value in line.points)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield (
            f'<text x="{beside}" y="{top - 12}" text-anchor="end" style="fill:{colour}">'
            f"{escape(line.name)}</text>"
        )
        beside -= 8 * len(line.name) + 14


def nice(step: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50 and so on."""
    size = 10.0 ** (len(f"{max(1, int(step))}") - 1) if step >= 1 else 0.1
    return next((size * each for each in (1, 2, 5) if size * each >= step), size * 10)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m docs.soak", description=__doc__)
    parser.add_argument("readings", type=Path)
    parser.add_argument("picture", type=Path)
    told = parser.parse_args()
    told.picture.write_text(drawing(json.loads(told.readings.read_text("utf-8"))), "utf-8")
    sys.stdout.write(f"{told.picture}\n")


if __name__ == "__main__":
    main()
