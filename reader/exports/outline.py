"""What several forms have in common: the order of things on a page, and what a post is called in contents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from bot.rules.text import opening
from reader import prose, views

ENTRY_LENGTH = 60


class Hand(Protocol):
    """Writes one kind of block. An empty answer writes nothing."""

    def post(self, post: views.Post) -> str: ...
    def notice(self, notice: views.Notice) -> str: ...
    def fork(self, fork: views.Fork, body: str) -> str: ...


def entry(post: views.Post) -> str:
    """A post in a table of contents: its number, and its heading or how it begins."""
    paragraphs = (post.heading,) if post.heading else post.paragraphs
    begins = prose.label(" ".join(prose.words(paragraph) for paragraph in paragraphs))
    return f"{post.number} \u00b7 {opening(begins, ENTRY_LENGTH)}".rstrip(" \u00b7")


def body(page: views.ThreadPage, hand: Hand) -> str:
    """All blocks of a page in order, parted by blank lines."""
    blocks = [hand.notice(notice) for notice in page.before]
    blocks += _posts(page.posts, hand)
    blocks += [hand.notice(notice) for notice in page.after]
    blocks += [_fork(fork, hand) for fork in page.stray_forks]
    return _joined(blocks)


def _posts(posts: tuple[views.Post, ...], hand: Hand) -> Iterator[str]:
    for post in posts:
        yield hand.post(post)
        yield from (hand.notice(notice) for notice in post.notices)
        yield from (_fork(fork, hand) for fork in post.forks)


def _fork(fork: views.Fork, hand: Hand) -> str:
    return hand.fork(fork, _joined(list(_posts(fork.posts, hand))))


def _joined(blocks: list[str]) -> str:
    return "\n\n".join(block for block in blocks if block)
