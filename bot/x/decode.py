"""X's payloads, in both their dialects -> the nouns. Absent fields and fields added since are tolerated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
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
from bot.rules.recheck import COPYRIGHT

Json = Mapping[str, Any]

# The last path segment of a problem's `type` (its host varies) -> why a post cannot be shown.
GAP_REASONS: Mapping[str, GapReason] = {
    "resource-not-found": "deleted",
    "not-authorized-for-resource": "protected",
    "resource-unavailable": "withheld",
    "disallowed-resource": "withheld",
}
# X's codes for texts without words or of a language it could not tell.
NO_LANGUAGE = ("und", "zxx", "qme", "qst", "qht", "qam", "qct", "art")
LONGEST_NUMBER, LARGEST_NUMBER = 20, 1 << 63
ENTITY_FIELDS: Mapping[EntityKind, tuple[str, tuple[str, ...]]] = {
    "url": ("urls", ("url",)),
    "mention": ("mentions", ("username",)),
    "hashtag": ("hashtags", ("tag", "text")),
    "cashtag": ("cashtags", ("tag", "text")),
}


def conversation(answer: Json) -> Conversation:
    """Everything an answer of X tells: posts (also the expanded ones), authors, and what is missing.

    Never raises: what is of another form than documented is left out, and takes nothing else with it.
    """
    includes = _map(answer.get("includes"))
    media = {item["media_key"]: item for item in _list(includes.get("media")) if _str(item.get("media_key"))}
    polls = {str(item["id"]): item for item in _list(includes.get("polls")) if "id" in item}
    told = (*_listed(answer.get("data")), *_list(_first(includes, "tweets", "posts")))
    payloads = {
        post_id: _payload(raw, media, polls)
        for raw in told
        if (post_id := _int(raw.get("id"))) is not None and _str(raw.get("text")) is not None
    }
    users = (_author(raw) for raw in _list(includes.get("users")))
    return Conversation(
        posts={post_id: post(payload) for post_id, payload in payloads.items()},
        authors={each.id: each for each in users if each is not None},
        missing=dict(_missing(_list(answer.get("errors")))),
        payloads=payloads,
    )


def post(payload: Json) -> Post:
    """One post from its own payload: `{"post": ..., "media": [...], "polls": [...]}`.

    Raises only where there is neither an id nor a text.
    """
    raw = payload["post"]
    short = str(raw["text"])
    note = _map(_first(raw, "note_tweet", "note_post"))
    whole = _str(note.get("text"))
    text = whole or short
    references = {
        _str(item.get("type")): _int(item.get("id"))
        for item in _list(_first(raw, "referenced_tweets", "referenced_posts"))
    }
    post_id = int(raw["id"])
    by_key = {item.get("media_key"): item for item in _list(payload.get("media"))}
    created_at = _time(raw.get("created_at")) or posted_at(post_id)
    return Post(
        id=post_id,
        author_id=_int(raw.get("author_id")) or 0,
        conversation_id=_int(raw.get("conversation_id")) or post_id,
        created_at=created_at,
        text=text,
        entities=tuple(_entities(_map((note if whole else raw).get("entities")))),
        lang=None if raw.get("lang") in NO_LANGUAGE else _str(raw.get("lang")),
        reply_to=references.get("replied_to"),
        reply_to_author=_int(raw.get("in_reply_to_user_id")),
        quoted=references.get("quoted"),
        reposted=references.get("retweeted") or references.get("reposted"),
        media=tuple(_media(by_key[key]) for key in _media_keys(raw) if key in by_key),
        poll=next((_poll(item) for item in _list(payload.get("polls"))), None),
        article=_article(_map(raw.get("article"))),
        versions=_versions(raw, post_id),
        display_start=_prefix(raw.get("display_text_range"), short, text),
        sensitive=raw.get("possibly_sensitive") is True,
        withheld_in=_withheld(_map(raw.get("withheld"))),
    )


def author(raw: Json) -> Author:
    """Raises KeyError or ValueError for a user without an id or a name."""
    return Author(
        id=int(raw["id"]),
        username=str(raw["username"]),
        name=_str(raw.get("name")) or str(raw["username"]),
        avatar_url=_str(raw.get("profile_image_url")),
        bio=_str(raw.get("description")) or "",
        protected=raw.get("protected") is True,
    )


def _author(raw: Json) -> Author | None:
    known = _int(raw.get("id")) is not None and _str(raw.get("username"))
    return author(raw) if known else None


def _payload(raw: Json, media: Mapping[str, Json], polls: Mapping[str, Json]) -> Json:
    attached = _map(raw.get("attachments"))
    return {
        "post": raw,
        "media": [media[key] for key in _media_keys(raw) if key in media],
        "polls": [polls[key] for key in map(str, _items(attached.get("poll_ids"))) if key in polls],
    }


def _media_keys(raw: Json) -> list[str]:
    return _strings(_map(raw.get("attachments")).get("media_keys"))


def _withheld(raw: Json) -> tuple[str, ...]:
    """The countries; after a complaint about copyright that names none, X's own code for that: everywhere."""
    codes = tuple(_strings(raw.get("country_codes")))
    return codes or ((COPYRIGHT,) if raw.get("copyright") is True else ())


