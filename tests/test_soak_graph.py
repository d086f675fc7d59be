"""The graph of a long run, drawn from its readings."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from docs.soak import drawing, waits

SVG = "{http://www.w3.org/2000/svg}"


def report(**more) -> dict:
    readings = [
        {"at": at, "megabytes": {"worker 1": 90.0 + at, "site": 80.0}, "asked": at * 3, "answered": at * 2}
        for at in (10, 20, 30)
    ]
    waits = [1.0, 2.0, 3.0] * 30
    told = {"database": "sqlite", "rate": 3.0, "minutes": 0.5, "mentions": 90, "seconds": 31.0}
    return {**told, "waits": waits, "readings": readings, **more}


def drawn(report: dict) -> ET.Element:
    return ET.fromstring(drawing(report))  # noqa: S314 - our own


def test_every_process_and_both_counts_have_their_line():
    root = drawn(report())
    words = [each.text for each in root.iter(f"{SVG}text")]
    assert {"asked", "answered", "worker 1", "site"} <= set(words)
    assert any(each.startswith("90 mentions at 3 a second, on sqlite") for each in words)
    assert len(list(root.iter(f"{SVG}polyline"))) == 6


def test_every_point_lies_on_the_paper():
    root = drawn(report(waits=[4_000.0, 0.1] * 45))
    _, _, width, height = map(float, root.get("viewBox").split())
    for line in root.iter(f"{SVG}polyline"):
        for point in line.get("points").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height


def test_the_wait_of_a_mention_stands_where_it_was_asked():
    half, late = waits([1.0] * 60 + [9.0] * 60, 2)
    assert [value for minute, value in half.points if minute < 1] == [1.0] * 30
    assert [value for minute, value in late.points if minute > 1] == [9.0] * 30
