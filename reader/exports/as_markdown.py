"""A thread's page -> Markdown (CommonMark) under front matter (YAML). The author's words stay words: none of
them is markup.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from reader import dates, views
from reader.exports import outline

NO_MARKUP = "\\u003c"
SPECIAL = re.compile(r"([\\`*_\[\]<>&~|#!{}$])")
LINE_START = re.compile(r"^(\d{1,9}(?=[.)])|(?=[-+=:]))", re.MULTILINE)
INDENT = re.compile(r"^[^\S\n]+", re.MULTILINE)


def render(page: views.ThreadPage, public_url: str, *, beside: str | None = None) -> bytes:
    """`beside` is what leads to the pictures from where the file will lie; without it they are ours, here."""
    author = page.author
    head = (
        f"By {_link(author.name, author.url)} ({_escaped('@' + author.username)}), "
        f"{dates.day(page.written)}. {page.count}, {page.minutes} min read. "
        f"{_link('This thread', public_url + page.path)}, {_link('on X', page.url)}."
    )
    body = outline.body(page, _Hand(public_url if beside is None else beside))
    title = "" if page.headed else f"# {_escaped(page.title)}\n\n"
    foot = "*Text and pictures belong to their author.*"
    return f"{_front(page, public_url)}{title}{body}\n\n---\n\n{head}\n\n{foot}\n".encode("utf-8", "replace")


def _front(page: views.ThreadPage, public_url: str) -> str:
    """What tools read first. JSON's strings are YAML's, too; `<` is spelled by its number."""
    lang = next((post.lang for post in page.posts if post.lang), None)
    facts = {
        "title": page.title,
        "author": page.author.name,
        "username": page.author.username,
        "date": dates.iso(page.written),
        "posts": len(page.posts),
        "minutes": page.minutes,
        "complete": page.complete,
        "url": public_url + page.path,
        "source": page.url,
    } | ({"lang": lang} if lang else {})
    lines = [f"{name}: {json.dumps(value).replace('<', NO_MARKUP)}" for name, value in facts.items()]
    return "\n".join(["---", *lines, "---", "", ""])


class _Hand:
    def __init__(self, to_pictures: str) -> None:
        self._to_pictures = to_pictures

    def post(self, post: views.Post) -> str:
        blocks = [f"# {_paragraph(post.heading)}"] if post.heading else []
        blocks += [_paragraph(paragraph) for paragraph in post.paragraphs]
        blocks += self._attachments(post.attachments, post.url)
        if post.quote:
            blocks.append(self._quote(post.quote))
        blocks += [_card(card) for card in post.cards]
        if post.poll:
            blocks.append(_poll(post.poll))
        if post.edited:
            blocks.append(f"*Edited; {_link('see it on X', post.url)}.*")
        return "\n\n".join(blocks)

    def notice(self, notice: views.Notice) -> str:
        more = f" {_link(notice.link, notice.url)}" if notice.url else ""
        return f"*{notice.sentence}*{more}"

    def fork(self, fork: views.Fork, body: str) -> str:
        return _quoted(f"*{fork.summary}*\n\n{body}")

    def _attachments(self, items: Iterable[views.Attachment], address: str) -> list[str]:
        found = []
        for item in items:
            words = _escaped(" ".join((item.alt or item.label).split()))
            if item.kind == "photo" and item.image:
                found.append(f"![{words}](<{self._to_pictures}{item.image.src}>)")
            else:
                found.append(f"[{_escaped(item.label)}: {words}](<{address}>)")
        return found

    def _quote(self, quote: views.Quote) -> str:
        if not quote.known:
            return _quoted(_link("A quoted post on X", quote.url))
        who = f"{quote.person.name} (@{quote.person.username})" if quote.person else "A quoted post"
        blocks = [f"{_link(who, quote.url)}:", *(_paragraph(paragraph) for paragraph in quote.paragraphs)]
        return _quoted("\n\n".join([*blocks, *self._attachments(quote.attachments, quote.url)]))


def _paragraph(paragraph: views.Paragraph) -> str:
    """Line breaks are kept; what Markdown would read at a line's start is no more than text."""
    joined = "".join(_run(run) for run in paragraph)
    return LINE_START.sub(r"\1\\", INDENT.sub("", joined)).replace("\n", "\\\n")


def _run(run: views.Run) -> str:
    words = "\n".join(_escaped(line) for line in run.lines)
    return f"[{words}](<{_address(run.url)}>)" if run.url else words


def _card(card: views.Card) -> str:
    title = _link(card.title, card.url) if card.url else _escaped(card.title)
    return _quoted(f"{title}" + (f"\n{_escaped(card.description)}" if card.description else ""))


def _poll(poll: views.Poll) -> str:
    lines = [
        f"- {_escaped(' '.join(option.label.split()))}: {option.percent}% ({option.votes})"
        for option in poll.options
    ]
    return "\n".join([*lines, f"\n{poll.total}. {poll.state}."])


def _link(words: str, url: str) -> str:
    return f"[{_escaped(words)}](<{_address(url)}>)"


def _address(url: str) -> str:
    return url.replace("<", "%3C").replace(">", "%3E")


def _escaped(text: str) -> str:
    return SPECIAL.sub(r"\\\1", text)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
