"""A conversation -> the thread that was asked for: chain, forks, gaps. Pure, iterative, never recursive.

A post is known here by its first version's id, so that replies to any version of it find it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from bot.domain import Conversation, Fork, Gap, GapReason, Goal, Post, Quote, Thread

NOBODY: frozenset[int] = frozenset()

People = frozenset[int | str]
NO_PEOPLE: People = frozenset()


@dataclass(frozen=True, slots=True)
class Chain:
    """What of a thread can be told without knowing its author's name or whom it quotes.

    `holes` are parents that it hangs on and that X was never asked for.
    """

    author_id: int
    posts: tuple[Post, ...]
    forks: tuple[Fork, ...]
    gaps: tuple[Gap, ...]
    holes: tuple[int, ...]

    @property
    def every_post(self) -> tuple[Post, ...]:
        return (*self.posts, *(post for fork in self.forks for post in fork.posts))


class Versions:
    """Posts by the id of any of their versions; the newest version stands for all."""

    def __init__(self, posts: Iterable[Post]) -> None:
        self._posts: dict[int, Post] = {}
        for post in posts:
            for version in post.versions or (post.id,):
                known = self._posts.get(version)
                if known is None or known.id < post.id:
                    self._posts[version] = post

    def find(self, post_id: int | None) -> Post | None:
        return None if post_id is None else self._posts.get(post_id)

    def key(self, post_id: int) -> int:
        post = self._posts.get(post_id)
        return post_id if post is None else post.first_version

    def __iter__(self) -> Iterator[Post]:
        return (post for version, post in self._posts.items() if version == post.first_version)


def assemble(conversation: Conversation, goal: Goal, *, exclude: AbstractSet[int] = NOBODY) -> Thread | None:
    """The thread that holds the goal's post, or None if nothing of it can be shown.

    `exclude` are ids of posts that only ask the bot for something; they are left out and what replies
    to them is taken to reply to their parent. Neither the order of the posts nor doing it twice matters.
    """
    chain = trace(conversation, goal, exclude=exclude)
    if chain is None or not chain.posts or chain.author_id not in conversation.authors:
        return None
    return Thread(
        id=chain.posts[0].first_version,
        conversation_id=chain.posts[0].conversation_id,
        author=conversation.authors[chain.author_id],
        posts=chain.posts,
        gaps=chain.gaps,
        forks=chain.forks,
        quotes=tuple(_quotes(conversation, chain.every_post)),
        complete=not chain.gaps and not conversation.cut,
        cut=conversation.cut,
    )


def keeping_gaps(thread: Thread, before: Thread) -> Thread:
    """What a page says is gone stays said, where nothing that is left hangs on it: the end of a line."""
    every = (*thread.posts, *(post for fork in thread.forks for post in fork.posts))
    versions, told = Versions(every), {gap.post_id for gap in thread.gaps}
    kept = [
        replace(gap, after=_place(gap.after, gap.post_id, versions, thread.posts))
        for gap in before.gaps
        if gap.post_id is not None and gap.reason != "over-cap"
        if gap.post_id not in told and versions.find(gap.post_id) is None
    ]
    return replace(thread, gaps=(*thread.gaps, *kept), complete=False) if kept else thread


def _place(after: int | None, lost: int, versions: Versions, line: Iterable[Post]) -> int | None:
    """After which post a gap stands now: the same one, else the newest of the line before what is lost."""
    if (post := versions.find(after)) is not None:
        return post.id
    return max((post.id for post in line if post.first_version < lost), default=None)


def trace(conversation: Conversation, goal: Goal, *, exclude: AbstractSet[int] = NOBODY) -> Chain | None:
    """The chain that holds the goal's post; None while it is not known whose, or nothing is known of it."""
    versions = Versions(conversation.posts.values())
    goal = _completed(goal, versions, conversation)
    author_id = _subject(versions, conversation, goal, exclude)
    if author_id is None:
        return None
    family = _Family(versions, author_id, exclude)
    tree = _tree(family, goal, conversation.missing)
    if tree is None:
        return None
    line, branches = _lines(tree, _path(tree, family.standing(goal.post_id)))
    posts = tuple(family.posts[key] for key in line if key in family.posts)
    gaps = [
        *_gaps(family, tree, line, branches, conversation),
        *_end(family, tree, goal, conversation, posts),
    ]
    return Chain(
        author_id=author_id,
        posts=posts,
        forks=tuple(_fork(family, at, branch) for at, branch in branches),
        gaps=tuple(dict.fromkeys(gaps)),
        holes=tuple(sorted(tree.holes)),
    )


