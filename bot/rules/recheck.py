"""Which saved posts to read again now, and what X's word on them makes of a page. Pure.

X bills a post once a UTC day, so every page is paid for as early on the day as it can be, the most wanted
first while the money lasts; from then on it is read again for nothing until midnight:

    not read today, and the money reaches all of the page    the most read, then the most recently changed
    read today, a while ago                                  free: whoever was confirmed longest ago

What the money does not reach is hidden when its last confirmation is too old.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from bot.domain import Author, Conversation, Fork, Gap, GapReason, Post, Quote, Thread
from bot.rules.plan import LOOKUP_BATCH
from bot.rules.thread import Versions

# X's developer policy: what is gone or changed on X goes or changes here within 24 hours. Browsers and
# caches may keep a picture for an hour, so a page may be shown for one hour less after its confirmation.
CONFIRMED_FOR = timedelta(hours=23)

# A page read today costs nothing to read again; the sooner a deletion is found the better, and X lets an
# app look up 350,000 posts in 15 minutes.
AGAIN_AFTER = timedelta(hours=1)

# Codes that stand for all countries: withheld everywhere, and after a complaint about copyright.
COPYRIGHT = "XY"
EVERYWHERE = frozenset({"XX", COPYRIGHT})


@dataclass(frozen=True, slots=True)
class Shown:
    """A post that a page shows, quoted ones among them.

    `confirmed_at` is when X last gave it to us, `author_known_at` when X last told its author's profile.
    """

    id: int
    confirmed_at: datetime
    author_known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A public page: `reads` is how often it was asked for, `changed_at` when its thread last changed."""

    thread_id: int
    changed_at: datetime
    posts: tuple[Shown, ...]
    reads: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """One call: `cost` is how many of the posts X bills, and `with_authors` that their profiles are free."""

    ids: tuple[int, ...] = ()
    cost: int = 0
    with_authors: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """X's newest word: the posts it gave, those it says nobody may read, and profiles that came along."""

    posts: Mapping[int, Post]
    missing: Mapping[int, GapReason]
    authors: Mapping[int, Author]


def next_batch(pages: Collection[Page], *, now: datetime, affordable: int) -> Batch:
    """The posts to read now, at most a hundred; `affordable` is how many may be paid for on this day.

    A page is paid for whole or not at all: half of it confirmed would still be hidden.
    """
    midnight = midnight_before(now)
    wanted = [*_paid(pages, midnight, affordable), *_free(pages, midnight, now)]
    posts = list({post.id: post for post in wanted}.values())[:LOOKUP_BATCH]
    cost = sum(post.confirmed_at < midnight for post in posts)
    known = all(post.author_known_at is not None and post.author_known_at >= midnight for post in posts)
    return Batch(tuple(post.id for post in posts), cost, with_authors=bool(posts) and known)


def hidden(confirmed_at: datetime, *, now: datetime) -> bool:
    """Whether a page may not be shown because X did not confirm it in time."""
    return now - confirmed_at > CONFIRMED_FOR


def due_before(now: datetime) -> datetime:
    """A page confirmed earlier than this has a post to read again."""
    return max(midnight_before(now), now - AGAIN_AFTER)


def midnight_before(now: datetime) -> datetime:
    """When X's billing day began."""
    return datetime.combine(now.astimezone(UTC).date(), time.min, UTC)


def _paid(pages: Iterable[Page], midnight: datetime, affordable: int) -> Iterator[Shown]:
    paid: set[int] = set()
    for page in sorted(pages, key=lambda page: (-page.reads, -page.changed_at.timestamp(), page.thread_id)):
        fresh = {post.id: post for post in page.posts if post.confirmed_at < midnight and post.id not in paid}
        if len(paid) + len(fresh) <= affordable:
            paid |= fresh.keys()
            yield from fresh.values()


def _free(pages: Iterable[Page], midnight: datetime, now: datetime) -> list[Shown]:
    today = (post for page in pages for post in page.posts if post.confirmed_at >= midnight)
    old = (post for post in today if now - post.confirmed_at >= AGAIN_AFTER)
    return sorted(old, key=lambda post: (post.confirmed_at, post.id))


