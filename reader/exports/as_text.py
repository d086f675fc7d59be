"""A thread's page -> plain text."""

from __future__ import annotations

from collections.abc import Iterable

from reader import dates, prose, views
from reader.exports import outline


def render(page: views.ThreadPage, public_url: str) -> bytes:
    author = page.author
    head = (
        f"{author.name} (@{author.username})\n"
        f"{dates.day(page.written)}, {page.count}, {page.minutes} min read\n"
        f"{public_url}{page.path}\n{page.url}"
    )
    foot = "Text and pictures belong to their author."
    return f"{head}\n\n\n{outline.body(page, _Hand())}\n\n\n{foot}\n".encode("utf-8", "replace")


class _Hand:
    def post(self, post: views.Post) -> str:
        blocks = [_words(post), *_attachments(post.attachments)]
        if post.quote:
            blocks.append(_quote(post.quote))
        blocks += [f"[Link: {card.title} \u2014 {card.url or card.place}]" for card in post.cards]
        if post.poll:
            blocks.append(_poll(post.poll))
        mark = f"{post.number}/{post.total}" + (" (edited)" if post.edited else "")
        return "\n\n".join([mark, *(block for block in blocks if block)])

    def notice(self, notice: views.Notice) -> str:
        return f"[{notice.sentence}]"

    def fork(self, fork: views.Fork, body: str) -> str:
        return f"[{fork.summary}]\n\n{_indented(body, '    ')}"


def _words(post: views.Post) -> str:
    whole = (post.heading, *post.paragraphs) if post.heading else post.paragraphs
    return _paragraphs(whole)


def _paragraphs(found: Iterable[views.Paragraph]) -> str:
    return "\n\n".join(prose.words(paragraph) for paragraph in found)


def _attachments(items: Iterable[views.Attachment]) -> list[str]:
    return [f"[{item.label}: {item.alt}]" if item.alt else f"[{item.label}]" for item in items]


def _quote(quote: views.Quote) -> str:
    if not quote.known:
        return f"[A quoted post: {quote.url}]"
    who = f"{quote.person.name} (@{quote.person.username}):" if quote.person else "A quoted post:"
    blocks = [who, _paragraphs(quote.paragraphs), *_attachments(quote.attachments), quote.url]
    return _indented("\n\n".join(block for block in blocks if block), "> ")


def _poll(poll: views.Poll) -> str:
    lines = [f"- {option.label}: {option.percent}% ({option.votes})" for option in poll.options]
    return "\n".join([*lines, f"{poll.total}. {poll.state}"])


def _indented(text: str, prefix: str) -> str:
    return "\n".join((prefix + line).rstrip() for line in text.split("\n"))
