"""A conversation -> the thread that was asked for: chain, forks, gaps. Pure, iterative, never recursive.

A post is known here by its first version's id, so that replies to any version of it find it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from bot.domain import Conversation, Fork, Gap, GapReason, Goal, Post, Quote, Thread

NOBODY: frozenset[int] = frozenset()


def subject(conversation: Conversation, goal: Goal) -> int | None:
    """Whose thread is meant: the conversation's author, unless the author of the post pointed at has a
    thread of two posts or more in there that holds it. None while too little is known.
    """
    pointed = newest_version(conversation, goal.post_id)
    pointed_author = goal.author_id if pointed is None else pointed.author_id
    root = newest_version(conversation, goal.conversation_id)
    if root is None or pointed_author is None or pointed_author == root.author_id:
        return pointed_author if root is None else root.author_id
    return pointed_author if _has_own_thread(conversation, goal.post_id, pointed_author) else root.author_id


def completed(goal: Goal, conversation: Conversation) -> Goal:
    """The goal with what the post itself tells, where the mention did not."""
    post = newest_version(conversation, goal.post_id)
    if post is None:
        return goal
    author = conversation.authors.get(post.author_id)
    return Goal(
        post_id=goal.post_id,
        conversation_id=goal.conversation_id or post.conversation_id,
        author_id=goal.author_id or post.author_id,
        author_username=goal.author_username or (author.username if author else None),
    )


def newest_version(conversation: Conversation, post_id: int | None) -> Post | None:
    """The newest version known of a post, named by any of its versions."""
    if post_id is None:
        return None
    found = [post for post in conversation.posts.values() if post_id == post.id or post_id in post.versions]
    return max(found, key=lambda post: post.id, default=None)


def holes(conversation: Conversation, author_id: int, *, exclude: AbstractSet[int] = NOBODY) -> list[int]:
    """The parents that the author's chain names, that are neither known nor known to be missing."""
    family = _Family(conversation, author_id, exclude)
    return sorted(
        parent
        for parent in family.phantoms
        if parent not in conversation.missing
        and not all(family.is_aside(child, family.root_people) for child in family.children[parent])
    )


def assemble(conversation: Conversation, goal: Goal, *, exclude: AbstractSet[int] = NOBODY) -> Thread | None:
    """The thread that holds the goal's post, or None if nothing of it can be shown.

    `exclude` are ids of posts that only ask the bot for something; they are left out and what replies
    to them is taken to reply to their parent. Neither the order of the posts nor doing it twice matters.
    """
    goal = completed(goal, conversation)
    author_id = subject(conversation, goal)
    if author_id is None or author_id not in conversation.authors:
        return None
    family = _Family(conversation, author_id, exclude)
    top = _top(family, goal)
    if top is None:
        return None
    tree = _Tree.grow(family, top)
    line, branches = _lines(tree, top, _path(tree, family.key(goal.post_id)))
    posts = tuple(family.posts[key] for key in line if key in family.posts)
    if not posts:
        return None
    forks = tuple(
        Fork(family.posts[at].id, tuple(family.posts[key] for key in branch)) for at, branch in branches
    )
    gaps = tuple(_gaps(family, tree, line, branches, cut=conversation.cut))
    return Thread(
        id=posts[0].first_version,
        conversation_id=posts[0].conversation_id,
        author=conversation.authors[author_id],
        posts=posts,
        gaps=gaps,
        forks=forks,
        quotes=tuple(_quotes(conversation, [*posts, *(post for fork in forks for post in fork.posts)])),
        complete=not gaps and not conversation.cut,
        cut=conversation.cut,
    )


def _has_own_thread(conversation: Conversation, post_id: int, author_id: int) -> bool:
    family = _Family(conversation, author_id, NOBODY)
    key = family.key(post_id)
    if family.children.get(key):
        return True
    post = family.posts.get(key)
    return post is not None and family.parent_of(post) is not None


class _Family:
    """One author's posts in a conversation, and which of them reply to which."""

    def __init__(self, conversation: Conversation, author_id: int, exclude: AbstractSet[int]) -> None:
        self.author_id = author_id
        self.missing = conversation.missing
        self._keys: dict[int, int] = {}
        self._strangers: set[int] = set()
        self.posts: dict[int, Post] = {}
        self._left_out: dict[int, Post] = {}
        for post in conversation.posts.values():
            if post.author_id != author_id:
                self._strangers.update(post.versions, (post.id,))
                continue
            key = post.first_version
            self._keys.update(dict.fromkeys((post.id, *post.versions), key))
            home = self.posts if exclude.isdisjoint((post.id, *post.versions)) else self._left_out
            if key not in home or home[key].id < post.id:
                home[key] = post
        self.children: dict[int, list[int]] = {}
        self.phantoms: set[int] = set()
        for key, post in self.posts.items():
            parent = self.parent_of(post)
            if parent is None:
                continue
            self.children.setdefault(parent, []).append(key)
            if parent not in self.posts:
                self.phantoms.add(parent)
        for siblings in self.children.values():
            siblings.sort()
        self.root_people = self._root_people()

    def key(self, post_id: int) -> int:
        return self._keys.get(post_id, post_id)

    def parent_of(self, post: Post) -> int | None:
        """The post of the same author that this one replies to; None if it starts a chain."""
        seen = {post.first_version}
        while post.reply_to is not None and post.reply_to_author in (self.author_id, None):
            parent = self.key(post.reply_to)
            if parent in seen or parent in self._strangers:
                return None
            if parent not in self._left_out:
                return parent
            seen.add(parent)
            post = self._left_out[parent]
        return None

    def is_aside(self, key: int, people: AbstractSet[int | str]) -> bool:
        """Whether a post speaks to others than the thread does: X puts the people of a side conversation
        in front of each of its posts, and nobody in front of the author's replies to themself.
        """
        return not prefix_people(self.posts[key]) <= (people | {self.author_id})

    def _root_people(self) -> frozenset[int | str]:
        tops = [key for key, post in self.posts.items() if self.parent_of(post) is None]
        return prefix_people(self.posts[min(tops)]) if tops else frozenset()