def without_withheld(found: Conversation, served: Collection[str]) -> Conversation:
    """As people in the `served` countries may see it; nothing served by name means everywhere."""
    closed = {i for i, post in found.posts.items() if _is_withheld(post, served)}
    if not closed:
        return found
    return replace(
        found,
        posts={i: post for i, post in found.posts.items() if i not in closed},
        payloads={i: payload for i, payload in found.payloads.items() if i not in closed},
        missing={**found.missing, **dict.fromkeys(closed, "withheld")},
    )


def _is_withheld(post: Post, served: Collection[str]) -> bool:
    codes = {code.upper() for code in post.withheld_in}
    return bool(codes) and (not served or not codes.isdisjoint({*served, *EVERYWHERE}))


def shown_ids(thread: Thread) -> tuple[int, ...]:
    """Every post that the page shows, by the version that it shows."""
    forks = (post.id for fork in thread.forks for post in fork.posts)
    quotes = (quote.post.id for quote in thread.quotes)
    return tuple(dict.fromkeys((*(post.id for post in thread.posts), *forks, *quotes)))


def revised(thread: Thread, word: Word) -> Thread | None:
    """The thread after X's word: new versions and names, a gap where a post is gone; None with no post left.

    What X said nothing about stays as it is.
    """
    editor = _Editor(thread, word)
    posts, gaps = editor.line(thread.posts, None)
    forks = []
    for fork in thread.forks:
        kept, torn = editor.line(fork.posts, fork.at)
        gaps += torn
        forks += [Fork(editor.places.get(fork.at, fork.at) or thread.id, kept)] if kept else []
    if not posts and not forks:
        return None
    if not posts:
        posts, forks = forks[0].posts, forks[1:]
    return replace(
        thread,
        author=word.authors.get(thread.author.id, thread.author),
        posts=posts,
        gaps=tuple(dict.fromkeys((*editor.moved(thread.gaps), *gaps))),
        forks=tuple(forks),
        quotes=tuple(editor.quotes(thread.quotes)),
        complete=thread.complete and not gaps,
    )


class _Editor:
    """`places` says after which post now stands what stood after a post before."""

    def __init__(self, thread: Thread, word: Word) -> None:
        self._word = word
        self._versions = Versions(word.posts.values())
        self._somebody_reads = any(self._now(post) is not None for post in _every_post(thread))
        self.places: dict[int, int | None] = {}

    def line(self, posts: Iterable[Post], before: int | None) -> tuple[tuple[Post, ...], list[Gap]]:
        kept: list[Post] = []
        gaps: list[Gap] = []
        last = self.places.get(before, before) if before is not None else None
        for post in posts:
            now = self._now(post)
            if now is None:
                gaps.append(Gap(last, self._reason(post), post.id))
            else:
                kept.append(now)
                last = now.id
            self.places.update(dict.fromkeys((post.id, *post.versions), last))
        return tuple(kept), gaps

    def moved(self, gaps: Iterable[Gap]) -> Iterator[Gap]:
        for gap in gaps:
            after = self.places.get(gap.after, gap.after) if gap.after is not None else None
            yield replace(gap, after=after)

    def quotes(self, quotes: Iterable[Quote]) -> Iterator[Quote]:
        for quote in quotes:
            post = self._now(quote.post)
            if post is not None:
                known = self._word.authors.get(post.author_id)
                yield Quote(post, known or quote.author)

    def _now(self, post: Post) -> Post | None:
        """The post as X shows it now."""
        found = self._versions.find(post.id)
        if found is not None:
            return found
        return None if any(i in self._word.missing for i in (post.id, *post.versions)) else post

    def _reason(self, post: Post) -> GapReason:
        missing = self._word.missing
        told = next(missing[i] for i in (post.id, *post.versions[::-1]) if i in missing)
        # Protection covers all of an account; one post alone that nobody may see is withheld.
        return "withheld" if told == "protected" and self._somebody_reads else told


def _every_post(thread: Thread) -> Iterator[Post]:
    yield from thread.posts
    for fork in thread.forks:
        yield from fork.posts
