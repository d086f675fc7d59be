"""Letters to those who follow an author by e-mail.

    the poller:  pages that came into lists -> a row for each follower and thread -> a wake-up
    a worker:    connect -> for each letter that is due: read it -> compose -> mark -> send -> its fate

The row is the truth and the mark is made before the letter goes out. One of unknown outcome is never sent a
second time: a letter that is missing is a pity, one that comes twice is a nuisance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial

import structlog

from bot import mail, metrics
from bot.errors import DatabaseAway, Misconfigured, Permanent, Transient
from bot.flows.parts import Parts
from bot.rules.letters import MAX_REFUSALS, Body, Letter, after_refusal, while_away
from bot.rules.listing import Listing, listing
from bot.settings import FLOW_DEADLINE, LEASE
from bot.store import Store

log = structlog.get_logger()

# One worker at a time sends letters, over one line: a server takes that better than sixteen at once.
SENDING = "letters"
TROUBLE = "letters.trouble"
TIDIED = "letters.tidied"
TIDIED_EVERY = timedelta(minutes=5)

Compose = Callable[[Letter, str], Body]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why no letter goes out, and how often in a row that was so; the next try is after `until`."""

    reason: str
    detail: str
    since: datetime
    until: datetime
    times: int


def announce(parts: Parts, wake_up: Callable[[], None]) -> None:
    """Makes letters of what is new, and wakes a worker up for those that are due."""
    if parts.settings.smtp_url is None:
        return
    try:
        _announce(parts, wake_up)
    except DatabaseAway:
        raise
    except Exception as error:  # noqa: BLE001 - letters must not stop the poller; errors may quote addresses
        log.error("letters.failed", error=type(error).__name__)  # noqa: TRY400


def _announce(parts: Parts, wake_up: Callable[[], None]) -> None:
    store, now = parts.store, parts.clock()
    _tidy(parts, now)
    since = _restored(parts, now)
    if told := store.letters.announce(_listing(parts), now=now, since=since):
        log.info("letters.made", threads=told)
    if store.letters.wake_up(now=now):
        try:
            wake_up()
        except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the rows are safe
            log.warning("queue.away", error=type(error).__name__)
            store.letters.unsend()


def deliver(parts: Parts, compose: Compose) -> int:
    """Sends what is due, within the day's number and the time of a flow; returns how many went out."""
    to, store = mail.server(parts.settings), parts.store
    held = store.notes.acquire(SENDING, now=parts.clock(), hold=LEASE) if to else None
    if to is None or held is None:
        return 0
    try:
        return _deliver(to, parts, compose)
    finally:
        store.notes.release(SENDING, held)
        store.letters.unsend()


def trouble(store: Store) -> Trouble | None:
    told = store.notes.get(TROUBLE)
    if told is None:
        return None
    since, until = (datetime.fromisoformat(told[name]) for name in ("since", "until"))
    return Trouble(told["reason"], told["detail"], since, until, told["times"])


def _deliver(to: mail.Server, parts: Parts, compose: Compose) -> int:
    now = parts.clock()
    due, left = parts.store.letters.due(now=now), _left_today(parts, now)
    if not due:
        return 0
    stopped = trouble(parts.store)
    if stopped is not None and now < stopped.until:
        parts.store.letters.put_off(stopped.until, now=now)
        return 0
    if left <= 0:
        parts.store.letters.put_off(_tomorrow(now), now=now)
        log.warning("letters.enough_for_today", until=_tomorrow(now).isoformat(timespec="seconds"))
        return 0
    sent = 0
    try:
        with mail.connected(to) as line:
            for letter_id in due[:left]:
                if parts.stop.is_set() or parts.clock() > now + FLOW_DEADLINE:
                    break
                sent += _send(letter_id, line, parts, compose)
    except (Misconfigured, Transient) as error:
        _wait_for_server(error, parts)
    else:
        parts.store.notes.drop(TROUBLE)
    return sent