def subject(conversation: Conversation, goal: Goal, *, exclude: AbstractSet[int] = NOBODY) -> int | None:
    """Whose thread is meant: the conversation's author, unless the author of the post pointed at has a
    thread of two posts or more in there that holds it. None while too little is known.
    """
    versions = Versions(conversation.posts.values())
    return _subject(versions, conversation, _completed(goal, versions, conversation), exclude)


def completed(goal: Goal, conversation: Conversation) -> Goal:
    """The goal with what the post itself tells, where the mention did not."""
    return _completed(goal, Versions(conversation.posts.values()), conversation)


def prefix_people(post: Post) -> People:
    """Whom a post's automatic reply prefix names, by id where X gives it, else by name."""
    return _named(post, before=post.display_start) if post.display_start else NO_PEOPLE


def _named(post: Post, *, before: int | None = None) -> People:
    if not post.entities:
        return NO_PEOPLE
    return frozenset(
        entity.user_id if entity.user_id is not None else entity.value.casefold()
        for entity in post.entities
        if entity.kind == "mention" and (before is None or entity.end <= before)
    )


def _completed(goal: Goal, versions: Versions, conversation: Conversation) -> Goal:
    post = versions.find(goal.post_id)
    if post is None:
        return goal
    author = conversation.authors.get(post.author_id)
    return Goal(
        post_id=goal.post_id,
        conversation_id=goal.conversation_id or post.conversation_id,
        author_id=post.author_id,
        author_username=goal.author_username or (author.username if author else None),
    )


def _subject(
    versions: Versions, conversation: Conversation, goal: Goal, exclude: AbstractSet[int]
) -> int | None:
    root = versions.find(goal.conversation_id)
    if root is not None and goal.author_id in (None, root.author_id):
        return root.author_id
    if goal.author_id is None:
        return None
    if _has_own_thread(versions, goal.post_id, goal.author_id, exclude):
        return goal.author_id
    if root is not None:
        return root.author_id
    if goal.post_id == goal.conversation_id:
        return goal.author_id
    if goal.conversation_id not in conversation.missing:
        return None
    return _answered(versions.find(goal.post_id), goal, conversation)


def _answered(pointed: Post | None, goal: Goal, conversation: Conversation) -> int | None:
    """Where the conversation's first post is gone, its author is taken to be the one who was answered."""
    if pointed is None:
        return goal.author_id if goal.post_id in conversation.missing else None
    return pointed.reply_to_author or pointed.author_id


def _has_own_thread(versions: Versions, post_id: int, author_id: int, exclude: AbstractSet[int]) -> bool:
    family = _Family(versions, author_id, exclude)
    key = family.standing(post_id)
    if key is None:
        return False
    post = family.posts.get(key)
    return key in family.children or (post is not None and family.parent_of(post) is not None)


class _Family:
    """One author's posts in a conversation, and which of them reply to which.

    A parent that is not known to be somebody else's is a phantom until X shows it.
    """

    def __init__(self, versions: Versions, author_id: int, exclude: AbstractSet[int]) -> None:
        self.author_id = author_id
        self.exclude = exclude
        self._versions = versions
        self._left_out: dict[int, Post] = {}
        self.posts: dict[int, Post] = {}
        for post in versions:
            if post.author_id == author_id:
                out = bool(exclude) and not exclude.isdisjoint((post.id, *post.versions))
                (self._left_out if out else self.posts)[post.first_version] = post
        self.children: dict[int, list[int]] = {}
        for key in sorted(self.posts):
            parent = self.parent_of(self.posts[key])
            if parent is not None:
                self.children.setdefault(parent, []).append(key)
        self.phantoms = self.children.keys() - self.posts.keys()

    def is_strangers(self, key: int) -> bool:
        post = self._versions.find(key)
        return post is not None and post.author_id != self.author_id

    def parent_of(self, post: Post) -> int | None:
        """The post of the same author that this one replies to; None if it starts a chain."""
        while post.reply_to is not None and post.reply_to_author in (self.author_id, None):
            parent = self._versions.key(post.reply_to)
            if parent >= post.first_version or self.is_strangers(parent):
                return None
            if parent not in self._left_out:
                return parent
            post = self._left_out[parent]
        return None

    def standing(self, post_id: int) -> int | None:
        """The key of a post, or of the one that stands for it because it only asks the bot."""
        key = self._versions.key(post_id)
        return self.parent_of(self._left_out[key]) if key in self._left_out else key

    def holds(self, key: int) -> bool:
        return key in self.posts or key in self.children

    def climb(self, key: int) -> int:
        """The first post of the chain that holds this one; a phantom where the chain is torn."""
        while key in self.posts and (parent := self.parent_of(self.posts[key])) is not None:
            key = parent
        return key

    def people(self, key: int) -> People:
        """Whom X may put in front of the author's replies to this post: everybody it names."""
        if (post := self.posts.get(key)) is not None:
            return _named(post)
        return frozenset().union(*(prefix_people(self.posts[child]) for child in self.children.get(key, ())))


