"""HTTP for asking on the site itself: a thread without a mention, and a page once more.

    ours? -> whose post? -> is it here? -> may it be? -> how often today? -> budget -> job row -> 303

The poller's next tick finds the row; the page that the visitor is led to asks after it until it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.domain import Goal
from bot.rules.recheck import shown_ids
from reader import addresses, forms, messages, reasons, visits
from reader.messages import Note
from reader.pointing import Missed, pointed_at
from reader.ports import Job, Settings, Stamp
from reader.site import NOINDEX, Site

MICRO = 1_000_000
OPEN_STATES = frozenset({"queued", "running", "waiting"})

# A page checked this short a time ago is as good as one checked now.
JUST_NOW = timedelta(minutes=1)

# The poller looks every few seconds; one that has not for so long is not there.
ASLEEP = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Asking:
    site: Site
    settings: Settings

    async def unroll(self, request: Request) -> Response:
        """POST /unroll: leads to the thread, or to where one waits for it."""
        return await self._posted(request, self._unroll)

    async def refresh(self, request: Request) -> Response:
        """POST /thread/{post}/refresh: leads to where one waits for it."""
        return await self._posted(request, self._refresh)

    async def _posted(self, request: Request, act: Callable[[Request, dict[str, str]], Response]) -> Response:
        if not forms.is_ours(request.headers, self.site.public_url):
            return self.site.note(visits.NOT_FROM_HERE, 403)
        return await run_in_threadpool(act, request, await forms.fields(request))

    def _unroll(self, request: Request, sent: dict[str, str]) -> Response:
        pasted = sent.get("post", "")
        number = pointed_at(pasted, self.site.public_url)
        if isinstance(number, Missed):
            content = self.site.page("front.html", pasted=pasted, missed=number.why, shelf=())
            return Response(content, 422, {"Cache-Control": "no-store", **NOINDEX}, media_type="text/html")
        if stamp := self._shown(number):
            return _to(addresses.thread(stamp.thread_id))
        if objection := self._objection(number):
            return self.site.note(visits.refused(objection, number))
        if not self._open("unroll", number):
            if limited := self._limited(request, "unrolls", self.settings.unrolls_per_visitor_per_day):
                return limited
            self.site.store.jobs.add(Goal(number), now=self.site.clock(), from_site=True)
        return _to(addresses.asked(number))

    def asked(self, request: Request) -> Response:
        """GET /unroll/{post}: leads to the thread as soon as it is there."""
        number = addresses.post_id(request.path_params["post"])
        if number is None:
            return self.site.note(messages.NOT_A_THREAD, 404)
        if stamp := self._shown(number):
            return _to(addresses.thread(stamp.thread_id))
        job = self.site.store.jobs.of_visitors("unroll", number)
        if job is None:
            return self.site.note(messages.not_unrolled(number), 404)
        return self.site.note(visits.of_unroll(number, job, trouble(self.site, self.settings)))

    def _refresh(self, request: Request, _sent: dict[str, str]) -> Response:
        number = addresses.post_id(request.path_params["post"])
        stamp = self.site.store.threads.stamp(number) if number is not None else None
        if stamp is None:
            return self.site.note(messages.NOT_A_THREAD, 404)
        thread_id = stamp.thread_id
        if stamp.gone:
            return self.site.note(messages.GONE, 410)
        if self._open("refresh", thread_id):
            return _to(addresses.refreshed(thread_id))
        if not self._checked_just_now(thread_id):
            if self._left() <= 0 and not self._is_free(thread_id):
                return self._tomorrow(visits.NOT_FREE, 503)
            if limited := self._often(request, "refreshes", self.settings.refreshes_per_visitor_per_day):
                return limited
            if not self.site.visitors.take(
                "refreshed", str(thread_id), limit=self.settings.refreshes_per_thread_per_day
            ):
                return self._tomorrow(visits.CHECKED_ENOUGH, 429)
            page = self.site.store.pages.find(thread_id)
            goal = Goal(thread_id, page.conversation_id if page else None)
            self.site.store.jobs.add(goal, now=self.site.clock(), kind="refresh", from_site=True)
            return _to(addresses.refreshed(thread_id))
        return _to(addresses.checked(thread_id))

    def refreshing(self, request: Request) -> Response:
        """GET /thread/{post}/refresh: how it is doing; leads back when it is done."""
        number = addresses.post_id(request.path_params["post"])
        job = self.site.store.jobs.of_visitors("refresh", number) if number is not None else None
        if number is None or job is None:
            return _to(addresses.thread(number)) if number is not None else self._nowhere()
        if job.state == "done" and job.reason is None:
            return _to(addresses.checked(number))
        return self.site.note(visits.of_refresh(number, job, trouble(self.site, self.settings)))

    def _nowhere(self) -> Response:
        return self.site.note(messages.NOT_A_THREAD, 404)

    def _shown(self, number: int) -> Stamp | None:
        """The page that holds a post, if it can be read now."""
        stamp = self.site.store.threads.stamp(number)
        hidden = stamp is None or stamp.gone or self.site.hides(stamp.confirmed_at)
        return None if hidden else stamp

    def _objection(self, number: int) -> str | None:
        """Why there will be no page, as far as that is known without asking X."""
        store = self.site.store
        page, author = store.pages.about(number)
        if author is not None and store.people.opted_out([author]):
            return "author-opted-out"
        return None if page is None or page.may_come_back(None) else "page-removed"

    def _open(self, kind: str, number: int) -> Job | None:
        job = self.site.store.jobs.of_visitors(kind, number)
        return job if job is not None and job.state in OPEN_STATES else None

    def _checked_just_now(self, thread_id: int) -> bool:
        saved = self.site.store.threads.find(thread_id)
        return saved is not None and self.site.clock() - saved.checked_at < JUST_NOW

    def _limited(self, request: Request, what: str, limit: int) -> Response | None:
        """The answer to who has asked enough for a day, or where there is no money left for it."""
        if self._left() <= 0:
            return self._tomorrow(visits.OVER_BUDGET, 503)
        return self._often(request, what, limit)

    def _often(self, request: Request, what: str, limit: int) -> Response | None:
        visitors = self.site.visitors
        if not visitors.take(what, visitors.visitor(request), limit=limit):
            return self._tomorrow(visits.ASKED_ENOUGH, 429)
        return None

    def _left(self) -> Decimal:
        """Micro-dollars that visitors may still have spent today."""
        spend, day = self.site.store.spend, self._today()
        own = self.settings.site_budget_usd * MICRO - spend.spent_for_site(day)
        return min(own, self.settings.daily_budget_usd * MICRO - spend.spent(day))

    def _is_free(self, thread_id: int) -> bool:
        """Whether X has billed all of a page today: that again is free, though not what may be new."""
        saved = self.site.store.threads.find(thread_id)
        ids = set(shown_ids(saved.thread)) if saved is not None else set()
        return bool(ids) and self.site.store.spend.bought("post", ids, self._today()) == ids

    def _today(self) -> date:
        return self.site.clock().astimezone(UTC).date()

    def _tomorrow(self, note: Note, status: int) -> Response:
        answer = self.site.note(note, status)
        answer.headers["Retry-After"] = str(self.site.visitors.until_tomorrow())
        return answer


def trouble(site: Site, settings: Settings) -> str:
    """What keeps all jobs waiting, in a sentence; empty where nothing does."""
    if pause := site.store.notes.pause():
        return reasons.sentence(pause.reason)
    polled, asleep = site.store.notes.polled_at(), ASLEEP + timedelta(seconds=settings.poll_interval_seconds)
    if polled is None or site.clock() - polled > asleep:
        return "The bot is not at work at the moment; its operator has to start it."
    return ""


def _to(address: str) -> Response:
    """See other: the next address is asked for with GET, and going back sends nothing twice."""
    return RedirectResponse(address, 303, {"Cache-Control": "no-store", **NOINDEX})
