"""What POST and DELETE do, and the rules X holds replies to."""

from __future__ import annotations

from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from sandbox import problems
from sandbox.problems import invalid, refused
from sandbox.text import MAX_WEIGHT, weighted_length

if TYPE_CHECKING:
    from sandbox.nouns import Post
    from sandbox.payload import Answer
    from sandbox.world import World

Body = dict[str, Any]
DUPLICATE_WITHIN = timedelta(days=1)
"""How long X remembers is not documented."""


def create_post(answer: Answer, body: Body) -> dict[str, Any]:
    """Post as the bot. Refusals come in this order: form, length, quote, parent, summons, duplicate.

    Quoting by API is gone from self-serve access; X's words for it are not known, so it gets the catch-all.
    """
    world = answer.world
    text = body.get("text")
    if not isinstance(text, str) or not text.strip():
        raise invalid("text", str(text), "The `text` of a post can not be empty")
    if weighted_length(text) > MAX_WEIGHT:
        raise refused(403, problems.TOO_LONG)
    if body.get("quote_tweet_id"):
        raise refused(403, problems.NOT_PERMITTED)
    parent = _parent_of(world, body)
    if has_just_said(world, text):
        raise refused(403, problems.DUPLICATE)
    post = world.post(world.bot, text, reply_to=parent)
    answer.billed.append((_price_of(post, summoned=parent is not None), post.id))
    shown = {"id": post.id, "text": post.text, "edit_history_tweet_ids": list(post.versions)}
    return answer.document(shown)


def _parent_of(world: World, body: Body) -> Post | None:
    reply = body.get("reply") or {}
    parent_id = str(reply.get("in_reply_to_tweet_id") or reply.get("in_reply_to_post_id") or "")
    if not parent_id:
        return None
    parent = world.get(parent_id)
    if parent is None or world.standing(parent) != "visible":
        raise refused(403, problems.PARENT_GONE)
    if world.is_blocking(parent.author):
        raise refused(403, problems.BLOCKED)
    if not has_summoned(world, parent):
        raise refused(403, problems.NOT_SUMMONED)
    if parent.replies_limited:
        raise refused(403, problems.REPLIES_LIMITED)
    return parent


def has_summoned(world: World, post: Post) -> bool:
    """Whether the bot may reply: the author typed its name here, or quoted a post of the bot's.

    A name X put before the text does not count (X does not say; the choice is ours, the strict one).
    """
    quoted = world.get(post.quoted_id)
    return (
        post.author is world.bot
        or post.names_explicitly(world.bot.username)
        or (quoted is not None and quoted.author is world.bot)
    )


def has_just_said(world: World, text: str) -> bool:
    """Whether a visible post of the bot's last day has the same words, the prefix not counted."""
    since = world.now() - DUPLICATE_WITHIN
    newest_first = world.shelves.saying(world.bot.id, text).newest_first()
    recent = takewhile(lambda post: post.created_at >= since, newest_first)
    return any(world.standing(post) == "visible" for post in recent)


def _price_of(post: Post, *, summoned: bool) -> str:
    kind = "summoned_reply" if summoned else "post"
    return f"{kind}_with_link" if "urls" in post.entities else kind


def delete_post(answer: Answer, post_id: str) -> dict[str, Any]:
    """Only the bot's own. One that is gone already is answered like one that went now."""
    post = answer.world.get(post_id)
    if post is not None and post.author is not answer.world.bot:
        raise refused(403, "You are not authorized to delete this Tweet.")
    if post is not None:
        answer.world.delete(post)
    return answer.document({"deleted": True})
