"""X's answers, and the lack of one -> our three classes. Nothing of tweepy's leaves this package."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import requests
import tweepy
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from bot.errors import Complaint, Misconfigured, Permanent, Transient, UnrollError
from bot.x.limits import read

# What tweepy lets through as it is when an answer is not what it expects: HTML, a list, nothing.
UNREADABLE = (ValueError, KeyError, AttributeError, TypeError)
EXPECTED = (tweepy.TweepyException, requests.RequestException, *UNREADABLE)

DUPLICATE = "duplicate content"
NOT_SUMMONED = "only reply to or quote posts where you are mentioned"
NOT_PERMITTED = "not permitted to perform this action"
GONE = ("deleted", "not visible", "does not exist", "not found")
OUR_FAULT = frozenset({"client-forbidden", "unsupported-authentication", "oauth1-permissions"})
CAPPED = frozenset({"usage-capped", "credits", "credits-depleted"})


def fate(error: Exception, *, posting: bool, now: datetime) -> UnrollError:
    """What to do about an error that got out of tweepy. `posting` says that it answered a POST."""
    if isinstance(error, tweepy.HTTPException):
        return _refused(error, posting=posting, now=now)
    if isinstance(error, requests.RequestException) and not isinstance(error, ValueError):
        sent = posting and not _never_left(error)
        return Transient("x-unreachable", type(error).__name__, may_have_landed=sent)
    return Transient("x-unreadable", type(error).__name__, may_have_landed=posting)


def _refused(error: tweepy.HTTPException, *, posting: bool, now: datetime) -> UnrollError:
    status = error.response.status_code
    kind, detail = _problem(error.response)
    if kind in CAPPED or status == requests.codes.payment_required:
        return Misconfigured("usage-capped" if kind == "usage-capped" else "credits-depleted", detail)
    match status:
        case 429:
            return Transient("rate-limited", detail, retry_at=_reset(error, now), counts=False)
        case 401:
            return Misconfigured("unauthorized", detail)
        case 403:
            return _forbidden(kind, detail, posting=posting)
        case 400 | 404 if not kind and not detail:  # a page of something before X, which knows no post
            return Transient("x-unreadable", f"{status} without X's words")
        case 404:
            return Permanent("post-gone", detail)
        case 400:
            gone = posting and any(word in detail.casefold() for word in GONE)
            return Permanent("post-gone" if gone else "bad-request", detail, refused=gone)
        case _:
            return Transient("x-down", f"{status} {detail}".strip(), may_have_landed=posting)


def _forbidden(kind: str, detail: str, *, posting: bool) -> UnrollError:
    said = detail.casefold()
    if DUPLICATE in said:
        return Permanent("duplicate-text", detail)
    if kind in OUR_FAULT or not posting:
        return Misconfigured("not-permitted", detail)
    if NOT_PERMITTED in said or not said:
        return Complaint(detail)
    if NOT_SUMMONED in said:
        return Permanent("reply-not-allowed", detail)
    return Permanent("post-gone" if any(word in said for word in GONE) else "reply-not-allowed", detail)


def _problem(response: requests.Response) -> tuple[str, str]:
    """The last path segment of the problem's type, and its words."""
    try:
        body: Any = response.json()
    except ValueError:
        return "", ""
    if not isinstance(body, Mapping):
        return "", ""
    errors = body.get("errors")
    told = errors if isinstance(errors, list) else []
    first = next((item for item in told if isinstance(item, Mapping)), {})
    kind = body.get("type") or first.get("type") or ""
    detail = body.get("detail") or first.get("detail") or first.get("message") or body.get("title") or ""
    return str(kind).rstrip("/").rsplit("/", 1)[-1], str(detail)


def _reset(error: tweepy.HTTPException, now: datetime) -> datetime:
    told = read(error.response.headers, refused=True, now=now)
    return max(now, datetime.fromtimestamp(told.blocked, UTC)) if told else now


def _never_left(error: requests.RequestException) -> bool:
    """Whether it is certain that not a byte of the request reached X: no connection came about."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", inner)
    return isinstance(reason, NewConnectionError | ConnectTimeoutError | NameResolutionError)
