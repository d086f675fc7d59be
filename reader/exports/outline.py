"""What Markdown and plain text have in common: the order of things on a page, made from the page itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from reader import views


class Hand(Protocol):
    """Writes one kind of block. An empty answer writes nothing."""

    def post(self, post: views.Post) -> str: ...
    def notice(self, notice: views.Notice) -> str: ...
    def fork(self, fork: views.Fork, body: str) -> str: ...


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
