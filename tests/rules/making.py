"""Posts and conversations made up for the rules: what X would send, without X."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from bot.domain import Author, Conversation, Entity, Goal, Post

ADA, BOB, EVE = 11, 12, 13
AUTHORS = {
    ADA: Author(ADA, "ada", "Ada Quill"),
    BOB: Author(BOB, "bob", "Bob Marsh"),
    EVE: Author(EVE, "eve", "Eve Stone"),
}
EPOCH_MS = 1_288_834_974_657
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def id_at(moment: datetime, order: int = 0) -> int:
    return (int(moment.timestamp() * 1000) - EPOCH_MS) << 22 | order


def make_post(post_id: int, author: int = ADA, text: str = "Words.", **fields) -> Post:
    values = {"conversation_id": post_id, "created_at": NOON, "versions": (post_id,), **fields}
    return Post(id=post_id, author_id=author, text=text, **values)


def make_reply(post_id: int, parent: Post, author: int = ADA, text: str = "Words.", **fields) -> Post:
    """With the names that X puts in front of a reply."""
    people = _people(parent) if parent.author_id == author else [parent.author_id, *_people(parent)]
    people = [each for each in dict.fromkeys(people) if each != author]
    prefix, marks = "", []
    for each in people:
        name = AUTHORS[each].username
        marks.append(Entity("mention", len(prefix), len(prefix) + 1 + len(name), name, user_id=each))
        prefix += f"@{name} "
    values = {
        "conversation_id": parent.conversation_id,
        "reply_to": parent.id,
        "reply_to_author": parent.author_id,
        "display_start": len(prefix),
        "entities": tuple(marks),
        **fields,
    }
    return make_post(post_id, author, prefix + text, **values)


def _people(post: Post) -> list[int]:
    return [e.user_id for e in post.entities if e.end <= post.display_start and e.user_id is not None]


def known(*posts: Post, missing=None, **fields) -> Conversation:
    return Conversation({post.id: post for post in posts}, AUTHORS, missing or {}, **fields)


def chain_of(count: int, author: int = ADA, start: datetime = NOON, first: Post | None = None) -> list[Post]:
    """A thread, a post a minute; the reply of its author to `first` where one is given."""
    posts: list[Post] = []
    for n in range(count):
        moment = start + timedelta(minutes=n)
        post_id, told = id_at(moment, n), {"created_at": moment, "text": f"Part {n + 1}."}
        parent = posts[-1] if posts else first
        posts.append(
            make_reply(post_id, parent, author, **told) if parent else make_post(post_id, author, **told)
        )
    return posts


@dataclass(frozen=True)
class Scene:
    """All that was ever posted, and the part of it that can still be read."""

    everything: tuple[Post, ...]
    conversation: Conversation
    goal: Goal


@st.composite
def scenes(draw, *, told: bool | None = None, opening: int = 0) -> Scene:
    """A conversation of three people with forks, asides, edits, deletions and posts of one second.

    `told`: whether X has said of each missing post that it is deleted; None draws it for each. `opening`: so
    many posts at its beginning are one author's, each a reply to the last and all of them there, and it is
    one of them that is pointed at.
    """
    count = draw(st.integers(max(1, opening), 24))
    posts: list[Post] = []
    gone: set[int] = set()
    moment = NOON
    for n in range(count):
        moment += timedelta(seconds=draw(st.sampled_from([0, 0, 1, 90])))
        post_id = id_at(moment, 10 * n)
        fields = {"created_at": moment.replace(microsecond=0), "text": f"Part {n}."}
        if not posts:
            post = make_post(post_id, ADA if opening else draw(st.sampled_from([ADA, ADA, BOB])), **fields)
        elif n < opening:
            post = make_reply(post_id, posts[-1], ADA, **fields)
        else:
            near = st.integers(max(0, n - 3), n - 1)
            parent = posts[draw(st.one_of(st.just(n - 1), near, st.integers(0, n - 1)))]
            author = draw(st.sampled_from([ADA, ADA, ADA, ADA, BOB, EVE]))
            post = make_reply(post_id, parent, author, **fields)
        if draw(st.integers(0, 5)) == 0:  # edited; a reply names the version that it answered
            edited = replace(post, id=post_id + 1, versions=(post_id, post_id + 1))
            post = draw(st.sampled_from([edited, replace(edited, id=post_id)]))
        posts.append(post)
        if n >= opening and draw(st.integers(0, 5)) == 0:
            gone.add(post_id)
    shown = [_shown(post) for post in posts if post.first_version not in gone]
    missing = {
        version: "deleted"
        for post in posts
        if post.first_version in gone and (draw(st.booleans()) if told is None else told)
        for version in post.versions
    }
    pointed = draw(st.sampled_from(posts[: opening or count]))
    goal = Goal(
        draw(st.sampled_from(pointed.versions)), posts[0].conversation_id, pointed.author_id, "somebody"
    )
    order = draw(st.permutations(shown))
    return Scene(tuple(_shown(post) for post in posts), known(*order, missing=missing), goal)


def _shown(post: Post) -> Post:
    """As search gives it: the newest version."""
    return replace(post, id=post.versions[-1])
