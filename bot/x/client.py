"""The calls we make to X: tweepy over our own session, reserved, metered, and failing in three ways only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay

from bot import metrics
from bot.domain import Author, Conversation, GapReason, Mention, Post
from bot.errors import Misconfigured, Transient
from bot.rules.plan import Search
from bot.x import decode
from bot.x.connection import Connection, Session
from bot.x.errors import EXPECTED, UNREADABLE, fate
from bot.x.limits import WINDOWS, Limits
from bot.x.line import last_look
from bot.x.price import PRICES, Item, Meter, bill, price_list

log = structlog.get_logger()

POST_FIELDS = [
    *("article", "attachments", "author_id", "conversation_id", "created_at", "display_text_range"),
    *("edit_history_tweet_ids", "entities", "in_reply_to_user_id", "lang", "note_tweet"),
    *("possibly_sensitive", "referenced_tweets", "withheld"),
]
MEDIA_FIELDS = [
    *("alt_text", "duration_ms", "height", "media_key", "preview_image_url", "type", "url", "variants"),
    "width",
]
POLL_FIELDS = ["end_datetime", "id", "options", "voting_status"]
USER_FIELDS = ["description", "id", "name", "profile_image_url", "protected", "username"]
ATTACHMENTS = ["attachments.media_keys", "attachments.poll_ids"]

SEARCH_PAGE = {False: (10, 100), True: (10, 500)}
SEARCHES = {
    "GET /2/tweets/search/recent": "search_recent_tweets",
    "GET /2/tweets/search/all": "search_all_tweets",
}
MENTIONS_PAGE = (5, 100)
TIMELINE_PAGE = (5, 100)
TIMELINE_PAGES = 640  # X shows the newest 3,200; where little money is left, five at a time

# X bills nothing for an answer that holds nothing.
NOBODYS_POST = 1

# Reads are tried again in place only for seconds, and only where that helps; longer waits are the row's.
PATIENCE = timedelta(seconds=4)
TOO_SLOW = "too-slow"
SHUTTING_DOWN = "shutting-down"


# Which of these ids are known already.
Known = Callable[[Iterable[int]], set[int]]


def _nothing(_: Iterable[int]) -> set[int]:
    return set()


def _never() -> bool:
    return False


# A series that begins at one has no increase.
for _endpoint in WINDOWS:
    metrics.X_CALLS.labels(_endpoint, "429")

# Takes what an answer of X brought, before the next call.
Keep = Callable[[Conversation], None]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class X:
    """X, as one job or one tick of the poller sees it; `meter` is who pays. Once `stopping` says so, or the
    `deadline` is over, no call is begun any more.

    Every method raises Transient, Permanent or Misconfigured and nothing else.
    """

    connection: Connection
    meter: Meter
    clock: Callable[[], datetime] = utc_now
    deadline: datetime | None = None
    stopping: Callable[[], bool] = _never

    def me(self) -> Author:
        """The bot's own account. Bills a user read."""
        self._afford(PRICES["user"], at_least=PRICES["user"])
        answer = self._read("GET /2/users/me", "get_me", user_auth=True, user_fields=USER_FIELDS)
        with _readable():
            return decode.author(answer["data"])

    def mentions(
        self, bot_id: int, *, since_id: int | None, known: Known = _nothing, pages: int = 8
    ) -> list[Mention]:
        """The mentions newer than `since_id`, oldest first; X keeps the newest 800. X gives the newest first,
        and the page whose oldest is `known` is the last one asked for.

        No expansions: the requester's profile would cost ten times the mention.
        """
        price = price_list(self.connection.settings)["mention"]
        found: dict[int, Mention] = {}
        token: str | None = None
        for _ in range(pages):
            smallest, largest = (size * price for size in MENTIONS_PAGE)
            paid = self._afford(largest, at_least=smallest)
            answer = self._read(
                "GET /2/users/:id/mentions",
                "get_users_mentions",
                id=bot_id,
                since_id=since_id,
                pagination_token=token,
                max_results=paid // price,
                tweet_fields=POST_FIELDS,
                user_auth=True,
                own_mentions=True,
            )
            page, token = _page(answer)
            fresh = [post_id for post_id in page.posts if post_id not in found]
            found.update((post_id, Mention(page.posts[post_id], page.payloads[post_id])) for post_id in fresh)
            if token is None or not fresh or known([min(page.posts)]):  # X's pagination can repeat itself
                break
        return [found[post_id] for post_id in sorted(found)]

    def lookup(self, ids: tuple[int, ...], *, authors: bool = True, free: bool = False) -> Conversation:
        """Posts by id, at most 100, with their `authors`, whom X bills too. What X does not mention at all
        is `not-found`. `free` says that all of it was bought today: X does not bill it again.
        """
        if not free:  # each may be by somebody else
            dearest = len(ids) * (PRICES["post"] + (PRICES["user"] if authors else 0))
            self._afford(dearest, at_least=dearest)
        answer = self._read(
            "GET /2/tweets",
            "get_tweets",
            ids=list(ids),
            expansions=["author_id", *ATTACHMENTS] if authors else ATTACHMENTS,
            **_FIELDS,
        )
        found, _ = _page(answer)
        told = {version for post in found.posts.values() for version in (post.id, *post.versions)}
        silent: dict[int, GapReason] = {
            i: "not-found" for i in ids if i not in told and i not in found.missing
        }
        return replace(found, missing={**found.missing, **silent})

    def search(self, search: Search, *, room: int, keep: Keep = lambda _: None) -> Conversation:
        """An author's replies to themself, newest first, at most `room` posts; `cut` if there are more.
        Each page is handed to `keep` before the next is bought.
        """
        smallest, largest = SEARCH_PAGE[search.archive]
        endpoint = "GET /2/tweets/search/all" if search.archive else "GET /2/tweets/search/recent"
        found = Conversation()
        token: str | None = None
        while room >= smallest:
            wanted = min(largest, room)
            paid = self._afford(wanted * PRICES["post"], at_least=smallest * PRICES["post"])
            answer = self._read(
                endpoint,
                SEARCHES[endpoint],
                query=search.query,
                since_id=search.since_id,
                next_token=token,
                max_results=min(wanted, paid // PRICES["post"]),
                expansions=ATTACHMENTS,
                **_FIELDS,
            )
            page, token = _page(answer)
            keep(page)
            fresh = page.posts.keys() - found.posts.keys()
            found = merged(found, page)
            room -= len(fresh)
            if token is None or not fresh:
                return found
        return replace(found, cut=True)

    def own_replies(
        self, bot_id: int, *, since_id: int | None, until_id: int | None = None, pages: int = TIMELINE_PAGES
    ) -> Iterator[Post]:
        """What the bot posted after `since_id` and before `until_id`, newest first, from its own timeline:
        search lags longer. X shows the newest 3,200.
        """
        token: str | None = None
        seen: set[int] = set()
        for _ in range(pages):
            paid = self._afford(TIMELINE_PAGE[1] * PRICES["post"], at_least=TIMELINE_PAGE[0] * PRICES["post"])
            answer = self._read(
                "GET /2/users/:id/tweets",
                "get_users_tweets",
                id=bot_id,
                since_id=since_id,
                until_id=until_id,
                pagination_token=token,
                max_results=paid // PRICES["post"],
                tweet_fields=["created_at", "conversation_id", "referenced_tweets", "author_id"],
                user_auth=True,
            )
            page, token = _page(answer)
            fresh = page.posts.keys() - seen
            yield from page.posts.values()
            seen |= fresh
            if token is None or not fresh:  # X's pagination can repeat itself
                return

    def reply(self, text: str, *, to: int, mark: Callable[[], None] = lambda: None) -> int:
        """Posts a reply and returns its id. Transient says whether it may have landed.

        `mark` is called when money and window are reserved and X listens, as the last thing before the words
        are written; whatever it raises comes out, and nothing was posted.
        """
        endpoint = "POST /2/tweets"
        booked: list[Item] = []
        price = price_list(self.connection.settings)["reply"]
        self._afford(price, at_least=price, last=True)
        with metrics.reply_counted():
            try:
                said = {"text": text, "in_reply_to_tweet_id": to}
                answer = self._call(endpoint, "create_tweet", mark=mark, user_auth=True, **said)
                booked.append(Item("reply", int(answer["data"]["id"])))
            except (KeyError, TypeError, ValueError):
                raise Transient("x-unreadable", "a reply without an id", may_have_landed=True) from None
            finally:
                self.meter.book(booked)
        return booked[0].id

    def probe(self, endpoint: str) -> None:
        """Whether X answers there to the app's own token, by a call that it bills nothing for. What takes the
        account's key is tried by using it.
        """
        if endpoint == "GET /2/tweets":
            self._read(endpoint, "get_tweets", ids=[NOBODYS_POST])
        elif endpoint in SEARCHES:
            query = f"conversation_id:{NOBODYS_POST}"
            self._read(endpoint, SEARCHES[endpoint], query=query, max_results=SEARCH_PAGE[False][0])

    def _afford(self, wanted: int, *, at_least: int, last: bool = False) -> int:
        """Micro-dollars that the next call may cost; raises Transient where too few are left."""
        return self.meter.affordable(wanted, at_least=at_least, last=last)

    def _read(self, endpoint: str, name: str, *, own_mentions: bool = False, **params: Any) -> dict[str, Any]:
        retrying = Retrying(
            retry=retry_if_exception(_soon),
            wait=_wait,
            stop=stop_after_delay(PATIENCE.total_seconds()),
            reraise=True,
        )
        answer: dict[str, Any] = {}
        try:
            answer = retrying(self._call, endpoint, name, **params)
        finally:
            self.meter.book(bill(answer, own_mentions=own_mentions))
        return answer

    def _call(
        self, endpoint: str, name: str, *, mark: Callable[[], None] = lambda: None, **params: Any
    ) -> dict[str, Any]:
        now = self.clock()
        if self.stopping():
            raise Transient(SHUTTING_DOWN, "put back for another worker", retry_at=now, counts=False)
        if self.deadline is not None and now > self.deadline:
            raise Transient(TOO_SLOW, "the deadline of the job is over")
        limits = self.connection.user if params.get("user_auth") else self.connection.app
        with self.connection.circuits.call(endpoint, self.clock) as call:
            limits.acquire(endpoint, now=now)
            client = self.connection.client
            try:
                with last_look(mark):
                    answer: dict[str, Any] = getattr(client, name)(**params)
                if not isinstance(answer, dict):
                    raise TypeError("not an object")
            except EXPECTED as error:
                known = fate(error, posting=endpoint.startswith("POST"), now=now)
                if isinstance(known, Misconfigured):
                    known.endpoint = endpoint
                log.warning("x.failed", endpoint=endpoint, reason=known.reason, detail=known.detail[:200])
                raise call.failed(known) from None
            finally:
                self._observe(endpoint, limits, client.session, now)
            call.answered()
        log.debug("x.called", endpoint=endpoint)
        return answer

    def _observe(self, endpoint: str, limits: Limits, session: Session, now: datetime) -> None:
        response = session.last_response
        status = "none" if response is None else str(response.status_code)
        metrics.X_CALLS.labels(endpoint, status).inc()
        refused = response is not None and response.status_code == requests.codes.too_many_requests
        limits.observe(endpoint, response.headers if response is not None else {}, refused=refused, now=now)


_FIELDS: Mapping[str, Any] = {
    "tweet_fields": POST_FIELDS,
    "media_fields": MEDIA_FIELDS,
    "poll_fields": POLL_FIELDS,
    "user_fields": USER_FIELDS,
}


def merged(known: Conversation, more: Conversation) -> Conversation:
    """Both together; the newer answer wins, over a post that is gone as over one that is back."""
    gone = more.missing.keys() - more.posts.keys()
    missing = {i: reason for i, reason in known.missing.items() if i not in more.posts} | dict(more.missing)
    return Conversation(
        posts={i: post for i, post in {**known.posts, **more.posts}.items() if i not in gone},
        authors={**known.authors, **more.authors},
        missing=missing,
        payloads={i: payload for i, payload in {**known.payloads, **more.payloads}.items() if i not in gone},
        cut=known.cut or more.cut,
    )


@contextmanager
def _readable() -> Iterator[None]:
    """An answer that is not what X documents is X's trouble, to be outlived like the rest of it."""
    try:
        yield
    except UNREADABLE as error:
        raise Transient("x-unreadable", f"{type(error).__name__} in an answer") from None


def _page(answer: Mapping[str, Any]) -> tuple[Conversation, str | None]:
    """What an answer holds, and the token of the page after it."""
    with _readable():
        return decode.conversation(answer), (answer.get("meta") or {}).get("next_token")


def _soon(error: BaseException) -> bool:
    """Worth trying again in place: X stumbled, or its window opens within seconds."""
    if not isinstance(error, Transient) or error.reason in {TOO_SLOW, SHUTTING_DOWN}:
        return False
    if error.retry_at is None:
        return True
    return error.retry_at - utc_now() < PATIENCE / 2


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, Transient) and error.retry_at is not None:
        return max(0.05, (error.retry_at - utc_now()).total_seconds())
    return float(min(2.0, 0.2 * 2**state.attempt_number))
