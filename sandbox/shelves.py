"""Where posts are found again: by id, by author, by conversation, by who is named and by what is answered."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.nouns import Post


class Shelf:
    """Posts in the order of their ids."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._posts: dict[int, Post] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, post: Post) -> None:
        number = post.number
        if number in self._posts:
            return
        self._posts[number] = post
        if not self._numbers or number > self._numbers[-1]:
            self._numbers.append(number)
        else:
            insort(self._numbers, number)

    def newest_first(self, before: int | None = None) -> Iterator[Post]:
        """All posts whose id is below `before`; safe against posts added meanwhile."""
        end = len(self._numbers) if before is None else bisect_left(self._numbers, before)
        for index in range(end - 1, -1, -1):
            yield self._posts[self._numbers[index]]


EMPTY = Shelf()


class Shelves:
    def __init__(self) -> None:
        self.by_id: dict[str, Post] = {}
        self.all = Shelf()
        self._by_author: defaultdict[str, Shelf] = defaultdict(Shelf)
        self._by_conversation: defaultdict[str, Shelf] = defaultdict(Shelf)
        self._by_both: defaultdict[tuple[str, str], Shelf] = defaultdict(Shelf)
        self._naming: defaultdict[str, Shelf] = defaultdict(Shelf)
        self._replies: defaultdict[str, Shelf] = defaultdict(Shelf)
        self._quotes: defaultdict[str, Shelf] = defaultdict(Shelf)
        self._saying: defaultdict[tuple[str, str], Shelf] = defaultdict(Shelf)

    def add(self, post: Post) -> None:
        self.by_id[post.id] = post
        self.all.add(post)
        self._by_author[post.author.id].add(post)
        self._by_conversation[post.conversation_id].add(post)
        self._by_both[post.conversation_id, post.author.id].add(post)
        self._saying[post.author.id, post.raw].add(post)
        for user_id in post.mentioned_ids:
            self._naming[user_id].add(post)
        if post.replied_to_id:
            self._replies[post.replied_to_id].add(post)
        if post.quoted_id:
            self._quotes[post.quoted_id].add(post)

    def by_author(self, user_id: str) -> Shelf:
        return self._by_author.get(user_id, EMPTY)

    def conversation(self, conversation_id: str, author_id: str | None = None) -> Shelf:
        if author_id is None:
            return self._by_conversation.get(conversation_id, EMPTY)
        return self._by_both.get((conversation_id, author_id), EMPTY)

    def naming(self, user_id: str) -> Shelf:
        return self._naming.get(user_id, EMPTY)

    def saying(self, user_id: str, words: str) -> Shelf:
        """An author's posts of the very same words."""
        return self._saying.get((user_id, words), EMPTY)

    def replies(self, post_id: str) -> Shelf:
        return self._replies.get(post_id, EMPTY)

    def quotes(self, post_id: str) -> Shelf:
        return self._quotes.get(post_id, EMPTY)
