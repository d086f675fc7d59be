"""Pictures drawn on demand: the same name gives the same picture, and its words choose the motif.

`lighthouse-dusk.jpg`, `chart-visitors.png`, `avatar-ada_normal.png`; anything else is hills under a sky. A
size may stand in the name (`bridge-800x1000.jpg`), and, as on X, in the query (`?name=150x150`,
`?name=small`).
"""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from zlib import crc32

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

# Two seconds of a sky that changes its colours, made by ffmpeg: every video of the sandbox is this one.
FILM = Path(__file__).with_name("film.mp4").read_bytes()

Colour = tuple[int, int, int]
DEFAULT_SIZE = (1200, 675)
LARGEST = 4_096
AVATAR_SIZES = {"normal": 48, "bigger": 73, "mini": 24, "200x200": 200, "400x400": 400}
NAMED_SIZES = {"thumb": 150, "small": 680, "medium": 1_200}
SKIES: list[tuple[Colour, Colour]] = [
    ((28, 36, 72), (244, 162, 97)),
    ((116, 178, 214), (250, 236, 208)),
    ((52, 31, 75), (233, 113, 108)),
    ((20, 60, 80), (165, 214, 202)),
    ((84, 118, 172), (246, 205, 197)),
    ((35, 45, 60), (139, 160, 170)),
]


@dataclass(frozen=True)
class Picture:
    body: bytes
    media_type: str


@lru_cache(maxsize=256)
def picture(name: str, size: str | None = None) -> Picture | None:
    """The picture of that name, or None if the name is not one of a JPEG or PNG."""
    match = re.fullmatch(r"(?P<stem>[\w-]{1,120})\.(?P<suffix>jpg|jpeg|png)", name, re.ASCII)
    if match is None:
        return None
    image = _avatar(match["stem"]) if match["stem"].startswith("avatar") else _scene(match["stem"])
    out = io.BytesIO()
    image = _resized(image, size)
    if match["suffix"] == "png":
        image.save(out, "PNG")
        return Picture(out.getvalue(), "image/png")
    image.save(out, "JPEG", quality=86)
    return Picture(out.getvalue(), "image/jpeg")


def _resized(image: Image.Image, size: str | None) -> Image.Image:
    pair = re.fullmatch(r"(\d{1,4})x(\d{1,4})", size or "")
    if pair:
        return ImageOps.fit(image, (max(1, int(pair[1])), max(1, int(pair[2]))))
    if size in NAMED_SIZES:
        image.thumbnail((NAMED_SIZES[size], NAMED_SIZES[size]))
    return image


def _scene(stem: str) -> Image.Image:
    width, height = _size_in(stem)
    random = Random(crc32(stem.encode()))
    if "chart" in stem:
        return _chart(width, height, random)
    image = _hills(width, height, random)
    if "lighthouse" in stem:
        _lighthouse(image, random)
    elif "bridge" in stem:
        _bridge(image)
    return image


def _size_in(stem: str) -> tuple[int, int]:
    pair = re.search(r"-(\d{2,4})x(\d{2,4})$", stem)
    return (min(LARGEST, int(pair[1])), min(LARGEST, int(pair[2]))) if pair else DEFAULT_SIZE


def _gradient(width: int, height: int, top: Colour, bottom: Colour) -> Image.Image:
    mask = Image.linear_gradient("L").resize((width, height))
    return Image.composite(Image.new("RGB", mask.size, bottom), Image.new("RGB", mask.size, top), mask)


def _mix(one: Colour, other: Colour, part: float) -> Colour:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _hills(width: int, height: int, random: Random) -> Image.Image:
    """A sky, a sun with its glow, and ridges that darken towards us."""
    top, bottom = random.choice(SKIES)
    image = _gradient(width, height, top, bottom)
    _sun(image, random)
    draw = ImageDraw.Draw(image)
    ridges = 5
    for ridge in range(ridges):
        base = height * (0.5 + 0.1 * ridge)
        waves = [
            (random.uniform(1, 5), random.uniform(0, 6.3), height * random.uniform(0.01, 0.045))
            for _ in "abc"
        ]
        line = [
            (x, base + sum(size * math.sin(x / width * speed * 2 + shift) for speed, shift, size in waves))
            for x in range(0, width + 4, 4)
        ]
        colour = _mix(bottom, (18, 24, 38), 0.25 + 0.7 * ridge / ridges)
        draw.polygon([(0, height), *line, (width, height)], fill=colour)
    return image


