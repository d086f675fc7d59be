"""Posts, threads and mentions, made up as short as can be."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.domain import Author, Conversation, Goal, Media, Mention, Post, Refusal, Request, Thread

BEGAN = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
ADA = Author(7, "ada", "Ada Quill", avatar_url="https://pbs.twimg.com/ada.jpg")


def post(number: int, *, author: int = ADA.id, conversation: int = 100, **more) -> Post:
    text = more.pop("text", f"Post {number}.")
    return Post(number, author, conversation, BEGAN, text, versions=more.pop("versions", (number,)), **more)


def photo(url: str) -> Media:
    return Media(key=f"3_{abs(hash(url))}", kind="photo", url=url)


def thread(*posts: Post, author: Author = ADA, **more) -> Thread:
    return Thread(posts[0].first_version, posts[0].conversation_id, author, posts, **more)


def conversation(*posts: Post, **more) -> Conversation:
    payloads = {each.id: {"post": {"id": str(each.id), "text": each.text}} for each in posts}
    return Conversation(posts={each.id: each for each in posts}, payloads=payloads, **more)


def mention(number: int, *, by: int = 50, conversation: int = 100) -> Mention:
    return Mention(post(number, author=by, conversation=conversation), {"post": {"id": str(number)}})


def request(number: int, *, by: int = 50) -> tuple[Mention, Request]:
    return mention(number, by=by), Request(Goal(100, 100, ADA.id, ADA.username))


def refusal(number: int, reason: str = "not-a-request") -> tuple[Mention, Refusal]:
    return mention(number), Refusal(reason)
