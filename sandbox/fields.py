"""One post, user, picture or poll with the fields asked for, in the old names."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.clock import stamp
from sandbox.nouns import VIDEO_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.nouns import Author, Entities, Media, Note, Poll, Post
    from sandbox.world import World

POST_DEFAULTS = frozenset({"id", "text", "edit_history_tweet_ids"})
USER_DEFAULTS = frozenset({"id", "name", "username"})
MEDIA_DEFAULTS = frozenset({"media_key", "type"})
POLL_DEFAULTS = frozenset({"id", "options"})
EDITABLE_FOR = timedelta(hours=1)


def post_fields(world: World, post: Post, asked: frozenset[str], base_url: str) -> dict[str, Any]:
    """X leaves a field out when it has nothing to say."""
    makers: dict[str, Callable[[], Any]] = {
        "id": lambda: post.id,
        "text": lambda: post.text,
        "edit_history_tweet_ids": lambda: list(post.versions),
        "article": lambda: post.article,
        "attachments": lambda: _attachments(post),
        "author_id": lambda: post.author.id,
        "card_uri": lambda: post.card_uri,
        "conversation_id": lambda: post.conversation_id,
        "created_at": lambda: stamp(post.created_at),
        "display_text_range": lambda: list(post.display_text_range),
        "edit_controls": lambda: _edit_controls(world, post),
        "entities": lambda: entities_of(post.entities, base_url),
        "in_reply_to_user_id": lambda: post.in_reply_to_user_id,
        "lang": lambda: post.lang,
        "note_tweet": lambda: _note(post.note, base_url),
        "possibly_sensitive": lambda: post.sensitive,
        "public_metrics": lambda: _post_metrics(world, post),
        "referenced_tweets": lambda: _references(post),
        "withheld": lambda: _withheld(post),
        "reply_settings": lambda: "mentionedUsers" if post.replies_limited else "everyone",
    }
    return _pick(makers, asked | POST_DEFAULTS)


def _withheld(post: Post) -> dict[str, Any] | None:
    codes, copyrighted = list(post.withheld_in), post.copyright_complaint
    if not codes and not copyrighted:
        return None
    told = {"copyright": copyrighted, "scope": "tweet"}
    return {**told, "country_codes": codes} if codes else told


def user_fields(world: World, author: Author, asked: frozenset[str], base_url: str) -> dict[str, Any]:
    makers: dict[str, Callable[[], Any]] = {
        "id": lambda: author.id,
        "name": lambda: author.name,
        "username": lambda: author.username,
        "created_at": lambda: stamp(author.created_at),
        "description": lambda: author.bio,
        "most_recent_tweet_id": lambda: next(
            (post.id for post in world.shelves.by_author(author.id).newest_first()), None
        ),
        "profile_image_url": lambda: f"{base_url}/media/{_normal(author.avatar)}",
        "protected": lambda: author.protected,
        "public_metrics": lambda: _user_metrics(world, author),
        "url": lambda: "",
        "verified": lambda: author.verified,
        "verified_type": lambda: "blue" if author.verified else "none",
    }
    return _pick(makers, asked | USER_DEFAULTS)


def media_fields(medium: Media, asked: frozenset[str], base_url: str) -> dict[str, Any]:
    url = f"{base_url}/media/{medium.name}"
    photo = medium.kind == "photo"
    makers: dict[str, Callable[[], Any]] = {
        "media_key": lambda: medium.key,
        "type": lambda: medium.kind,
        "alt_text": lambda: medium.alt,
        "duration_ms": lambda: VIDEO_SECONDS * 1000 if medium.kind == "video" else None,
        "height": lambda: medium.height,
        "preview_image_url": lambda: None if photo else url,
        "url": lambda: url if photo else None,
        "variants": lambda: None if photo else _variants(url),
        "width": lambda: medium.width,
    }
    return _pick(makers, asked | MEDIA_DEFAULTS)


def poll_fields(world: World, poll: Poll, asked: frozenset[str]) -> dict[str, Any]:
    ends_at = poll.ends_at or world.now()
    makers: dict[str, Callable[[], Any]] = {
        "id": lambda: poll.id,
        "options": lambda: [
            {"position": position, "label": label, "votes": votes}
            for position, (label, votes) in enumerate(poll.options, 1)
        ],
        "duration_minutes": lambda: poll.duration_minutes,
        "end_datetime": lambda: stamp(ends_at),
        "voting_status": lambda: "open" if world.now() < ends_at else "closed",
    }
    return _pick(makers, asked | POLL_DEFAULTS)


def entities_of(entities: Entities, base_url: str) -> Entities:
    """Entities with the pictures of link cards at this server's address."""
    return {
        kind: [
            entity | {"images": [_image(image, base_url) for image in entity["images"]]}
            if "images" in entity
            else entity
            for entity in found
        ]
        for kind, found in entities.items()
    }


