"""What is known of a conversation -> the cheapest calls that bring the rest. Pure.

X bills every post and every author it returns, and nothing for an empty answer. So:

    search the author's replies `conversation_id: from: to:`, so that nobody else's posts are ever bought;
                                first of the one whose post was pointed at, for the mention told us the name
    look up the root            search leaves it out; with it comes its author, billed once a day
    look up the holes           parents that the search did not have, a hundred a call, until the chain closes
    look up the quoted posts    by id: the expansion would bring, and bill, every replied-to post as well
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain import Conversation, Goal, Post, Thread
from bot.rules.thread import Chain, Versions, completed, subject, trace

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

# Clocks of one server agree far better than this.
CLOCKS_DIFFER = timedelta(hours=6)

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
    drift: timedelta = timedelta(0),
) -> tuple[Call, ...]:
    """The calls to make now; empty when nothing is left to ask.

    `done` are the calls made for this goal so far. `newest` is the newest post known of an author's thread
    here, by the author's id, when it was last fetched whole: only what is newer is asked for. `drift` is how
    far the times in ids are off, as the mention tells: see `drift_of`.
    """
    goal = completed(goal, known)
    if goal.conversation_id is None or goal.author_id is None:
        return _lookups([goal.post_id], known, done)
    author_id = subject(known, goal, exclude=exclude)
    for search in _searches(goal, author_id, known, now=now, newest=newest, drift=drift):
        if not any(isinstance(call, Search) and call.query == search.query for call in done):
            return (search,)
    chain = trace(known, goal, exclude=exclude)
    if chain is not None:
        return _rest(chain, goal, known, done)
    if author_id is None and goal.conversation_id not in known.missing:
        return _lookups([goal.conversation_id], known, done)
    return _lookups(_first_steps(goal, author_id, known), known, done)


def search_again_at(thread: Thread, *, now: datetime) -> datetime | None:
    """When X's index will hold what the author may just have posted; None for a thread at rest."""
    newest = max(post.created_at for post in thread.posts)
    return now + SEARCH_LAG if now - newest < YOUNG else None


def posted_at(post_id: int) -> datetime:
    """The time in an id; good to the millisecond for every post since November 2010."""
    return datetime.fromtimestamp(((post_id >> 22) + SNOWFLAKE_EPOCH_MS) / 1000, UTC)


def _first_steps(goal: Goal, author_id: int | None, known: Conversation) -> list[int]:
    """What to read where search brought nothing of the one who is meant."""
    pointed = Versions(known.posts.values()).find(goal.post_id)
    if pointed is not None and pointed.author_id != author_id and pointed.reply_to is not None:
        return [pointed.reply_to]
    return [goal.post_id]


def _rest(chain: Chain, goal: Goal, known: Conversation, done: Collection[Call]) -> tuple[Call, ...]:
    """What the chain lacks: parents, the post pointed at, newer versions, its author, whom it quotes."""
    wanted = list(chain.holes)
    if goal.author_id == chain.author_id:
        wanted.append(goal.post_id)
    wanted += _outdated(chain.every_post)
    # What stands behind an open hole may turn out to be no part of the thread; only the root may be open.
    if set(chain.holes) <= {goal.conversation_id}:
        wanted += _quoted(chain, known)
    calls = _lookups(wanted, known, done)
    if not calls and chain.author_id not in known.authors:
        return _lookups([chain.posts[-1].id], Conversation(), done)
    return calls


def _outdated(posts: Iterable[Post]) -> list[int]:
    """X answers the id of an older version with the older text, and names the newest."""
    return [post.versions[-1] for post in posts if post.versions and post.versions[-1] != post.id]


def _searches(
    goal: Goal,
    author_id: int | None,
    known: Conversation,
    *,
    now: datetime,
    newest: Mapping[int, int],
    drift: timedelta,
) -> Iterator[Search]:
    """First whether the one whose post was pointed at has a thread of their own there (an empty answer
    is free), then the author who is meant.
    """
    if goal.conversation_id is None:
        return
    for each in dict.fromkeys((goal.author_id, author_id)):
        if each is None:
            continue
        since_id = newest.get(each)
        reached = _time_of(since_id or goal.conversation_id, goal, known, drift)
        yield Search(
            goal.conversation_id,
            _name(goal, known, each),
            archive=now - reached > RECENT_SEARCH_REACH,
            since_id=None if since_id is None else _overlapping(since_id, now),
        )


def drift_of(post_id: int, created_at: datetime) -> timedelta:
    """How far the time in an id is off. Nothing on X itself; a server that numbers its posts otherwise must
    not have every thread taken for an old one.
    """
    drift = created_at - posted_at(post_id)
    return drift if abs(drift) > CLOCKS_DIFFER else timedelta(0)


def _time_of(post_id: int, goal: Goal, known: Conversation, drift: timedelta) -> datetime:
    """When a post was made: as X said, else by its id, corrected by a post of which both are known."""
    versions = Versions(known.posts.values())
    if (post := versions.find(post_id)) is not None:
        return post.created_at
    if (pointed := versions.find(goal.post_id)) is not None:
        drift = drift_of(pointed.first_version, pointed.created_at)
    return posted_at(post_id) + drift


def _overlapping(since_id: int, now: datetime) -> int:
    """From where to ask again. What X's search held back the last time may be a little older than the newest
    post known; on the day itself to look back that far is free.
    """
    earlier = id_before(since_id, YOUNG)
    return earlier if earlier is not None and posted_at(earlier).date() == now.date() else since_id


def _name(goal: Goal, known: Conversation, author_id: int) -> str:
    """What `from:` takes: the name, or the id where the name was not told."""
    if (author := known.authors.get(author_id)) is not None:
        return author.username
    named = goal.author_username if author_id == goal.author_id else None
    return named or str(author_id)


def _quoted(chain: Chain, known: Conversation) -> list[int]:
    """The posts that the page shows inside others, and the newest versions of those known."""
    quoted = [post.quoted for post in chain.every_post if post.quoted is not None]
    versions = Versions(known.posts.values())
    found = (versions.find(post_id) for post_id in quoted)
    return quoted + _outdated(post for post in found if post is not None)


def _lookups(ids: Iterable[int], known: Conversation, done: Collection[Call]) -> tuple[Lookup, ...]:
    """What is neither known nor known to be missing, in batches; what X left out without a word is not asked
    again.
    """
    asked = {post_id for call in done if isinstance(call, Lookup) for post_id in call.ids}
    asked |= known.missing.keys()
    found = Versions(known.posts.values())
    fresh = [
        post_id
        for post_id in dict.fromkeys(ids)
        if post_id not in asked and post_id not in known.posts and not _is_older(post_id, found)
    ]
    return tuple(
        Lookup(tuple(fresh[start : start + LOOKUP_BATCH])) for start in range(0, len(fresh), LOOKUP_BATCH)
    )


def _is_older(post_id: int, versions: Versions) -> bool:
    """Whether a newer version of that post is known."""
    post = versions.find(post_id)
    return post is not None and post_id <= post.id


def id_before(post_id: int, span: timedelta) -> int | None:
    """The smallest id a post of that much earlier could have; None before the time of such ids."""
    earlier = post_id - (int(span.total_seconds() * 1000) << 22)
    return earlier if earlier > 0 else None