def _sun(image: Image.Image, random: Random) -> None:
    width, height = image.size
    x, y, radius = width * random.uniform(0.2, 0.8), height * random.uniform(0.2, 0.45), height * 0.07
    glow = Image.new("L", image.size, 0)
    draw = ImageDraw.Draw(glow)
    draw.ellipse((x - 3 * radius, y - 3 * radius, x + 3 * radius, y + 3 * radius), fill=90)
    glow = glow.filter(ImageFilter.GaussianBlur(radius))
    ImageDraw.Draw(glow).ellipse((x - radius, y - radius, x + radius, y + radius), fill=235)
    image.paste((255, 246, 224), mask=glow.filter(ImageFilter.GaussianBlur(1.5)))


def _lighthouse(image: Image.Image, random: Random) -> None:
    width, height = image.size
    x, foot, top, half = width * random.uniform(0.3, 0.7), height * 0.82, height * 0.3, height * 0.045
    beam = Image.new("L", image.size, 0)
    lamp = top - half * 0.4
    ImageDraw.Draw(beam).polygon(
        [(x, lamp), (width, lamp - height * 0.16), (width, lamp + height * 0.1)], fill=120
    )
    image.paste((255, 240, 196), mask=beam.filter(ImageFilter.GaussianBlur(height / 60)))
    draw = ImageDraw.Draw(image)
    for band in range(6):
        y0, y1 = (top + (foot - top) * (band + step) / 6 for step in (0, 1))
        w0, w1 = (half * (0.6 + 0.4 * (band + step) / 6) for step in (0, 1))
        colour = (238, 234, 226) if band % 2 else (176, 58, 46)
        draw.polygon([(x - w0, y0), (x + w0, y0), (x + w1, y1), (x - w1, y1)], fill=colour)
    draw.rectangle((x - half * 0.5, top - half * 0.8, x + half * 0.5, top), fill=(255, 232, 160))
    draw.rectangle((x - half * 0.8, top - half * 0.1, x + half * 0.8, top), fill=(40, 40, 48))
    draw.polygon(
        [(x - half * 0.65, top - half * 0.8), (x, top - half * 1.6), (x + half * 0.65, top - half * 0.8)],
        fill=(40, 40, 48),
    )


def _bridge(image: Image.Image) -> None:
    """An arch bridge and its water."""
    width, height = image.size
    deck, stone = height * 0.6, (52, 46, 50)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 0.82, width, height), fill=(58, 84, 104))
    draw.rectangle((0, deck, width, deck + height * 0.05), fill=stone)
    span = width / 4
    for arch in range(4):
        left = arch * span
        draw.rectangle((left - span * 0.05, deck, left + span * 0.05, height * 0.86), fill=stone)
        box = (left + span * 0.02, deck + height * 0.04, left + span * 0.98, deck + height * 0.5)
        draw.arc(box, 180, 360, fill=stone, width=max(2, round(height * 0.03)))
    draw.rectangle((width - span * 0.05, deck, width, height * 0.86), fill=stone)


def _chart(width: int, height: int, random: Random) -> Image.Image:
    image = Image.new("RGB", (width, height), (250, 248, 243))
    draw = ImageDraw.Draw(image)
    left, right, top, bottom = width * 0.08, width * 0.95, height * 0.12, height * 0.86
    for line in range(5):
        y = top + (bottom - top) * line / 4
        draw.line((left, y, right, y), fill=(222, 217, 206), width=2)
    bars, level = 12, 0.25
    step = (right - left) / bars
    points = []
    for bar in range(bars):
        level = min(0.95, max(0.1, level + random.uniform(-0.07, 0.15)))
        x, y = left + bar * step, bottom - (bottom - top) * level
        draw.rounded_rectangle(
            (x + step * 0.18, y, x + step * 0.82, bottom), radius=step * 0.1, fill=(94, 140, 150)
        )
        points.append((x + step / 2, y - height * random.uniform(0.03, 0.09)))
    draw.line(points, fill=(200, 92, 60), width=max(3, round(height / 130)), joint="curve")
    draw.line((left, bottom, right, bottom), fill=(90, 84, 76), width=3)
    return image


def _avatar(stem: str) -> Image.Image:
    """A face of sorts: two colours, a circle and an initial."""
    whose, _, size = stem.rpartition("_")
    side = AVATAR_SIZES.get(size, 400)
    who = (whose if size in AVATAR_SIZES else stem).removeprefix("avatar-")
    random = Random(crc32(who.encode()))
    hue = random.randrange(360)
    tile = Image.new("HSV", (400, 400), (hue * 255 // 360, 120, 150)).convert("RGB")
    draw = ImageDraw.Draw(tile)
    light = Image.new("HSV", (1, 1), ((hue + 40) % 360 * 255 // 360, 90, 225)).convert("RGB").getpixel((0, 0))
    x, y, radius = random.randrange(80, 320), random.randrange(80, 320), random.randrange(120, 230)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=light)
    font = ImageFont.load_default(230)
    draw.text((200, 205), (who or "?")[0].upper(), fill=(255, 255, 255), font=font, anchor="mm")
    return tile.resize((side, side), Image.Resampling.LANCZOS)