@dataclass(slots=True)
class _Tree:
    """The chain and its forks from `top` on: children by post, and which child stands behind which phantom.

    `holes` are the phantoms that X was never asked for and that may belong to the chain.
    """

    family: _Family
    top: int
    members: list[int] = field(default_factory=list)
    children: dict[int, list[int]] = field(default_factory=dict)
    parents: dict[int, int] = field(default_factory=dict)
    behind: dict[int, int] = field(default_factory=dict)
    holes: set[int] = field(default_factory=set)
    named: set[int | str] = field(default_factory=set)

    def grow(self, missing: Mapping[int, GapReason]) -> None:
        """Everything that hangs on the top. What replies to a post that is gone is bridged to the newest
        post of the chain before it, unless it speaks to others: X puts the people of a side conversation
        in front of each of its posts, and nobody in front of the thread that it is beside.
        """
        self._add(self.top)
        if self.top not in self.family.posts:
            self.behind.update(dict.fromkeys(self.family.children.get(self.top, ()), self.top))
            self._notice_hole(self.top, missing)
        opening = self.family.posts.get(self.top)
        if opening and opening.reply_to is not None and not self.children:
            return  # one answer to somebody is no chain that could go on behind a gap
        people = prefix_people(opening) if opening else self.family.people(self.top)
        for phantom in sorted(self.family.phantoms - {self.top}):
            place = bisect_left(self.members, phantom) - 1
            if place < 0:
                continue
            bridge = self.members[place]
            for child in self.family.children[phantom]:
                spoken_to = prefix_people(self.family.posts[child]) - {self.family.author_id}
                if spoken_to <= self.named:
                    self._notice_hole(phantom, missing)
                if spoken_to <= people | self.family.people(bridge) and bool(spoken_to) >= bool(people):
                    self._bridge(child, phantom, bridge)

    def _notice_hole(self, phantom: int, missing: Mapping[int, GapReason]) -> None:
        if phantom not in missing and phantom not in self.family.exclude:
            self.holes.add(phantom)

    def _bridge(self, child: int, phantom: int, bridge: int) -> None:
        if phantom not in self.family.exclude:
            self.behind[child] = phantom
        self.parents[child] = bridge
        insort(self.children.setdefault(bridge, []), child)
        self._add(child)

    def _add(self, top: int) -> None:
        todo = [top]
        while todo:
            key = todo.pop()
            insort(self.members, key)
            self.named |= self.family.people(key)
            children = self.family.children.get(key)
            if children:
                self.children[key] = sorted((*self.children.get(key, ()), *children))
                self.parents.update(dict.fromkeys(children, key))
                todo.extend(children)


def _tree(family: _Family, goal: Goal, missing: Mapping[int, GapReason]) -> _Tree | None:
    """The chain from its root, be it known or a phantom that others reply to.

    Where the conversation's first post stands alone, a chain that its author began under somebody's reply
    is meant if that is what was pointed at.
    """
    key = family.standing(goal.post_id)
    top = _root(family, goal, key)
    if top is None:
        return None if key is None else _from(key, family, missing)
    tree = _grown(top, family, missing)
    if len(tree.members) == 1 and key in family.posts and key != top:
        other = _from(key, family, missing)
        tree = other if other is not None and len(other.members) > 1 else tree
    return tree if tree.children or top in family.posts else None


