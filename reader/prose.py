"""A post's pieces -> paragraphs of runs, and the line that can be a title. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.rules.text import Piece
from reader import addresses
from reader.views import Links, Paragraph, Run

LONGEST_TITLE = 90
BLANK_LINES = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029\v\f\x85]")
BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]|[\ud800-\udfff]")
WHITE = re.compile(r"\s+")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
# X's own codes: old names of languages, and words for "no language" (und, qme, zxx, ...).
RENAMED = {"in": "id", "iw": "he", "ji": "yi"}
NO_LANGUAGE = re.compile(r"und|zxx|art|q[a-z]{2}")


def paragraphs(pieces: Iterable[Piece], links: Links = "t.co") -> tuple[Paragraph, ...]:
    """Blank lines part paragraphs; single line breaks stay inside their run."""
    found: list[list[Run]] = [[]]
    for piece in pieces:
        head, *rest = BLANK_LINES.split(clean(piece.text)) if piece.kind == "text" else [clean(piece.text)]
        found[-1].append(_run(piece, head, links))
        found.extend([_run(piece, text, links)] for text in rest)
    return tuple(paragraph for runs in found if (paragraph := _tidy(runs)))


def heading(found: tuple[Paragraph, ...]) -> tuple[Paragraph | None, tuple[Paragraph, ...]]:
    """The first line as a title, if it is short and leads nowhere else, and the paragraphs that remain."""
    if not found:
        return None, found
    line, rest = _first_line(found[0])
    if any(run.kind == "link" for run in line) or not 0 < len(words(line)) <= LONGEST_TITLE:
        return None, found
    return line, (rest, *found[1:]) if rest else found[1:]


def words(paragraph: Paragraph) -> str:
    return "".join("\n".join(run.lines) for run in paragraph)


def clean(text: str) -> str:
    """Line ends are one kind, and what no page can carry (control characters, lone surrogates) is gone."""
    return CONTROLS.sub("", LINE_ENDS.sub("\n", text))


def label(text: str) -> str:
    """A text fit for one line among ours: no line breaks, and nothing that turns what follows around."""
    return " ".join(BIDI_CONTROLS.sub("", clean(text)).split())


def spaced(text: str) -> str:
    """A stretch of a text that goes on before and after it: as `label`, but blanks at its ends stay."""
    return WHITE.sub(" ", BIDI_CONTROLS.sub("", clean(text)))


def language(code: str | None) -> str | None:
    """X's language code as HTML knows it, None where X means that there is none."""
    if code is None or NO_LANGUAGE.fullmatch(code) or not LANGUAGE.fullmatch(code):
        return None
    return RENAMED.get(code, code)


def leads(short: str | None, full: str | None, links: Links) -> tuple[str | None, str | None]:
    """Where a link leads, and its other address. One without a full address leads to X."""
    whole = addresses.web(full) if links == "full" else None
    return (whole, short) if whole else (addresses.web(short), full)


def _run(piece: Piece, text: str, links: Links) -> Run:
    url, title = leads(piece.url, piece.title, links) if piece.kind == "link" else (piece.url, None)
    url = addresses.web(url)
    return Run(piece.kind, tuple(text.split("\n")), url, label(title) if title and url else None)


def _tidy(runs: list[Run]) -> Paragraph:
    """Without empty lines at either end; a paragraph of white space is none."""
    kept = [run for run in runs if run.lines != ("",)]
    if not "".join("".join(run.lines) for run in kept).strip():
        return ()
    while kept[0].lines[0].strip() == "" and len(kept[0].lines) > 1:
        kept[0] = _with_lines(kept[0], kept[0].lines[1:])
    while kept[-1].lines[-1].strip() == "" and len(kept[-1].lines) > 1:
        kept[-1] = _with_lines(kept[-1], kept[-1].lines[:-1])
    return tuple(kept)


def _first_line(paragraph: Paragraph) -> tuple[Paragraph, Paragraph]:
    for index, run in enumerate(paragraph):
        if len(run.lines) > 1:
            line = (*paragraph[:index], _with_lines(run, run.lines[:1]))
            return line, (_with_lines(run, run.lines[1:]), *paragraph[index + 1 :])
    return paragraph, ()


def _with_lines(run: Run, lines: tuple[str, ...]) -> Run:
    return Run(run.kind, lines, run.url, run.title)
