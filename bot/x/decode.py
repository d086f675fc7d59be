"""X's payloads, in both their dialects -> the nouns. Absent fields and fields added since are tolerated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, get_args

from bot.domain import (
    Article,
    Author,
    Conversation,
    Entity,
    EntityKind,
    GapReason,
    Media,
    MediaKind,
    Poll,
    PollOption,
    Post,
    Variant,
)
from bot.rules.plan import posted_at

Json = Mapping[str, Any]

# The last path segment of a problem's `type` (its host varies) -> why a post cannot be shown.
GAP_REASONS: Mapping[str, GapReason] = {
    "resource-not-found": "deleted",
    "not-authorized-for-resource": "protected",
    "resource-unavailable": "withheld",
    "disallowed-resource": "withheld",
}
ENTITY_FIELDS: Mapping[EntityKind, tuple[str, tuple[str, ...]]] = {
    "url": ("urls", ("url",)),
    "mention": ("mentions", ("username",)),
    "hashtag": ("hashtags", ("tag", "text")),
    "cashtag": ("cashtags", ("tag", "text")),
}


def conversation(answer: Json) -> Conversation:
    """Everything an answer of X tells: posts (also the expanded ones), authors, and what is missing."""
    includes = _map(answer.get("includes"))
    media = {item["media_key"]: item for item in _list(includes.get("media")) if "media_key" in item}
    polls = {str(item["id"]): item for item in _list(includes.get("polls")) if "id" in item}
    payloads = {
        int(raw["id"]): _payload(raw, media, polls)
        for raw in (*_listed(answer.get("data")), *_list(_first(includes, "tweets", "posts")))
        if "id" in raw and "text" in raw
    }
    authors = [author(raw) for raw in _list(includes.get("users")) if "id" in raw and "username" in raw]
    return Conversation(
        posts={post_id: post(payload) for post_id, payload in payloads.items()},
        authors={each.id: each for each in authors},
        missing=dict(_missing(_list(answer.get("errors")))),
        payloads=payloads,
    )


def post(payload: Json) -> Post:
    """One post from its own payload: `{"post": ..., "media": [...], "polls": [...]}`."""
    raw = payload["post"]
    note = _map(_first(raw, "note_tweet", "note_post"))
    text = note.get("text") or raw["text"]
    entities = _map(note.get("entities")) if note.get("text") else _map(raw.get("entities"))
    references = {
        item.get("type"): int(item["id"])
        for item in _list(_first(raw, "referenced_tweets", "referenced_posts"))
        if "id" in item
    }
    post_id = int(raw["id"])
    versions = [int(v) for v in _first(raw, "edit_history_tweet_ids", "edit_history_post_ids") or ()]
    attached = _map(raw.get("attachments")).get("media_keys") or ()
    by_key = {item["media_key"]: item for item in _list(payload.get("media"))}
    display = raw.get("display_text_range") or (0,)
    return Post(
        id=post_id,
        author_id=int(raw.get("author_id") or 0),
        conversation_id=int(raw.get("conversation_id") or post_id),
        created_at=_time(raw.get("created_at")) or posted_at(post_id),
        text=text,
        entities=tuple(_entities(entities)),
        lang=raw.get("lang") if raw.get("lang") not in {"und", "zxx", "qme", "qst", "qht", "art"} else None,
        reply_to=references.get("replied_to"),
        reply_to_author=_int(raw.get("in_reply_to_user_id")),
        quoted=references.get("quoted"),
        reposted=references.get("retweeted") or references.get("reposted"),
        media=tuple(_media(by_key[key]) for key in attached if key in by_key),
        poll=next((_poll(item) for item in _list(payload.get("polls"))), None),
        article=_article(_map(raw.get("article"))),
        versions=tuple(sorted({*versions, post_id})),
        display_start=_prefix(int(display[0]), raw["text"], text),
        sensitive=bool(raw.get("possibly_sensitive")),
        withheld_in=tuple(_map(raw.get("withheld")).get("country_codes") or ()),
    )


def author(raw: Json) -> Author:
    return Author(
        id=int(raw["id"]),
        username=raw["username"],
        name=raw.get("name") or raw["username"],
        avatar_url=raw.get("profile_image_url"),
        bio=raw.get("description") or "",
        protected=bool(raw.get("protected")),
    )


def _payload(raw: Json, media: Mapping[str, Json], polls: Mapping[str, Json]) -> Json:
    attached = _map(raw.get("attachments"))
    return {
        "post": raw,
        "media": [media[key] for key in attached.get("media_keys") or () if key in media],
        "polls": [polls[str(key)] for key in attached.get("poll_ids") or () if str(key) in polls],
    }


def _missing(errors: Iterable[Json]) -> Iterator[tuple[int, GapReason]]:
    for error in errors:
        reason = GAP_REASONS.get(str(error.get("type", "")).rstrip("/").rsplit("/", 1)[-1])
        post_id = _int(error.get("resource_id") or error.get("value"))
        if reason and post_id is not None and error.get("resource_type", "tweet") in {"tweet", "post"}:
            yield post_id, reason


def _entities(raw: Json) -> Iterator[Entity]:
    for kind, (field, names) in ENTITY_FIELDS.items():
        for item in _list(raw.get(field)):
            value = _first(item, *names)
            if isinstance(value, str) and value and isinstance(item.get("start"), int):
                yield _entity(kind, value, item)


def _entity(kind: EntityKind, value: str, item: Json) -> Entity:
    images = _list(item.get("images"))
    return Entity(
        kind=kind,
        start=item["start"],
        end=int(item.get("end") or 0),
        value=value,
        expanded_url=item.get("unwound_url") or item.get("expanded_url"),
        display_url=item.get("display_url"),
        title=item.get("title"),
        description=item.get("description"),
        image_url=max(images, key=lambda image: image.get("width") or 0).get("url") if images else None,
        media_key=item.get("media_key"),
        user_id=_int(item.get("id")),
    )


def _media(raw: Json) -> Media:
    kind: MediaKind = raw["type"] if raw.get("type") in get_args(MediaKind) else "photo"
    return Media(
        key=raw["media_key"],
        kind=kind,
        url=raw.get("url"),
        preview_url=raw.get("preview_image_url"),
        alt_text=raw.get("alt_text"),
        width=raw.get("width"),
        height=raw.get("height"),
        duration_ms=raw.get("duration_ms"),
        variants=tuple(
            Variant(item["url"], item.get("content_type", ""), item.get("bit_rate"))
            for item in _list(raw.get("variants"))
            if "url" in item
        ),
    )


def _poll(raw: Json) -> Poll:
    options = sorted(_list(raw.get("options")), key=lambda option: option.get("position") or 0)
    return Poll(
        id=int(raw["id"]),
        options=tuple(PollOption(item.get("label", ""), int(item.get("votes") or 0)) for item in options),
        ends_at=_time(raw.get("end_datetime")),
        open=raw.get("voting_status") == "open",
    )


def _article(raw: Json) -> Article | None:
    return Article(raw["title"], raw.get("url")) if raw.get("title") else None


def _prefix(start: int, short: str, text: str) -> int:
    """The length of the automatic prefix; a long text may come without the one its short form has."""
    return start if 0 < start <= len(text) and text[:start] == short[:start] else 0


def _first(raw: Json, *names: str) -> Any:
    return next((raw[name] for name in names if raw.get(name) is not None), None)


def _map(value: Any) -> Json:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _listed(value: Any) -> list[Json]:
    return [value] if isinstance(value, Mapping) else _list(value)


def _int(value: Any) -> int | None:
    return int(value) if str(value).isdecimal() else None


def _time(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def payloads(
    kept: Iterable[Json], authors: Mapping[int, Author], missing: Mapping[int, GapReason]
) -> Conversation:
    """A conversation from payloads that were kept, without asking X."""
    posts = [(post(payload), payload) for payload in kept]
    return Conversation(
        posts={each.id: each for each, _ in posts},
        authors=authors,
        missing=missing,
        payloads={each.id: payload for each, payload in posts},
    )