def _root(family: _Family, goal: Goal, key: int | None) -> int | None:
    """The conversation's first post, if it is the author's own as far as is known.

    Only the conversation's author has posts without anybody's name in front behind a post that is gone.
    """
    root = None if goal.conversation_id is None else family.standing(goal.conversation_id)
    if root is None or family.is_strangers(root):
        return None
    if root in family.posts or root in family.phantoms or key is None or not family.holds(key):
        return root
    climbed = family.climb(key)
    return root if climbed in family.phantoms and not family.people(climbed) else None


def _from(key: int, family: _Family, missing: Mapping[int, GapReason]) -> _Tree | None:
    """The chain that holds a post, from the oldest part that X left of it."""
    if not family.holds(key):
        return None
    top = family.climb(key)
    if top in family.phantoms:
        older = {family.climb(child) for children in family.children.values() for child in children}
        for each in sorted(each for each in older if each < top):
            tree = _grown(each, family, missing)
            if top in tree.behind.values():
                return tree
    return _grown(top, family, missing)


def _grown(top: int, family: _Family, missing: Mapping[int, GapReason]) -> _Tree:
    tree = _Tree(family, top)
    tree.grow(missing)
    return tree


def _path(tree: _Tree, key: int | None) -> set[int]:
    path: set[int] = set()
    while key is not None:
        path.add(key)
        key = tree.parents.get(key)
    return path


Branches = list[tuple[int, list[int]]]


def _lines(tree: _Tree, path: AbstractSet[int]) -> tuple[list[int], Branches]:
    """The main line, and each other line with the post it leaves from, in order of their first post.

    At a fork the way goes to the post pointed at, else to where it goes on longest, else to the earliest.
    """
    length = _lengths(tree)

    def follow(key: int) -> list[int]:
        line = [key]
        while children := tree.children.get(line[-1]):
            chosen = min(children, key=lambda child: (child not in path, -length[child], child))
            starts.extend((line[-1], child) for child in children if child != chosen)
            line.append(chosen)
        return line

    starts: list[tuple[int, int]] = []
    main = follow(tree.top)
    branches: Branches = []
    while starts:
        at, start = starts.pop()
        branches.append((at, follow(start)))
    return main, sorted(branches, key=lambda branch: branch[1][0])


def _lengths(tree: _Tree) -> dict[int, int]:
    """The number of posts on the longest line below each post, itself included."""
    length: dict[int, int] = {}
    for key in reversed(tree.members):  # a post is older than what replies to it
        length[key] = 1 + max((length[child] for child in tree.children.get(key, ())), default=0)
    return length


def _fork(family: _Family, at: int, branch: list[int]) -> Fork:
    left_from = family.posts.get(at)
    return Fork(left_from.id if left_from else at, tuple(family.posts[key] for key in branch))


def _gaps(
    family: _Family, tree: _Tree, line: list[int], branches: Branches, conversation: Conversation
) -> Iterator[Gap]:
    lines = [(None, line), *branches]
    for at, each in lines:
        for before, key in zip([at, *each], each, strict=False):
            if (phantom := tree.behind.get(key)) is not None:
                shown = family.posts.get(before) if before is not None else None
                reason = _reason(phantom, family, conversation)
                yield Gap(after=shown.id if shown else None, reason=reason, post_id=phantom)


def _end(
    family: _Family, tree: _Tree, goal: Goal, conversation: Conversation, posts: tuple[Post, ...]
) -> Iterator[Gap]:
    """The post pointed at, where the author's thread ended with it and X says that it is gone. One that is
    not the newest and that nothing hangs on may have been an answer to somebody.
    """
    lost = goal.post_id
    theirs = goal.author_id == family.author_id and lost not in family.exclude
    if theirs and posts and lost in conversation.missing and lost > tree.members[-1]:
        yield Gap(posts[-1].id, _reason(lost, family, conversation), lost)


def _reason(lost: int, family: _Family, conversation: Conversation) -> GapReason:
    told = conversation.missing.get(lost, "over-cap" if conversation.cut else "not-found")
    visible = conversation.authors.get(family.author_id)
    # Protection covers all of an account; one post alone that we may not see is withheld.
    return "withheld" if told == "protected" and visible and not visible.protected else told


def _quotes(conversation: Conversation, posts: Iterable[Post]) -> Iterator[Quote]:
    wanted = {post.quoted for post in posts} - {None}
    versions = Versions(conversation.posts.values() if wanted else ())
    found = {post.id: post for quoted in wanted if (post := versions.find(quoted)) is not None}
    for _, post in sorted(found.items()):
        yield Quote(post, conversation.authors.get(post.author_id))
