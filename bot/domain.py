"""The nouns. Frozen values that import nothing of ours; ids are integers here and strings outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

EntityKind = Literal["url", "mention", "hashtag", "cashtag"]
MediaKind = Literal["photo", "video", "animated_gif"]
JobState = Literal["queued", "running", "waiting", "done", "refused", "failed"]
CommandKind = Literal["stop", "start", "opt-out", "opt-in", "delete", "unlist", "refresh", "help"]
GapReason = Literal["deleted", "protected", "withheld", "not-found", "over-cap"]


@dataclass(frozen=True, slots=True)
class Author:
    id: int
    username: str
    name: str
    avatar_url: str | None = None
    bio: str = ""
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """One encoding of a video. `bit_rate` in bits a second, None for a playlist."""

    url: str
    content_type: str
    bit_rate: int | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """`url` is a photo's file; a video or GIF has a `preview_url` (its poster) and `variants`."""

    key: str
    kind: MediaKind
    url: str | None = None
    preview_url: str | None = None
    alt_text: str | None = None
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    variants: tuple[Variant, ...] = ()

    @property
    def picture_url(self) -> str | None:
        return self.url if self.kind == "photo" else self.preview_url


@dataclass(frozen=True, slots=True)
class PollOption:
    label: str
    votes: int


@dataclass(frozen=True, slots=True)
class Poll:
    id: int
    options: tuple[PollOption, ...]
    ends_at: datetime | None = None
    open: bool = False

    @property
    def votes(self) -> int:
        return sum(option.votes for option in self.options)


@dataclass(frozen=True, slots=True)
class Entity:
    """A marked stretch of a post's text.

    `start` and `end` count code points of the HTML-escaped text, as X sends them. `value` is the t.co
    address of a link, the name of a mention, the tag of a hashtag or cashtag, each without its sign.
    """

    kind: EntityKind
    start: int
    end: int
    value: str
    expanded_url: str | None = None
    display_url: str | None = None
    title: str | None = None
    description: str | None = None
    image_url: str | None = None
    media_key: str | None = None
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """A long-form article that a post carries; X gives its title, and its text stays on X."""

    title: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """One post, whole: `text` is the long text where there is one, HTML-escaped as X sends it.

    `versions` holds the ids of the post's edit history, oldest first, always its own among them.
    `display_start` is the number of code points of the automatic reply prefix ("@ada @ben ").
    """

    id: int
    author_id: int
    conversation_id: int
    created_at: datetime
    text: str
    entities: tuple[Entity, ...] = ()
    lang: str | None = None
    reply_to: int | None = None
    reply_to_author: int | None = None
    quoted: int | None = None
    reposted: int | None = None
    media: tuple[Media, ...] = ()
    poll: Poll | None = None
    article: Article | None = None
    versions: tuple[int, ...] = ()
    display_start: int = 0
    sensitive: bool = False
    withheld_in: tuple[str, ...] = ()

    @property
    def edited(self) -> bool:
        return len(self.versions) > 1

    @property
    def first_version(self) -> int:
        """The id under which the post was first published: it never changes, so addresses use it."""
        return self.versions[0] if self.versions else self.id


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is known of a conversation: posts by id, X's word on those it would not show, and who wrote them.

    `payloads` are the posts as X sent them, with their own media and polls beside them.
    `cut` says that more was there than the cap allowed us to buy.
    """

    posts: Mapping[int, Post] = field(default_factory=dict)
    authors: Mapping[int, Author] = field(default_factory=dict)
    missing: Mapping[int, GapReason] = field(default_factory=dict)
    payloads: Mapping[int, Any] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """A post of the thread that cannot be shown. `after` is the post before it, None if it was the first."""

    after: int | None
    reason: GapReason
    post_id: int | None = None


@dataclass(frozen=True, slots=True)
class Fork:
    """Where the author went on in another direction: `at` is the post of the main line it left from."""

    at: int
    posts: tuple[Post, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    post: Post
    author: Author | None


@dataclass(frozen=True, slots=True)
class Thread:
    """A chain of posts by one author, in order.

    `id` is the first published id of the first post and never changes. `complete` is true only if every
    post replies to the one before it and the first one is the chain's root.
    """

    id: int
    conversation_id: int
    author: Author
    posts: tuple[Post, ...]
    gaps: tuple[Gap, ...] = ()
    forks: tuple[Fork, ...] = ()
    quotes: tuple[Quote, ...] = ()
    complete: bool = True
    cut: bool = False

    def quote_of(self, post: Post) -> Quote | None:
        return next((quote for quote in self.quotes if post.quoted in quote.post.versions), None)


@dataclass(frozen=True, slots=True)
class Goal:
    """What a job asks for: the thread that holds `post_id`.

    The rest is what the mention itself told us for free; None where it did not.
    """

    post_id: int
    conversation_id: int | None = None
    author_id: int | None = None
    author_username: str | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """A post that names the bot, as X sent it (`payload`) and as we read it."""

    post: Post
    payload: Any = None

    @property
    def id(self) -> int:
        return self.post.id


@dataclass(frozen=True, slots=True)
class Request:
    """The mention asks for the thread that holds the goal's post."""

    goal: Goal


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a mention is not answered with a thread: a stable word, see `unroll jobs show`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Command:
    """The mention tells the bot to do something else; `goal` is the post it stands under, if it matters.

    `confirmed` is False where it is done without a word.
    """

    kind: CommandKind
    goal: Goal | None = None
    confirmed: bool = True


Decision = Request | Refusal | Command


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work as its row says it; the row is the truth, and this a copy taken at one moment.

    `not_before` is when a waiting job may go on; `lease_token` names the claim under which a worker may
    write; `reply_started_at` says that the reply may have been posted. `from_site` says that a visitor of the
    site asked for it.
    """

    id: int
    kind: str
    state: JobState
    reason: str | None
    mention_id: int | None
    requester_id: int | None
    goal: Goal
    thread_id: int | None
    reply_wanted: bool
    reply_id: int | None
    reply_text: str | None
    reply_started_at: datetime | None
    attempts: int
    not_before: datetime | None
    lease_token: str | None
    lease_until: datetime | None
    created_at: datetime
    updated_at: datetime
    from_site: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of a job: when, which worker, and how it ended."""

    number: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    detail: str | None
