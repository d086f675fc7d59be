"""The site over HTTP: which address is answered by what. It reads the store and never calls X."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from bot.errors import DatabaseAway
from bot.rules.letters import ASKED_AT_MOST_EVERY, CONFIRM_WITHIN
from reader import addresses, files, messages, told, visits, watching
from reader.asking import Asking, trouble
from reader.embedding import Embedding
from reader.flushing import flushing
from reader.following import Following
from reader.guide import guide
from reader.headers import SecurityHeaders
from reader.ports import Settings, Store
from reader.ready import Answers
from reader.shelves import Shelves, on_front
from reader.site import Site, build, utc_now
from reader.taking import KINDS, Taking, card
from reader.threads import FORMS, ThreadEndpoint

log = structlog.get_logger()

# Of a page that thousands read at once, this is how long it may outlive its removal.
LASTS = timedelta(seconds=1)

NOTES: dict[int, messages.Note] = {
    HTTPStatus.NOT_FOUND: messages.NOTHING_HERE,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: visits.NOT_A_FORM,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: visits.NOT_A_FORM,
}


def create() -> Starlette:
    """The site of this process's settings, for an ASGI server, best for `reader.serving`."""
    from bot import settings as bot_settings  # noqa: PLC0415 - only a server reads the environment
    from bot.store import open_store  # noqa: PLC0415

    settings = bot_settings.load()
    return create_app(open_store(settings.database_url), settings, lasts=LASTS)


def create_app(
    store: Store,
    settings: Settings,
    clock: Callable[[], datetime] = utc_now,
    *,
    lasts: timedelta = timedelta(0),
) -> Starlette:
    """`lasts` is how long a page is sent again before it is looked up again, by `reader.quick`."""
    site = build(store, settings, clock)
    app = Starlette(
        routes=_routes(site, settings),
        middleware=[
            Middleware(SecurityHeaders, headers=site.headers),
            _proxies(settings),
            Middleware(watching.CountPages),
        ],
        lifespan=flushing(site.tally.flush, site.rack.flush, state={"answers": Answers(site, lasts)}),
        exception_handlers={
            HTTPException: partial(_refused, site),
            DatabaseAway: partial(_away, site),
            Exception: partial(_broken, site),
        },
    )
    app.state.site = site
    return app


def _proxies(settings: Settings) -> Middleware:
    """Behind a proxy that we trust, a request comes from whom the proxy names."""
    return Middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))


def _routes(site: Site, settings: Settings) -> list[BaseRoute]:
    threads = [
        Route(f"/thread/{{post}}{form.suffix}", ThreadEndpoint(site, form).get, methods=["GET"])
        for form in FORMS
    ]
    made = [Taking(site, kind) for kind in KINDS]
    asking = Asking(site, settings)
    return [
        Route("/", partial(front, site)),
        Route("/unroll", asking.unroll, methods=["POST"]),
        Route("/unroll", lambda _request: RedirectResponse("/", 303), methods=["GET"]),
        Route("/unroll/{post}", asking.asked, methods=["GET"]),
        Route("/thread/{post}/refresh", asking.refresh, methods=["POST"]),
        Route("/thread/{post}/refresh", asking.refreshing, methods=["GET"]),
        Route("/thread/{post}/card/{etag}.png", partial(card, site), methods=["GET"]),
        *(Route(f"/thread/{{post}}/{each.kind.name}", each.waiting, methods=["GET"]) for each in made),
        *(Route(f"/thread/{{post}}{each.kind.suffix}", each.get, methods=["GET"]) for each in made),
        *threads,
        *Shelves(site).routes(),
        *Following(site, settings).routes(),
        Route("/privacy", partial(paper, site, "privacy.html", settings)),
        Route("/help", partial(manual, site, settings)),
        Route("/terms", partial(paper, site, "terms.html", settings)),
        Route("/status/{mention}", partial(status, site, settings)),
        Route("/oembed", Embedding(site).get),
        Route("/media/{sha256}", partial(files.media, site)),
        Route("/static/{digest}/{name}", partial(files.static, site)),
        Route("/healthz", partial(healthz, site)),
        Route("/readyz", partial(readyz, site)),
        watching.route(site.store, settings, site.clock),
        *told.routes(site, settings),
    ]


def front(site: Site, _request: Request) -> Response:
    content = site.page("front.html", pasted="", missed="", shelf=on_front(site))
    return Response(content, headers={"Cache-Control": "public, no-cache"}, media_type="text/html")


def paper(site: Site, template: str, settings: Settings, _request: Request) -> Response:
    """What is kept and for how long, what may be done with it, and whom to write to."""
    contact = settings.operator_contact
    content = site.page(
        template,
        operator=settings.operator_name,
        contact=contact,
        contact_url=addresses.contact(contact),
        hides=settings.hide_unconfirmed,
        days=(CONFIRM_WITHIN + ASKED_AT_MOST_EVERY).days,
    )
    return Response(content, headers={"Cache-Control": "public, max-age=300"}, media_type="text/html")


def manual(site: Site, settings: Settings, _request: Request) -> Response:
    """What the bot listens to, and why it may do nothing."""
    content = site.page("help.html", guide=guide(settings), contact=settings.operator_contact)
    return Response(content, headers={"Cache-Control": "public, max-age=300"}, media_type="text/html")


def status(site: Site, settings: Settings, request: Request) -> Response:
    """How a request is doing, by the post on X that made it."""
    number = addresses.post_id(request.path_params["mention"])
    if number is None:
        return site.note(messages.NO_REQUEST, 404)
    if job := site.store.jobs.find_by_mention(number):
        return site.note(messages.of_job(number, job, trouble(site, settings)))
    if mention := site.store.mentions.find(number):
        return site.note(messages.of_mention(number, mention))
    return site.note(messages.NO_REQUEST, 404)


def healthz(site: Site, _request: Request) -> Response:
    return JSONResponse({"status": "ok", "version": site.version}, headers={"Cache-Control": "no-store"})


def readyz(site: Site, _request: Request) -> Response:
    """Whether the store answers. The reason names the error's kind only: its text may hold an address."""
    headers = {"Cache-Control": "no-store"}
    try:
        site.store.ready()
    except Exception as error:  # noqa: BLE001 - whatever keeps the store from answering, we are not ready
        reason = f"the store does not answer: {type(error).__name__}"
        return JSONResponse({"status": "unavailable", "reason": reason}, 503, headers)
    return JSONResponse({"status": "ok"}, headers=headers)


def _refused(site: Site, _request: Request, error: Exception) -> Response:
    code = error.status_code if isinstance(error, HTTPException) else 500
    note = NOTES.get(code, messages.NOT_THAT_WAY)
    answer = site.note(note, code)
    if isinstance(error, HTTPException) and error.headers:
        answer.headers.update(error.headers)
    return answer


def _away(site: Site, _request: Request, error: Exception) -> Response:
    log.error("database.away", why=str(error))
    answer = site.apology(messages.AWAY, 503)
    answer.headers["Retry-After"] = "60"
    return answer


def _broken(site: Site, _request: Request, _error: Exception) -> Response:
    return site.apology(messages.BROKEN, 500)
