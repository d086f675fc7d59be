"""Reads a page the way a browser would, and says what is in it that should not be."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit


def _words(text: str) -> list[str]:
    return text.split()


ELEMENTS = frozenset(
    _words("""
    html head meta title link script body a header nav svg symbol use path circle rect details summary
    form fieldset legend label input
    main article section div p span b bdi time h1 h2 h3 br img button figure figcaption video
    table caption thead tbody tr th td dl dt dd
    mark abbr ul ol li blockquote aside footer code small i em progress
""")
)
ADDRESSES = {"href", "src", "cite", "action", "poster", "formaction", "srcset", "data", "xlink:href"}
ATTRIBUTES = frozenset(
    _words("""
    lang dir class id href rel title src width height alt loading decoding type popover popovertarget
    popovertargetaction name content charset property as crossorigin aria-label aria-hidden aria-labelledby
    role tabindex datetime viewbox
    d cx cy r x y rx cite download checked poster controls playsinline preload
    loop muted preserveaspectratio http-equiv open defer autocomplete
    scope action method required inputmode placeholder spellcheck autocapitalize maxlength autofocus
    srcset sizes fetchpriority
    aria-invalid aria-describedby aria-current readonly value max hidden data-copy data-share data-title for
""")
)


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.machines_only = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.machines_only = tag == "script"

    def handle_endtag(self, tag):
        self.machines_only = False

    def handle_data(self, data):
        if not self.machines_only:
            self.text += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data!r}")

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [
            attrs
            for name, attrs in self.tags
            if name == tag
            and all(attrs.get(key.rstrip("_").replace("_", "-")) == value for key, value in wanted.items())
        ]

    def classed(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for _, attrs in self.tags if name in (attrs.get("class") or "").split()]


def is_our_full_address(attrs: dict[str, str | None]) -> bool:
    """Told to machines that keep it elsewhere; no browser loads it."""
    return attrs.get("rel") == "canonical" or attrs.get("type") == "application/json+oembed"


def assert_sound(page: Page) -> None:
    """Only elements and attributes of our own, only http(s) addresses, nothing loaded from elsewhere."""
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs in page.tags:
        assert tag in ELEMENTS, tag
        assert set(attrs) <= ATTRIBUTES, (tag, attrs)
        for name in ADDRESSES & set(attrs):
            address = attrs[name] or ""
            if name == "srcset":
                choices = address.split(", ")
                assert all(re.fullmatch(r"/media/[0-9a-f]{24} [1-9]\d*w", each) for each in choices), address
                continue
            parts = urlsplit(address)
            assert parts.scheme in (
                {"", "http", "https", "mailto"} if tag == "a" else {"", "http", "https"}
            ), address
            if tag not in {"a", "blockquote"} and not is_our_full_address(attrs):
                assert not parts.netloc, (tag, address)