def _pick(makers: dict[str, Callable[[], Any]], wanted: frozenset[str]) -> dict[str, Any]:
    made = {name: make() for name, make in makers.items() if name in wanted}
    return {name: value for name, value in made.items() if value is not None and value != {}}


def _image(image: dict[str, Any], base_url: str) -> dict[str, Any]:
    url = f"{base_url}/media/{image['name']}?name={image['width']}x{image['height']}"
    return {"url": url, "width": image["width"], "height": image["height"]}


def _attachments(post: Post) -> dict[str, list[str]]:
    keys = {"media_keys": [medium.key for medium in post.media]} if post.media else {}
    return keys | ({"poll_ids": [post.poll.id]} if post.poll else {})


def _references(post: Post) -> list[dict[str, str]] | None:
    found = {"replied_to": post.replied_to_id, "quoted": post.quoted_id}
    return [{"type": kind, "id": post_id} for kind, post_id in found.items() if post_id] or None


def _note(note: Note | None, base_url: str) -> dict[str, Any] | None:
    if note is None:
        return None
    entities = entities_of(note.entities, base_url)
    return {"text": note.text} | ({"entities": entities} if entities else {})


def _edit_controls(world: World, post: Post) -> dict[str, Any]:
    first = world.find(post.versions[0])
    left = 5 - (len(post.versions) - 1)
    until = first.created_at + EDITABLE_FOR
    return {
        "edits_remaining": max(0, left),
        "is_edit_eligible": post.replied_to_id is None and left > 0,
        "editable_until": stamp(until),
    }


def _post_metrics(world: World, post: Post) -> dict[str, int]:
    likes = post.number // 7_919 % 900
    return {
        "retweet_count": likes // 6,
        "reply_count": sum(len(world.shelves.replies(version)) for version in post.versions),
        "like_count": likes,
        "quote_count": len(world.shelves.quotes(post.id)),
        "bookmark_count": likes // 4,
        "impression_count": likes * 83,
    }


def _user_metrics(world: World, author: Author) -> dict[str, int]:
    followers = int(author.id) % 48_611
    return {
        "followers_count": followers,
        "following_count": followers % 977,
        "tweet_count": len(world.shelves.by_author(author.id)),
        "listed_count": followers // 500,
        "like_count": followers * 3,
    }


def _normal(avatar: str) -> str:
    """X gives the address of the 48-pixel size; leaving `_normal` out of it gives the original."""
    stem, _, suffix = avatar.rpartition(".")
    return f"{stem}_normal.{suffix}"


def _variants(url: str) -> list[dict[str, Any]]:
    """The same short film behind each; see `sandbox.pictures`."""
    stem = url.rpartition(".")[0]
    return [
        {"bit_rate": rate, "content_type": "video/mp4", "url": f"{stem}-{height}p.mp4"}
        for rate, height in ((632_000, 320), (2_176_000, 720))
    ]
