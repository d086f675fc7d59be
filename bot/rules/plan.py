"""What is known of a conversation -> the cheapest calls that bring the rest. Pure.

X bills every post and every author it returns, and nothing for an empty answer. So:

    look up the root            its author is billed once a day; the mention told us its id for free
    search the author's replies `conversation_id: from: to:`, so that nobody else's posts are ever bought
    look up the holes           parents that the search did not have, a hundred a call, until the chain closes
    look up the quoted posts    by id: the expansion would bring, and bill, every replied-to post as well
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain import Conversation, Goal, Post, Thread
from bot.rules.thread import assemble, completed, holes, newest_version, subject

# https://docs.x.com/x-api/posts/search: recent search reaches seven days back. A margin for clock skew
# and for the time a job may wait between the plan and the call.
RECENT_SEARCH_REACH = timedelta(days=7) - timedelta(hours=1)

# X's search index lags by about 30 seconds: what an author has just added comes to light after this time.
SEARCH_LAG = timedelta(seconds=60)

# An author whose newest post is younger may be at it still. Asking once more costs nothing where there is
# nothing new.
YOUNG = timedelta(minutes=15)

LOOKUP_BATCH = 100

NOTHING: Mapping[int, int] = {}

# Snowflake ids count milliseconds from here in their upper bits (docs.x.com/fundamentals/x-ids).
SNOWFLAKE_EPOCH_MS = 1_288_834_974_657


@dataclass(frozen=True, slots=True)
class Lookup:
    """GET /2/tweets, by ids."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """GET /2/tweets/search/recent, or /all where `archive`: one author's replies to themself."""

    conversation_id: int
    author: str
    archive: bool = False
    since_id: int | None = None

    @property
    def query(self) -> str:
        return f"conversation_id:{self.conversation_id} from:{self.author} to:{self.author}"


Call = Lookup | Search


def next_calls(
    goal: Goal,
    known: Conversation,
    done: Collection[Call] = (),
    *,
    now: datetime,
    newest: Mapping[int, int] = NOTHING,
    exclude: frozenset[int] = frozenset(),
) -> tuple[Call, ...]:
    """The calls to make now; empty when nothing is left to ask.

    `done` are the calls made for this goal so far. `newest` is the newest post known of an author's thread
    here, by the author's id, when it was last fetched whole: only what is newer is asked for.
    """
    goal = completed(goal, known)
    wanted = _unread(known, _anchors(goal, known))
    if wanted:
        return _lookups(wanted, done)
    for search in _searches(goal, known, now=now, newest=newest):
        if not any(isinstance(call, Search) and call.query == search.query for call in done):
            return (search,)
    author_id = subject(known, goal)
    if author_id is None or all(post.author_id != author_id for post in known.posts.values()):
        return ()
    if missing_parents := _unread(known, holes(known, author_id, exclude=exclude)):
        return _lookups(missing_parents, done)
    if author_id not in known.authors:
        return _lookups([max(p.id for p in known.posts.values() if p.author_id == author_id)], done)
    thread = assemble(known, goal, exclude=exclude)
    return _lookups(_unread(known, _quoted(thread)), done) if thread else ()


def search_again_at(thread: Thread, *, now: datetime) -> datetime | None:
    """When X's index will hold what the author may just have posted; None for a thread at rest."""
    newest = max(post.created_at for post in thread.posts)
    return now + SEARCH_LAG if now - newest < YOUNG else None


def posted_at(post_id: int) -> datetime:
    """The time in an id; good to the millisecond for every post since November 2010."""
    return datetime.fromtimestamp(((post_id >> 22) + SNOWFLAKE_EPOCH_MS) / 1000, UTC)


def _anchors(goal: Goal, known: Conversation) -> list[int]:
    """The posts from which everything else follows: the root; without a root, the post pointed at."""
    if goal.conversation_id is None:
        return [goal.post_id]
    root = newest_version(known, goal.conversation_id)
    if root is not None and goal.author_id in (None, root.author_id):
        pointed = newest_version(known, goal.post_id)
        settled = pointed is not None or goal.author_id is not None
        return [goal.conversation_id] if settled else [goal.conversation_id, goal.post_id]
    if root is None and goal.conversation_id in known.missing:
        return [goal.conversation_id, goal.post_id]
    return [goal.conversation_id]


def _searches(
    goal: Goal, known: Conversation, *, now: datetime, newest: Mapping[int, int]
) -> Iterable[Search]:
    """First whether the one whose post was pointed at has a thread of their own there (an empty answer
    is free), then the author who is meant.
    """
    if goal.conversation_id is None:
        return
    root = newest_version(known, goal.conversation_id)
    started = root.created_at if root else posted_at(goal.conversation_id)
    for author_id in dict.fromkeys((goal.author_id, subject(known, goal))):
        if author_id is None:
            continue
        since_id = newest.get(author_id)
        last = newest_version(known, since_id)
        reached = last.created_at if last else started
        yield Search(
            goal.conversation_id,
            _name(goal, known, author_id),
            archive=now - reached > RECENT_SEARCH_REACH,
            since_id=since_id,
        )


def _name(goal: Goal, known: Conversation, author_id: int) -> str:
    """What `from:` takes: the name, or the id where the name was not told."""
    if (author := known.authors.get(author_id)) is not None:
        return author.username
    named = goal.author_username if author_id == goal.author_id else None
    return named or str(author_id)


def _quoted(thread: Thread | None) -> list[int]:
    if thread is None:
        return []
    posts: list[Post] = [*thread.posts, *(post for fork in thread.forks for post in fork.posts)]
    return [post.quoted for post in posts if post.quoted is not None]


def _unread(known: Conversation, ids: Iterable[int]) -> list[int]:
    return [
        post_id
        for post_id in dict.fromkeys(ids)
        if post_id not in known.missing and newest_version(known, post_id) is None
    ]


def _lookups(ids: list[int], done: Collection[Call]) -> tuple[Lookup, ...]:
    """In batches; what X left out of its answer without a word is not asked again."""
    asked = {post_id for call in done if isinstance(call, Lookup) for post_id in call.ids}
    fresh = [post_id for post_id in ids if post_id not in asked]
    return tuple(
        Lookup(tuple(fresh[start : start + LOOKUP_BATCH])) for start in range(0, len(fresh), LOOKUP_BATCH)
    )


def id_before(post_id: int, span: timedelta) -> int | None:
    """The smallest id a post of that much earlier could have; None before the time of such ids."""
    earlier = post_id - (int(span.total_seconds() * 1000) << 22)
    return earlier if earlier > 0 else None
