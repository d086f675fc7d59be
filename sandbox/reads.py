"""What each GET answers. A function takes the world, the query and the answer under construction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.clock import snowflake
from sandbox.pages import Page, check_id, ids_of, page_of, page_size, time_in
from sandbox.problems import invalid
from sandbox.search import Query, parse

if TYPE_CHECKING:
    from sandbox.nouns import Author, Post
    from sandbox.payload import Answer
    from sandbox.shelves import Shelf
    from sandbox.world import World

Params = Mapping[str, str]
Document = dict[str, Any]
RECENT = timedelta(days=7)
USERNAME = r"[A-Za-z0-9_]{1,15}"
NEWEST_MENTIONS = 800
NEWEST_POSTS = 3_200


def posts_by_ids(answer: Answer, query: Params) -> Document:
    data = [_post_or_reason(answer, post_id, "ids") for post_id in ids_of(query, "ids")]
    return answer.document([post for post in data if post])


def post_by_id(answer: Answer, _query: Params, post_id: str) -> Document:
    return answer.document(_post_or_reason(answer, check_id("id", post_id), "id"))


def _post_or_reason(answer: Answer, post_id: str, parameter: str) -> Document | None:
    post = answer.world.get(post_id)
    if post is None or answer.world.standing(post) != "visible":
        answer.missing_post(post_id, parameter)
        return None
    return answer.show_post(post)


def search_recent(answer: Answer, query: Params) -> Document:
    """The last seven days; an older since_id or start_time is a 400."""
    edge = answer.world.now() - RECENT
    start = time_in(query, "start_time")
    if start is not None and start < edge:
        raise invalid("start_time", query["start_time"], "'start_time' must be within the last 7 days")
    since_id = query.get("since_id", "")
    if since_id and int(check_id("since_id", since_id)) < snowflake(edge):
        message = "'since_id' must be a tweet id created after the last 7 days"
        raise invalid("since_id", since_id, message)
    return _search(answer, query, max_length=512, max_page=100, oldest=snowflake(edge))


def search_all(answer: Answer, query: Params) -> Document:
    return _search(answer, query, max_length=1_024, max_page=500, oldest=0)


def _search(answer: Answer, query: Params, *, max_length: int, max_page: int, oldest: int) -> Document:
    world = answer.world
    if not query.get("query"):
        raise invalid("query", "", "The `query` query parameter can not be empty")
    try:
        wanted = parse(query["query"], world.find_author, max_length=max_length)
    except ValueError as reason:
        raise invalid("query", query["query"], str(reason)) from None
    size = page_size(query, 10, max_page, 10)
    indexed_to = world.now() - world.search_lag

    def fits(post: Post) -> bool:
        return (
            post.number >= oldest
            and post.created_at <= indexed_to
            and not post.unindexed
            and _is_listed(world, post)
            and wanted.matches(post)
        )

    return _list(answer, page_of(_shelf_for(world, wanted), query, fits, size))


def _shelf_for(world: World, wanted: Query) -> Shelf:
    """The smallest shelf that has every match."""
    if wanted.conversation:
        return world.shelves.conversation(wanted.conversation, wanted.author)
    return world.shelves.by_author(wanted.author) if wanted.author else world.shelves.all


def mentions(answer: Answer, query: Params, user_id: str) -> Document:
    """Posts that name the user anywhere, in the automatic prefix too; the newest 800."""
    world = answer.world
    size = page_size(query, 5, 100, 10)
    author = _user_or_reason(answer, user_id)
    if author is None:
        return answer.document(None)
    if author is world.bot:
        answer.read_as = "mention_read"
    now = world.now()

    def fits(post: Post) -> bool:
        return post.created_at + timedelta(seconds=post.late_seconds) <= now and _is_listed(world, post)

    shelf = world.shelves.naming(author.id)
    return _list(answer, page_of(shelf, query, fits, size, newest=NEWEST_MENTIONS))


def timeline(answer: Answer, query: Params, user_id: str) -> Document:
    world = answer.world
    size = page_size(query, 5, 100, 10)
    author = _user_or_reason(answer, user_id)
    if author is None:
        return answer.document(None)
    shown_to = world.now() - world.timeline_lag
    no_replies = "replies" in query.get("exclude", "").split(",")

    def fits(post: Post) -> bool:
        hidden = no_replies and post.replied_to_id is not None
        return not hidden and post.created_at <= shown_to and _is_listed(world, post)

    shelf = world.shelves.by_author(author.id)
    return _list(answer, page_of(shelf, query, fits, size, newest=NEWEST_POSTS))


def _is_listed(world: World, post: Post) -> bool:
    return post.is_newest_version and world.standing(post) == "visible" and post.created_at <= world.now()


def _list(answer: Answer, page: Page) -> Document:
    return answer.document([answer.show_post(post) for post in page.posts], page.meta)


def me(answer: Answer, _query: Params) -> Document:
    return answer.document(answer.show_user(answer.world.bot))


def users_by_ids(answer: Answer, query: Params) -> Document:
    return _users(answer, ids_of(query, "ids"), "ids")


def users_by_names(answer: Answer, query: Params) -> Document:
    return _users(answer, ids_of(query, "usernames", USERNAME), "usernames")


def user_by_id(answer: Answer, _query: Params, user_id: str) -> Document:
    author = _user_or_reason(answer, user_id)
    return answer.document(answer.show_user(author) if author else None)


def user_by_name(answer: Answer, _query: Params, username: str) -> Document:
    author = _visible(answer, check_id("username", username, USERNAME), "username")
    return answer.document(answer.show_user(author) if author else None)


def _users(answer: Answer, values: list[str], parameter: str) -> Document:
    found = [_visible(answer, value, parameter) for value in values]
    return answer.document([answer.show_user(author) for author in found if author])


def _user_or_reason(answer: Answer, user_id: str) -> Author | None:
    return _visible(answer, check_id("id", user_id), "id")


def _visible(answer: Answer, value: str, parameter: str) -> Author | None:
    author = answer.world.find_author(value)
    if author is None or author.suspended:
        answer.missing_user(author, parameter, value)
        return None
    return author