def _send(letter_id: int, line: mail.Line, parts: Parts, compose: Compose) -> bool:
    """Raises Misconfigured or Transient `smtp-away` where no other letter would fare better."""
    letters, clock = parts.store.letters, parts.clock
    letter = letters.read(letter_id, _listing(parts), now=clock())
    if letter is None:
        return False
    try:
        body = compose(letter, parts.settings.public_url)
        message = mail.message(letter, body, parts.settings, now=clock())
        taken = line.hand_over(message, lambda: letters.start(letter, now=clock()))
    except Permanent as error:
        _refused(letter, error, parts)
    except Misconfigured:
        letters.put_back(letter, now=clock())
        raise
    except Transient as error:
        _not_now(letter, error, parts)
    except DatabaseAway:
        raise
    except Exception as error:  # noqa: BLE001 - a letter we stumble over must not stop the others; no words of it
        letters.end(letter, "failed", now=clock(), reason="unexpected-error", detail=type(error).__name__)
        log.error("letter.unexpected_error", letter=letter.id, error=type(error).__name__)  # noqa: TRY400
        _count(letter, "refused")
    else:
        if taken:
            letters.end(letter, "sent", now=clock())
            _count(letter, "sent")
            log.info("letter.sent", letter=letter.id, kind=letter.kind, threads=len(letter.cards))
        return taken
    return False


def _refused(letter: Letter, error: Permanent, parts: Parts) -> None:
    _count(letter, error.reason)
    log.info("letter.refused", letter=letter.id, reason=error.reason, detail=error.detail)
    if error.reason == "no-such-address":
        parts.store.letters.bounce(letter)
    else:
        parts.store.letters.end(letter, "failed", now=parts.clock(), reason=error.reason, detail=error.detail)


def _not_now(letter: Letter, error: Transient, parts: Parts) -> None:
    letters, now = parts.store.letters, parts.clock()
    if error.may_have_landed:
        _count(letter, "unknown")
        letters.end(letter, "unknown", now=now, reason=error.reason, detail=error.detail)
        log.warning("letter.unsure", letter=letter.id, detail=error.detail)
        raise Transient("smtp-away", error.detail)
    if error.reason == "smtp-away":
        letters.put_back(letter, now=now)
        raise error
    _count(letter, "put-off")
    wait = partial(letters.wait, letter, now=now, reason=error.reason, detail=error.detail)
    refusals = wait(now + after_refusal(letter.refusals + 1))
    log.info("letter.put_off", letter=letter.id, detail=error.detail, refusals=refusals)
    if refusals >= MAX_REFUSALS:
        letters.end(letter, "failed", now=now, reason=error.reason, detail=error.detail)


def _wait_for_server(error: Misconfigured | Transient, parts: Parts) -> None:
    """All letters stay where they are for a while. Where it is for the operator to act, they are told."""
    now, earlier = parts.clock(), trouble(parts.store)
    times = earlier.times + 1 if earlier else 1
    since = earlier.since if earlier else now
    until = now + while_away(times)
    value = {"reason": error.reason, "detail": error.detail, "times": times}
    moments = {"since": since.isoformat(), "until": until.isoformat()}
    parts.store.notes.put(TROUBLE, {**value, **moments}, now=now)
    parts.store.letters.put_off(until, now=now)
    metrics.LETTERS.labels("any", "away").inc()
    told = {"reason": error.reason, "detail": error.detail, "until": until.isoformat(timespec="seconds")}
    if isinstance(error, Misconfigured) and times == 1:
        log.critical("letters.stopped", **told, hint="run `unroll doctor`")
    else:
        log.warning("letters.wait", **told)


def _restored(parts: Parts, now: datetime) -> datetime | None:
    """When a backup was put back, if ever: what it is about to tell may have been told since it was made."""
    restore = parts.store.restores.last()
    if restore is None:
        return None
    if given_up := parts.store.letters.give_up_older(restore.at, now=now):
        log.warning("letters.unsure", letters=given_up, reason="restored")
    return restore.at


def _tidy(parts: Parts, now: datetime) -> None:
    """Now and then: what a dead worker left, questions that nobody answered, what was sent long ago."""
    store, last = parts.store, parts.store.notes.get(TIDIED)
    if last is not None and now - datetime.fromisoformat(last["at"]) < TIDIED_EVERY:
        return
    store.notes.put(TIDIED, {"at": now.isoformat()}, now=now)
    if lost := store.letters.give_up_lost(now=now):
        metrics.LETTERS.labels("any", "unknown").inc(lost)
        log.warning("letters.unsure", letters=lost)
    store.letters.give_up_unsent(now=now)
    store.subscriptions.drop_unanswered(now=now)
    store.letters.drop_old(now=now)


def _left_today(parts: Parts, now: datetime) -> int:
    return parts.settings.letters_per_day - parts.store.letters.sent_on_day_of(now)


def _tomorrow(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(UTC).date(), time.min, UTC) + timedelta(days=1)


def _listing(parts: Parts) -> Listing:
    settings = parts.settings
    return listing(settings.listing, hides=settings.hide_unconfirmed, now=parts.clock())


def _count(letter: Letter, outcome: str) -> None:
    metrics.LETTERS.labels(letter.kind, outcome).inc()
