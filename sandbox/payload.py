"""Posts and users as X serialises them: the fields asked for, `includes`, `errors`, in either dialect.

Everything is built in the old names; `in_new_names` turns the whole answer over at the end. Field names X
does not know are dropped without a word. An expansion brings the field it follows into the post, asked for
or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox import problems
from sandbox.fields import media_fields, poll_fields, post_fields, user_fields

if TYPE_CHECKING:
    from sandbox.ledger import Resource
    from sandbox.nouns import Author, Post
    from sandbox.world import World

IMPLIED = {
    "author_id": "author_id",
    "in_reply_to_user_id": "in_reply_to_user_id",
    "attachments.media_keys": "attachments",
    "attachments.poll_ids": "attachments",
    "entities.mentions.username": "entities",
    "referenced_tweets.id": "referenced_tweets",
    "referenced_tweets.id.author_id": "referenced_tweets",
    "referenced_tweets.id.attachments.media_keys": "referenced_tweets",
}
NEW_NAMES = {
    "note_tweet": "note_post",
    "referenced_tweets": "referenced_posts",
    "tweets": "posts",
    "edit_history_tweet_ids": "edit_history_post_ids",
    "most_recent_tweet_id": "most_recent_post_id",
    "tweet_count": "post_count",
}


@dataclass(frozen=True)
class Asked:
    """What a request wants to see, in the old names; `new` if it spoke the new dialect."""

    posts: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    media: frozenset[str] = frozenset()
    polls: frozenset[str] = frozenset()
    expansions: frozenset[str] = frozenset()
    new: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        expansions = _names(query, "expansions")
        implied = {IMPLIED[name] for name in expansions if name in IMPLIED}
        return cls(
            posts=_old(_names(query, "tweet.fields") | _names(query, "post.fields")) | implied,
            users=_names(query, "user.fields"),
            media=_names(query, "media.fields"),
            polls=_names(query, "poll.fields"),
            expansions=_old(expansions),
            new="post.fields" in query or expansions != _old(expansions),
        )


def _names(query: Mapping[str, str], parameter: str) -> frozenset[str]:
    return frozenset(name.strip() for name in query.get(parameter, "").split(",") if name.strip())


def _old(names: Iterable[str]) -> frozenset[str]:
    renamed = (name.replace("referenced_posts", "referenced_tweets") for name in names)
    return frozenset(
        {"note_post": "note_tweet", "edit_history_post_ids": "edit_history_tweet_ids"}.get(name, name)
        for name in renamed
    )


@dataclass
class Answer:
    """One answer being put together: what it shows, what is missing, what it bills."""

    world: World
    asked: Asked
    base_url: str
    read_as: str = "post_read"
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    media: dict[str, dict[str, Any]] = field(default_factory=dict)
    polls: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: list[problems.Problem] = field(default_factory=list)
    billed: list[Resource] = field(default_factory=list)

    def show_post(self, post: Post) -> dict[str, Any]:
        """A post of `data`, its expansions put aside."""
        self.billed.append((self.read_as, post.id))
        self._expand(post)
        return post_fields(self.world, post, self.asked.posts, self.base_url)

    def show_user(self, author: Author) -> dict[str, Any]:
        self.billed.append(("user_read", author.id))
        return user_fields(self.world, author, self.asked.users, self.base_url)

    def missing_post(self, post_id: str, parameter: str, section: str = "data") -> None:
        """Say why a post is not there, once."""
        post = self.world.get(post_id)
        closed = post is not None and self.world.standing(post) == "closed"
        problem = (
            problems.not_authorized("tweet", parameter, post_id, section)
            if closed
            else problems.not_found("tweet", parameter, post_id)
        )
        if problem not in self.errors:
            self.errors.append(problem)

    def missing_user(self, author: Author | None, parameter: str, value: str) -> None:
        gone = author is not None and author.suspended
        self.errors.append(
            problems.suspended(parameter, value) if gone else problems.not_found("user", parameter, value)
        )

    def document(self, data: Any, meta: dict[str, Any] | None = None) -> dict[str, Any]:
        """The whole answer. X leaves out what is empty."""
        groups = {"users": self.users, "tweets": self.posts, "media": self.media, "polls": self.polls}
        parts = {
            "data": data,
            "includes": {name: list(group.values()) for name, group in groups.items() if group},
            "errors": self.errors,
            "meta": meta,
        }
        document = {name: part for name, part in parts.items() if part}
        new = self.world.dialect == "new" or (self.world.dialect == "asked" and self.asked.new)
        return in_new_names(document) if new else document

    def _expand(self, post: Post) -> None:
        self._expand_users(post)
        self._expand_attachments(post)
        self._expand_posts(post)

    def _expand_users(self, post: Post) -> None:
        wanted = self.asked.expansions
        if "author_id" in wanted:
            self._include_user(post.author)
        if "in_reply_to_user_id" in wanted and post.in_reply_to_user_id:
            self._include_user(self.world.find_author(post.in_reply_to_user_id))
        if "entities.mentions.username" in wanted:
            for user_id in sorted(post.mentioned_ids):
                self._include_user(self.world.find_author(user_id))

    def _expand_attachments(self, post: Post) -> None:
        wanted = self.asked.expansions
        if "attachments.media_keys" in wanted:
            self._include_media(post)
        if "attachments.poll_ids" in wanted and post.poll:
            self.polls[post.poll.id] = poll_fields(self.world, post.poll, self.asked.polls)

    def _expand_posts(self, post: Post) -> None:
        wanted = self.asked.expansions
        if "edit_history_tweet_ids" in wanted:
            for version in post.versions:
                self._include_post(version, "edit_history_tweet_ids")
        if any(name.startswith("referenced_tweets.id") for name in wanted):
            for post_id in filter(None, (post.replied_to_id, post.quoted_id)):
                self._include_post(post_id, "referenced_tweets.id")

    def _include_post(self, post_id: str, parameter: str) -> None:
        post = self.world.find(post_id)
        if self.world.standing(post) != "visible":
            self.missing_post(post_id, parameter, "includes")
            return
        self.billed.append(("post_read", post_id))
        self.posts[post_id] = post_fields(self.world, post, self.asked.posts, self.base_url)
        if parameter == "referenced_tweets.id":
            if "referenced_tweets.id.author_id" in self.asked.expansions:
                self._include_user(post.author)
            if "referenced_tweets.id.attachments.media_keys" in self.asked.expansions:
                self._include_media(post)

    def _include_user(self, author: Author | None) -> None:
        if author is not None and not author.suspended:
            self.users[author.id] = self.show_user(author)

    def _include_media(self, post: Post) -> None:
        for medium in post.media:
            self.media[medium.key] = media_fields(medium, self.asked.media, self.base_url)


def in_new_names(value: Any) -> Any:
    """The same document in the new dialect: names of members, and the words `errors` uses for them."""
    if isinstance(value, list):
        return [in_new_names(item) for item in value]
    if not isinstance(value, dict):
        return value
    renamed = {NEW_NAMES.get(name, name): in_new_names(item) for name, item in value.items()}
    if renamed.get("resource_type") == "tweet":
        renamed["resource_type"] = "post"
        renamed["parameter"] = renamed["parameter"].replace("tweet", "post")
    return renamed
