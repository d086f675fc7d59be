"""A small X in memory that can be talked to.

    world = World()
    ada = world.author("ada", name="Ada Quill")
    root, *rest = world.thread(ada, ["One.", "Two.", "Three."])
    mention = world.mention("bob", under=rest[-1])

Everything is guarded by one lock, so a test may talk to it while the server answers from it. Where X's
behaviour is not documented the choice made here stands in the docstring of the method.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any, Literal

from sandbox.auth import TOKENS, Token
from sandbox.clock import Snowflakes, ago_or_at, time_of, utc_now
from sandbox.drafts import (
    LinkSpec,
    MediaSpec,
    PollSpec,
    cards_of,
    media_of,
    poll_of,
    prefix_of,
)
from sandbox.faults import Faults
from sandbox.ledger import Ledger
from sandbox.limits import Limits
from sandbox.nouns import Author, Credentials, Post
from sandbox.push import Push
from sandbox.shelves import Shelves
from sandbox.text import Attached, Writer, guess_language

FIRST_USER_ID = 1_500_000_000_000_000_000
Dialect = Literal["asked", "old", "new"]
Standing = Literal["visible", "gone", "closed"]
Who = Author | str
Which = Post | str


class World:
    """`search_lag` and `timeline_lag` are how long a new post stays out of search and of its author's
    timeline.

    `dialect`: "asked" answers in the names the request used, "old" and "new" always in those.
    `now` replaces the clock; `advance` moves it either way.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] | None = None,
        search_lag: timedelta = timedelta(seconds=30),
        timeline_lag: timedelta = timedelta(seconds=5),
        bot_username: str = "unrollbot",
        bot_name: str = "Unroll",
    ) -> None:
        self.lock = RLock()
        self.search_lag = search_lag
        self.timeline_lag = timeline_lag
        self.dialect: Dialect = "asked"
        self.shelves = Shelves()
        self.ledger = Ledger()
        self.limits = Limits()
        self.faults = Faults()
        self.revoked: frozenset[Token] = frozenset()
        self.read_only = False
        self._clock = now or utc_now
        self._offset = timedelta()
        self._snowflakes = Snowflakes()
        self._authors: dict[str, Author] = {}
        self._by_username: dict[str, Author] = {}
        self._blocking: set[str] = set()
        self.bot = self.author(bot_username, name=bot_name, bio="I turn a thread into one page. Automated.")
        self.credentials = Credentials(access_token=f"{self.bot.id}-sandbox-access-token")
        self.push = Push(self)

    # Time

    def now(self) -> datetime:
        return self._clock().astimezone(UTC) + self._offset

    def advance(self, by: timedelta) -> None:
        with self.lock:
            self._offset += by

    # People

    def author(
        self,
        username: str,
        *,
        name: str | None = None,
        bio: str = "",
        protected: bool = False,
        verified: bool = False,
        avatar: str | None = None,
    ) -> Author:
        """The author of that name, made if there is none yet."""
        with self.lock:
            known = self._by_username.get(username.lower())
            if known is not None:
                return known
            number = FIRST_USER_ID + len(self._authors) * 7_919
            author = Author(
                id=str(number),
                username=username,
                name=name or username.replace("_", " ").title(),
                bio=bio,
                avatar=avatar or f"avatar-{username.lower()}.png",
                created_at=self.now().replace(microsecond=0) - timedelta(days=900 + number % 1_500),
                verified=verified,
                protected=protected,
            )
            self._authors[author.id] = self._by_username[username.lower()] = author
            return author

    @property
    def authors(self) -> list[Author]:
        with self.lock:
            return list(self._authors.values())

    def find_author(self, name_or_id: str) -> Author | None:
        return self._authors.get(name_or_id) or self._by_username.get(name_or_id.lower().removeprefix("@"))

    def protect(self, author: Who, *, protected: bool = True) -> None:
        """Their posts answer `not-authorized-for-resource` from now on."""
        self._who(author).protected = protected

    def suspend(self, author: Who, *, suspended: bool = True) -> None:
        """Their posts answer `resource-not-found` (X also says not-authorized; the choice is ours)."""
        self._who(author).suspended = suspended

    def block(self, author: Who) -> None:
        """That author blocks the bot: no reply to them is accepted."""
        self._blocking.add(self._who(author).id)

    def is_blocking(self, author: Author) -> bool:
        return author.id in self._blocking

    # Posts

    def post(  # noqa: PLR0913 all that a post can have; each is named at the call
        self,
        author: Who,
        text: str,
        *,
        reply_to: Which | None = None,
        quote: Which | None = None,
        media: MediaSpec | Sequence[MediaSpec] = (),
        poll: PollSpec | None = None,
        links: Mapping[str, LinkSpec] | None = None,
        at: datetime | None = None,
        ago: timedelta | None = None,
        id: str | int | None = None,  # noqa: A002 the field's own name
        lang: str | None = None,
        sensitive: bool = False,
        article: dict[str, Any] | None = None,
        card: str | None = None,
        late: timedelta = timedelta(),
    ) -> Post:
        """Post as `author`, now or at another time. The parent may be deleted: children outlive it.

        `links` tells what X knows of the pages linked in `text`. `late` hides the post from the mentions
        endpoint for a while, so that it appears behind newer ones. Raises LookupError for a parent that
        never was.
        """
        with self.lock:
            created_at = ago_or_at(self.now(), at, ago)
            number = self._number(created_at, id)
            if id is not None and at is None and ago is None:
                created_at = time_of(number)
            told = {"media": media, "poll": poll, "links": links}
            return self._add(
                self._who(author),
                text,
                str(number),
                created_at,
                parent=self.find(reply_to) if reply_to is not None else None,
                quoted=self.find(quote) if quote is not None else None,
                told=told,
                lang=lang or guess_language(text),
                sensitive=sensitive,
                article=article,
                card_uri=card,
                late_seconds=late.total_seconds(),
            )

    def thread(
        self,
        author: Who,
        posts: Iterable[str | Mapping[str, Any]],
        *,
        ago: timedelta = timedelta(hours=1),
        every: timedelta = timedelta(minutes=1),
        reply_to: Which | None = None,
    ) -> list[Post]:
        """A chain of self-replies: texts, or dicts of `post`'s arguments. It starts `ago` and never reaches
        the future: `every` shrinks if it must.
        """
        with self.lock:
            told = [{"text": post} if isinstance(post, str) else dict(post) for post in posts]
            start, step = self.now() - ago, min(every, ago / max(1, len(told)))
            made: list[Post] = []
            for index, fields in enumerate(told):
                parent = made[-1] if made else reply_to
                when = {} if {"at", "ago", "id"} & fields.keys() else {"at": start + index * step}
                made.append(self.post(author, **{"reply_to": parent, **when, **fields}))
            return made

    def mention(self, author: Who, under: Which, text: str | None = None, **fields: Any) -> Post:
        """A reply under a post that calls the bot by name."""
        return self.post(author, text or f"@{self.bot.username} unroll", reply_to=under, **fields)

    def quote(self, author: Who, post: Which, text: str, **fields: Any) -> Post:
        return self.post(author, text, quote=post, **fields)

    def edit(self, post: Which, text: str, *, at: datetime | None = None) -> Post:
        """A new version under a new id. The old id goes on answering with the old text and the same history;
        replies go on naming the version they answered; search and timelines show the newest only.
        """
        with self.lock:
            old = self.find(self.find(post).versions[-1])
            created_at = at or self.now()
            return self._add(
                old.author,
                text,
                str(self._number(created_at, None)),
                created_at,
                parent=self.get(old.replied_to_id),
                quoted=self.get(old.quoted_id),
                told=old.source,
                versions=old.versions,
                lang=guess_language(text),
                sensitive=old.sensitive,
            )

    def delete(self, post: Which) -> None:
        """All versions are gone: `resource-not-found`."""
        with self.lock:
            found = self.find(post)
            if not found.deleted:
                self.push.deleted(found)
            for version in found.versions:
                self.find(version).deleted = True

    def withhold(self, post: Which, countries: Sequence[str] = (), *, copyright: bool = False) -> None:  # noqa: A002 - X's own word
        """Withheld everywhere: `not-authorized-for-resource`, and in no list. Withheld in `countries` only,
        or after a complaint about `copyright`, it is shown to the API and says so.
        """
        found = self.find(post)
        found.withheld = not countries and not copyright
        found.withheld_in, found.copyright_complaint = tuple(countries), copyright

    def index_hole(self, post: Which) -> None:
        """Search never returns it; everything else does."""
        self.find(post).unindexed = True

    def limit_replies(self, post: Which) -> None:
        """Only those its author mentions may reply: the bot may not."""
        self.find(post).replies_limited = True

    # Looking

    @property
    def posts(self) -> list[Post]:
        """Every post ever made, in the order of ids."""
        with self.lock:
            return list(self.shelves.all.newest_first())[::-1]

    def get(self, post_id: str | None) -> Post | None:
        return self.shelves.by_id.get(post_id or "")

    def find(self, post: Which) -> Post:
        found = post if isinstance(post, Post) else self.get(post)
        if found is None:
            raise LookupError(f"there was never a post {post}")
        return found

    def standing(self, post: Post) -> Standing:
        if post.deleted or post.author.suspended:
            return "gone"
        return "closed" if post.withheld or post.author.protected else "visible"

    def replies_to(self, post: Which) -> list[Post]:
        """The bot's visible replies to a post or any version of it, oldest first."""
        with self.lock:
            found = [
                reply
                for version in self.find(post).versions
                for reply in self.shelves.replies(version).newest_first()
                if reply.author is self.bot and self.standing(reply) == "visible"
            ]
            return sorted(found, key=lambda reply: reply.number)

    # Tokens

    def revoke(self, *tokens: Token) -> None:
        """These kinds of token answer 401 until `restore`; every kind if none is named."""
        self.revoked = frozenset(tokens or TOKENS)

    def restore(self) -> None:
        self.revoked = frozenset()

    @property
    def access_level(self) -> str:
        """What X says of a user's token with each answer: as much as the app's permission was when the token
        was made. Set `read_only` for one that may not post.
        """
        return "read" if self.read_only else "read-write"

    # Inside

    def _who(self, author: Who) -> Author:
        return author if isinstance(author, Author) else self.author(author.removeprefix("@"))

    def _number(self, created_at: datetime, wanted: str | int | None) -> int:
        if wanted is None:
            return self._snowflakes.take(created_at)
        if str(wanted) in self.shelves.by_id:
            raise ValueError(f"there is a post {wanted} already")
        self._snowflakes.reserve(int(wanted))
        return int(wanted)

    def _id_of(self, username: str) -> str | None:
        author = self._by_username.get(username.lower())
        return author.id if author else None

    def _add(
        self,
        author: Author,
        raw: str,
        post_id: str,
        created_at: datetime,
        *,
        parent: Post | None,
        quoted: Post | None,
        told: dict[str, Any],
        versions: list[str] | None = None,
        **fields: Any,
    ) -> Post:
        media = media_of(post_id, told["media"])
        attached = Attached(
            quoted_url=quoted.url if quoted else None,
            media_url=f"{author.url}/status/{post_id}/{media[0].kind}/1" if media else None,
            media_keys=tuple(medium.key for medium in media),
        )
        prefix = prefix_of(author, parent)
        written = Writer(post_id, self._id_of, cards_of(told["links"])).write(raw, prefix, attached)
        history = versions if versions is not None else []
        first = self.get(history[0]) if history else None
        history.append(post_id)
        post = Post(
            id=post_id,
            author=author,
            created_at=created_at,
            raw=raw,
            text=written.text,
            entities=written.entities,
            display_text_range=written.display_text_range,
            note=written.note,
            prefix=prefix,
            conversation_id=_conversation(post_id, parent, first),
            versions=history,
            replied_to_id=parent.id if parent else None,
            quoted_id=quoted.id if quoted else None,
            in_reply_to_user_id=parent.author.id if parent else None,
            media=media,
            poll=poll_of(post_id, told["poll"], created_at),
            source=told,
            **fields,
        )
        self.shelves.add(post)
        self.push.posted(post)
        return post


def _conversation(post_id: str, parent: Post | None, first: Post | None) -> str:
    """The parent's, or its own; an edit stays in the conversation of the first version."""
    origin = first or parent
    return origin.conversation_id if origin else post_id
