"""A thread's page -> a book (EPUB 3): text in any script and direction, pictures, cover, contents."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from jinja2 import Environment

from reader import views
from reader.exports import outline
from reader.templating import environment

POSTS_IN_A_CHAPTER = 60
STORED = ("mimetype", ".jpg", ".png")
KINDS = {".jpg": "image/jpeg", ".png": "image/png"}

# What XML cannot carry, besides what no page of ours carries.
NOT_XML = re.compile("[\ufffe\uffff\x7f-\x84\x86-\x9f]")

IN_ADDRESSES = "%:/?#[]@!$&'()*+,;=~-._"

# Everything in the file is as old as nothing, so that the same book is the same bytes.
BEGINNING = (1980, 1, 1, 0, 0, 0)

CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""


@dataclass(frozen=True, slots=True)
class Book:
    """`page` names its pictures as the files in `pictures` are called; `cover` is a PNG."""

    page: views.ThreadPage
    fetched_at: datetime
    public_url: str
    pictures: tuple[Path, ...]
    cover: bytes


def render(book: Book) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, content in _parts(book):
            archive.writestr(entry(name, stored=name.endswith(STORED)), content)
    return file.getvalue()


def entry(name: str, *, stored: bool = False) -> ZipInfo:
    found = ZipInfo(name, BEGINNING)
    found.compress_type = ZIP_STORED if stored else ZIP_DEFLATED
    found.external_attr = 0o644 << 16
    return found


def _parts(book: Book) -> Iterator[tuple[str, bytes]]:
    """The kind of file comes first, and uncompressed: by that a reader of books knows it."""
    page = book.page
    chapters = [
        page.posts[at : at + POSTS_IN_A_CHAPTER] for at in range(0, len(page.posts), POSTS_IN_A_CHAPTER)
    ]
    shared = {
        "page": page,
        "lang": next((post.lang for post in page.posts if post.lang), "en"),
        "here": book.public_url + page.path,
        "fetched": book.fetched_at,
    }
    yield "mimetype", b"application/epub+zip"
    yield "META-INF/container.xml", CONTAINER.encode()
    listed = {
        "chapters": range(1, len(chapters) + 1),
        "pictures": [(path.name, KINDS[path.suffix]) for path in book.pictures],
    }
    yield "book/package.opf", _page("book_package.xml", **shared, **listed)
    yield "book/nav.xhtml", _page("book_nav.html", **shared, entries=list(_entries(chapters)))
    yield "book/cover.xhtml", _page("book_cover.html", **shared)
    yield "book/book.css", (Path(__file__).parent / "book.css").read_bytes()
    for number, posts in enumerate(chapters, start=1):
        ends = {"first": number == 1, "last": number == len(chapters)}
        yield f"book/text-{number}.xhtml", _page("book_text.html", **shared, **ends, posts=posts)
    yield "book/images/cover.png", book.cover
    for path in book.pictures:
        yield f"book/images/{path.name}", path.read_bytes()


def _entries(chapters: list[tuple[views.Post, ...]]) -> Iterator[tuple[str, str]]:
    for number, posts in enumerate(chapters, start=1):
        for post in posts:
            yield outline.entry(post), f"text-{number}.xhtml#{post.anchor}"


def _page(template: str, **values: Any) -> bytes:
    made = _press().get_template(template).render(**values).lstrip()
    return NOT_XML.sub("", made).encode("utf-8", "replace")


@cache
def _press() -> Environment:
    jinja = environment()
    jinja.filters["uri"] = _uri
    return jinja


def _uri(url: str) -> str:
    """Browsers forgive what stands in an address, books do not."""
    return quote(url, safe=IN_ADDRESSES, errors="replace")