def prefix_people(post: Post) -> frozenset[int | str]:
    """Whom a post's automatic reply prefix names, by id where X gives it, else by name."""
    return frozenset(
        entity.user_id if entity.user_id is not None else entity.value.casefold()
        for entity in post.entities
        if entity.kind == "mention" and entity.end <= post.display_start
    )


def _top(family: _Family, goal: Goal) -> int | None:
    """The first post of the chain that is meant: known, or a phantom that others reply to."""
    root = None if goal.conversation_id is None else family.key(goal.conversation_id)
    root_is_own = root is not None and (root in family.posts or root in family.phantoms)
    if root_is_own:
        return root
    key = family.key(goal.post_id)
    if key in family.posts:
        return _climb(family, key)
    if key in family.phantoms:
        return key
    return min(
        (key for key, post in family.posts.items() if family.parent_of(post) in (None, *family.phantoms)),
        default=None,
    )


def _climb(family: _Family, key: int) -> int:
    seen = {key}
    while key in family.posts:
        parent = family.parent_of(family.posts[key])
        if parent is None or parent in seen:
            return key
        seen.add(parent)
        key = parent
    return key


@dataclass(frozen=True, slots=True)
class _Tree:
    """The chain and its forks: children by post, and which child stands behind which phantom."""

    children: dict[int, list[int]]
    parents: dict[int, int]
    behind: dict[int, int]

    @classmethod
    def grow(cls, family: _Family, top: int) -> _Tree:
        """Everything that hangs on the top. What replies to a post that is gone is bridged to the newest
        post of the chain before it, unless it speaks to others.
        """
        tree = cls({}, {}, {})
        members: list[int] = []
        people = prefix_people(family.posts[top]) if top in family.posts else family.root_people
        tree._add(family, top, members)
        if top in family.phantoms:
            tree.behind.update(dict.fromkeys(family.children[top], top))
        for phantom in sorted(family.phantoms - {top}):
            place = bisect_left(members, phantom) - 1
            if place < 0:
                continue
            bridge = members[place]
            for child in family.children[phantom]:
                if child <= bridge or family.is_aside(child, people):
                    continue
                tree.behind[child] = phantom
                tree.parents[child] = bridge
                insort(tree.children.setdefault(bridge, []), child)
                tree._add(family, child, members)
        return tree

    def _add(self, family: _Family, top: int, members: list[int]) -> None:
        todo = [top]
        while todo:
            key = todo.pop()
            insort(members, key)
            children = family.children.get(key, [])
            if children:
                merged = {*self.children.get(key, []), *children}
                self.children[key] = sorted(merged)
            for child in children:
                self.parents[child] = key
                todo.append(child)


def _path(tree: _Tree, key: int) -> set[int]:
    path: set[int] = set()
    at: int | None = key
    while at is not None and at not in path:
        path.add(at)
        at = tree.parents.get(at)
    return path


def _lines(tree: _Tree, top: int, path: AbstractSet[int]) -> tuple[list[int], list[tuple[int, list[int]]]]:
    """The main line, and each other line with the post it leaves from, in order of their first post."""
    length = _lengths(tree, top)

    def follow(key: int) -> list[int]:
        line = [key]
        while children := tree.children.get(line[-1]):
            chosen = min(children, key=lambda child: (child not in path, -length[child], child))
            starts.extend((line[-1], child) for child in children if child != chosen)
            line.append(chosen)
        return line

    starts: list[tuple[int, int]] = []
    main = follow(top)
    branches: list[tuple[int, list[int]]] = []
    while starts:
        at, start = starts.pop()
        branches.append((at, follow(start)))
    return main, sorted(branches, key=lambda branch: branch[1][0])


def _lengths(tree: _Tree, top: int) -> dict[int, int]:
    """The number of posts on the longest line below each post, itself included."""
    order, todo = [], [top]
    while todo:
        key = todo.pop()
        order.append(key)
        todo.extend(tree.children.get(key, []))
    length: dict[int, int] = {}
    for key in reversed(order):
        length[key] = 1 + max((length[child] for child in tree.children.get(key, [])), default=0)
    return length


def _gaps(
    family: _Family,
    tree: _Tree,
    line: list[int],
    branches: Iterable[tuple[int, list[int]]],
    *,
    cut: bool,
) -> Iterator[Gap]:
    def reason(phantom: int) -> GapReason:
        return family.missing.get(phantom, "over-cap" if cut else "not-found")

    starts = [*zip([None, *line], line, strict=False), *((at, branch[0]) for at, branch in branches)]
    for before, key in starts:
        if (phantom := tree.behind.get(key)) is not None:
            shown = family.posts.get(before) if before is not None else None
            yield Gap(after=shown.id if shown else None, reason=reason(phantom), post_id=phantom)


def _quotes(conversation: Conversation, posts: Iterable[Post]) -> Iterator[Quote]:
    by_version = {
        version: post
        for _, post in sorted(conversation.posts.items())
        for version in (post.id, *post.versions)
    }
    seen: set[int] = set()
    for post in posts:
        quoted = by_version.get(post.quoted) if post.quoted is not None else None
        if quoted is not None and quoted.id not in seen:
            seen.add(quoted.id)
            yield Quote(quoted, conversation.authors.get(quoted.author_id))
