"""A thread's page -> a folder in one file: a page that opens offline, its media, the words for tools."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from reader import assets, views
from reader.exports import as_json, as_markdown, as_text
from reader.exports.album import moved
from reader.exports.as_epub import entry
from reader.ports import SavedThread
from reader.templating import environment

STYLE = ("site.css", assets.FONT, "source-serif-4-LICENCE.txt")
STORED = (".jpg", ".png", ".mp4", ".woff2")


def render(page: views.ThreadPage, saved: SavedThread, public_url: str, pictures: Iterable[Path]) -> bytes:
    """`page` names its pictures and films as the files in `pictures` are called."""
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, content in _parts(page, saved, public_url, pictures):
            whole = f"thread-{page.id}/{name}"
            archive.writestr(entry(whole, stored=name.endswith(STORED)), content)
    return file.getvalue()


def _parts(
    page: views.ThreadPage, saved: SavedThread, public_url: str, pictures: Iterable[Path]
) -> Iterator[tuple[str, bytes]]:
    page = moved(
        page,
        lambda image: views.Image(f"media/{image.src}", image.width, image.height),
        lambda film: f"media/{film}",
    )
    template = environment().get_template("saved.html")
    whole = template.render(page=page, here=public_url + page.path, fetched=saved.fetched_at)
    yield "index.html", whole.lstrip().encode("utf-8", "replace")
    yield "thread.md", as_markdown.render(page, public_url, beside="")
    yield "thread.txt", as_text.render(page, public_url)
    yield "thread.json", as_json.render(saved, public_url)
    for name in STYLE:
        yield f"style/{name}", (assets.STATIC / name).read_bytes()
    for path in pictures:
        yield f"media/{path.name}", path.read_bytes()
