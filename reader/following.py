"""HTTP for following an author by e-mail: asked for, confirmed, ended.

    ours? -> an address? -> whose? -> how often today? -> row -> "look into your mailbox", whoever it was

Programs that look for viruses open every link in a letter, so a GET shows a button and changes nothing. A
POST that ends letters needs no more than its token: providers of mail send it, without cookies and from
elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from email_validator import EmailNotValidError, validate_email
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.domain import Author
from reader import addresses, forms, messages, postal, visits
from reader.ports import Settings
from reader.site import NOINDEX, Site

# So often a day may somebody, or several people, name one address.
PER_ADDRESS = 10


@dataclass(frozen=True, slots=True)
class Following:
    site: Site
    settings: Settings

    def routes(self) -> list[Route]:
        """Nobody can ask where there is no server for letters; what ends them works all the same."""
        asking = [
            Route("/user/{username}/subscribe", self.ask, methods=["POST"]),
            Route("/user/{username}/subscribe", self.back, methods=["GET"]),
            Route("/subscribe/{token}", self.question, methods=["GET"]),
            Route("/subscribe/{token}", self.confirm, methods=["POST"]),
        ]
        return [
            *(asking if self.settings.smtp_url is not None else []),
            Route("/unsubscribe/{token}", self.leaving, methods=["GET"]),
            Route("/unsubscribe/{token}", self.leave, methods=["POST"]),
            Route("/unsubscribe/{token}/all", self.forget, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """POST: says the same whether the address is known or not."""
        return await self._posted(request, self._ask)

    def back(self, request: Request) -> Response:
        return RedirectResponse(addresses.author(request.path_params["username"]), 303, NOINDEX)

    def question(self, request: Request) -> Response:
        """GET: what the letter asked about, and a button."""
        token = request.path_params["token"]
        pending = self.site.store.subscriptions.pending(token, now=self.site.clock())
        if pending is None or not pending.authors:
            return self.site.note(postal.USED_UP, 404)
        return self.site.note(postal.question(token, pending.authors, pending.newest))

    async def confirm(self, request: Request) -> Response:
        return await self._posted(request, self._confirm)

    def leaving(self, request: Request) -> Response:
        """GET: two buttons."""
        token = request.path_params["token"]
        followed = self.site.store.subscriptions.find(token)
        if followed is None:
            return self.site.note(postal.NO_LETTERS, 404)
        return self.site.note(postal.leaving(token, followed.author))

    def leave(self, request: Request) -> Response:
        """POST, by RFC 8058 with `List-Unsubscribe=One-Click` from anywhere; twice does no harm."""
        followed = self.site.store.subscriptions.find(request.path_params["token"])
        self.site.store.subscriptions.end(request.path_params["token"])
        return self.site.note(postal.left(followed.author if followed else None))

    def forget(self, request: Request) -> Response:
        self.site.store.subscriptions.forget(request.path_params["token"])
        return self.site.note(postal.FORGOTTEN)

    async def _posted(self, request: Request, act: Callable[[Request, dict[str, str]], Response]) -> Response:
        if not forms.is_ours(request.headers, self.site.public_url):
            return self.site.note(visits.NOT_FROM_HERE, 403)
        return await run_in_threadpool(act, request, await forms.fields(request))

    def _ask(self, request: Request, sent: dict[str, str]) -> Response:
        author = self._author(request)
        if author is None:
            return self.site.note(messages.nothing_by(""), 404)
        address = _address(sent.get("address", ""))
        if address is None:
            return self.site.note(postal.not_an_address(author), 422)
        visitors, limit = self.site.visitors, self.settings.subscriptions_per_visitor_per_day
        if not visitors.take("follows", visitors.visitor(request), limit=limit):
            answer = self.site.note(postal.ASKED_ENOUGH, 429)
            answer.headers["Retry-After"] = str(visitors.until_tomorrow())
            return answer
        if visitors.take("followers", visitors.known_as(address.lower()), limit=PER_ADDRESS):
            self.site.store.subscriptions.ask(address, author.id, now=self.site.clock())
        return self.site.note(postal.look_for_it(author))

    def _confirm(self, request: Request, sent: dict[str, str]) -> Response:
        newest = addresses.post_id(sent.get("post", "")) or 0
        token = request.path_params["token"]
        followed = self.site.store.subscriptions.confirm(token, newest, now=self.site.clock())
        return self.site.note(postal.following(followed) if followed else postal.USED_UP)

    def _author(self, request: Request) -> Author | None:
        name: Any = request.path_params["username"]
        author = self.site.store.cards.author(name) if addresses.USERNAME.fullmatch(name) else None
        if author is None or self.site.store.people.opted_out([author.id]):
            return None
        return author


def _address(written: str) -> str | None:
    """The address in letters that every server takes, or None."""
    try:
        found = validate_email(written.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return None
    return found.ascii_email