def _versions(raw: Json, post_id: int) -> tuple[int, ...]:
    told = _items(_first(raw, "edit_history_tweet_ids", "edit_history_post_ids"))
    return tuple(sorted({post_id, *(version for each in told if (version := _int(each)) is not None)}))


def _missing(errors: Iterable[Json]) -> Iterator[tuple[int, GapReason]]:
    for error in errors:
        reason = GAP_REASONS.get(str(error.get("type", "")).rstrip("/").rsplit("/", 1)[-1])
        post_id = _int(error.get("resource_id") or error.get("value"))
        if reason and post_id is not None and error.get("resource_type", "tweet") in ("tweet", "post"):
            yield post_id, reason


def _entities(raw: Json) -> Iterator[Entity]:
    for kind, (field, names) in ENTITY_FIELDS.items():
        for item in _list(raw.get(field)):
            value, start = _str(_first(item, *names)), _int(item.get("start"))
            if value and start is not None:
                yield _entity(kind, value, start, item)


def _entity(kind: EntityKind, value: str, start: int, item: Json) -> Entity:
    images = sorted(_list(item.get("images")), key=lambda image: _int(image.get("width")) or 0)
    return Entity(
        kind=kind,
        start=start,
        end=_int(item.get("end")) or 0,
        value=value,
        expanded_url=_str(item.get("unwound_url")) or _str(item.get("expanded_url")),
        display_url=_str(item.get("display_url")),
        title=_str(item.get("title")),
        description=_str(item.get("description")),
        image_url=_str(images[-1].get("url")) if images else None,
        media_key=_str(item.get("media_key")),
        user_id=_int(item.get("id")),
    )


def _media(raw: Json) -> Media:
    kind: MediaKind = raw["type"] if raw.get("type") in get_args(MediaKind) else "photo"
    return Media(
        key=raw["media_key"],
        kind=kind,
        url=_str(raw.get("url")),
        preview_url=_str(raw.get("preview_image_url")),
        alt_text=_str(raw.get("alt_text")),
        width=_int(raw.get("width")),
        height=_int(raw.get("height")),
        duration_ms=_int(raw.get("duration_ms")),
        variants=tuple(
            Variant(url, _str(item.get("content_type")) or "", _int(item.get("bit_rate")))
            for item in _list(raw.get("variants"))
            if (url := _str(item.get("url")))
        ),
    )


def _poll(raw: Json) -> Poll:
    options = sorted(_list(raw.get("options")), key=lambda option: _int(option.get("position")) or 0)
    return Poll(
        id=_int(raw.get("id")) or 0,
        options=tuple(
            PollOption(_str(item.get("label")) or "", _int(item.get("votes")) or 0) for item in options
        ),
        ends_at=_time(raw.get("end_datetime")),
        open=raw.get("voting_status") == "open",
    )


def _article(raw: Json) -> Article | None:
    title = _str(raw.get("title"))
    return Article(title, _str(raw.get("url"))) if title else None


def _prefix(display: Any, short: str, text: str) -> int:
    """The length of the automatic prefix; a long text may come without the one its short form has."""
    start = next(iter(_items(display)), None)
    start = _int(start) or 0
    return start if 0 < start <= len(text) and text[:start] == short[:start] else 0


def _first(raw: Json, *names: str) -> Any:
    return next((raw[name] for name in names if raw.get(name) is not None), None)


def _map(value: Any) -> Json:
    return value if isinstance(value, Mapping) else {}


def _items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _list(value: Any) -> list[Json]:
    return [item for item in _items(value) if isinstance(item, Mapping)]


def _listed(value: Any) -> list[Json]:
    return [value] if isinstance(value, Mapping) else _list(value)


def _strings(value: Any) -> list[str]:
    return [item for item in _items(value) if isinstance(item, str)]


def _str(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _int(value: Any) -> int | None:
    """A number as X writes it: ids as strings, sizes as numbers; never larger than an id can be."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < LONGEST_NUMBER:
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LARGEST_NUMBER
    return value if fits else None


def _time(value: Any) -> datetime | None:
    """Always with a zone, or it could not be compared with any other."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


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
