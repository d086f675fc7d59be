"""X's API over HTTP, as a client meets it: who asks, is a fault due, is a call left, then the answer and its
bill.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.utils import format_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import problems, pushes, reads, writes
from sandbox.auth import authenticate, bearer_token
from sandbox.control import control_routes
from sandbox.ledger import Call
from sandbox.payload import Answer, Asked
from sandbox.pictures import FILM, picture
from sandbox.problems import Refused
from sandbox.spoil import Cut, spoilt

if TYPE_CHECKING:
    from starlette.requests import Request

    from sandbox.faults import Fault
    from sandbox.scenes import Scene
    from sandbox.world import World

Query = Mapping[str, str]
Document = dict[str, Any]
Work = Callable[[Answer, Query, dict[str, str], Any], Document]

ENDPOINTS: dict[str, Work] = {
    "GET /2/tweets": lambda answer, query, _path, _body: reads.posts_by_ids(answer, query),
    "GET /2/tweets/search/recent": lambda answer, query, _path, _body: reads.search_recent(answer, query),
    "GET /2/tweets/search/all": lambda answer, query, _path, _body: reads.search_all(answer, query),
    "GET /2/tweets/:id": lambda answer, query, path, _body: reads.post_by_id(answer, query, path["id"]),
    "GET /2/users": lambda answer, query, _path, _body: reads.users_by_ids(answer, query),
    "GET /2/users/me": lambda answer, query, _path, _body: reads.me(answer, query),
    "GET /2/users/by": lambda answer, query, _path, _body: reads.users_by_names(answer, query),
    "GET /2/users/by/username/:username": lambda answer, query, path, _body: reads.user_by_name(
        answer, query, path["username"]
    ),
    "GET /2/users/:id": lambda answer, query, path, _body: reads.user_by_id(answer, query, path["id"]),
    "GET /2/users/:id/mentions": lambda answer, query, path, _body: reads.mentions(answer, query, path["id"]),
    "GET /2/users/:id/tweets": lambda answer, query, path, _body: reads.timeline(answer, query, path["id"]),
    "POST /2/tweets": lambda answer, _query, _path, body: writes.create_post(answer, body),
    "DELETE /2/tweets/:id": lambda answer, _query, path, _body: writes.delete_post(answer, path["id"]),
    "GET /2/webhooks": lambda answer, _query, _path, _body: pushes.webhooks(answer),
    "POST /2/webhooks": lambda answer, _query, _path, body: pushes.create_webhook(answer, body),
    "PUT /2/webhooks/:id": lambda answer, _query, path, _body: pushes.validate_webhook(answer, path["id"]),
    "DELETE /2/webhooks/:id": lambda answer, _query, path, _body: pushes.delete_webhook(answer, path["id"]),
    "GET /2/activity/subscriptions": lambda answer, _query, _path, _body: pushes.subscriptions(answer),
    "POST /2/activity/subscriptions": lambda answer, _query, path, body: pushes.subscribe(
        answer, body, path["token"]
    ),
    "PUT /2/activity/subscriptions/:id": lambda answer, _query, path, body: pushes.update_subscription(
        answer, path["id"], body
    ),
    "DELETE /2/activity/subscriptions/:id": lambda answer, _query, path, _body: pushes.unsubscribe(
        answer, path["id"]
    ),
}
"""In the order of matching: fixed paths before those with an id. Beside what stands in it, `path` has the
kind of token that asks.
"""
STREAM = "GET /2/activity/stream"
CREATES = frozenset({"POST /2/tweets"})
"""What answers 201; the other POSTs say 200."""


def create_app(world: World, scenes: list[Scene] | None = None) -> Starlette:
    """The app for one world; `scenes` are shown on its page."""
    api = [_route(world, endpoint) for endpoint in (*ENDPOINTS, STREAM)]
    media = Route("/media/{name}", _media, methods=["GET"])
    token = Route("/oauth2/token", partial(_token, world=world), methods=["POST"])
    return Starlette(routes=[*api, media, token, *control_routes(world, scenes or [])])


def _route(world: World, endpoint: str) -> Route:
    method, _, path = endpoint.partition(" ")
    pattern = path.replace(":id", "{id}").replace(":username", "{username}")
    return Route(pattern, partial(_serve, world=world, endpoint=endpoint), methods=[method], name=endpoint)


async def _serve(request: Request, *, world: World, endpoint: str) -> Response:
    body = await request.body()
    began = time.perf_counter()
    fault: Fault | None = None
    answer = Answer(world, Asked.of(request.query_params), str(request.base_url).rstrip("/"))
    with world.lock:
        headers: dict[str, str] = {}
        try:
            token = authenticate(request, endpoint, world)
            fault = world.faults.take(endpoint)
            if fault is not None and not fault.done:
                response = spoilt(fault, request.method, world.now())
            else:
                headers = _take_call(world, endpoint, token)
                if token == "user":  # noqa: S105 a kind of token, not a secret
                    headers["x-access-level"] = world.access_level
                response = _work(answer, endpoint, request, body, token)
        except Refused as refusal:
            answer.billed.clear()
            headers |= refusal.headers
            response = JSONResponse(refusal.problem, refusal.status, media_type="application/problem+json")
        response.headers.update(headers)
        response.headers["date"] = format_datetime(world.now(), usegmt=True)
        late = fault.seconds if fault is not None and fault.kind == "slow" else 0.0
        _book(world, answer, endpoint, request, response, late + time.perf_counter() - began)
    if fault is not None and fault.done:
        if fault.kind != "slow":
            return spoilt(fault, request.method, world.now())
        await _wait(request, fault.seconds)
    return response


async def _wait(request: Request, seconds: float) -> None:
    """Sleep, but no longer than the client stays."""
    with suppress(TimeoutError):
        await asyncio.wait_for(request.receive(), seconds)


def _take_call(world: World, endpoint: str, token: str) -> dict[str, str]:
    verdict = world.limits.take(endpoint, token, world.now())
    if not verdict.allowed:
        raise Refused(429, problems.blank(429), verdict.headers)
    return verdict.headers


def _work(answer: Answer, endpoint: str, request: Request, body: bytes, token: str) -> Response:
    if endpoint == STREAM:
        return answer.world.push.streams.answer(request.scope["state"]["transport"])
    told = _json_of(body) if request.method == "POST" or (request.method == "PUT" and body) else {}
    path = {**request.path_params, "token": token}
    document = ENDPOINTS[endpoint](answer, request.query_params, path, told)
    return JSONResponse(document, 201 if endpoint in CREATES else 200)


def _json_of(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise problems.invalid("body", body[:80].decode(errors="replace"), "The body is not a JSON object")
    return told


def _book(
    world: World, answer: Answer, endpoint: str, request: Request, response: Response, seconds: float
) -> None:
    billed, micros = world.ledger.book(answer.billed, world.now())
    world.ledger.calls.append(
        Call(
            endpoint=endpoint,
            method=request.method,
            path=request.url.path,
            query=request.url.query,
            status=0 if isinstance(response, Cut) else response.status_code,
            billed=billed,
            micros=micros,
            at=world.now(),
            seconds=seconds,
        )
    )


async def _token(request: Request, *, world: World) -> Response:
    """See docs.x.com/resources/fundamentals/authentication, "App only": key and secret of the app for its
    token.
    """
    token = bearer_token(request, await request.body(), world)
    if token is None:
        said = {
            "code": 99,
            "message": "Unable to verify your credentials",
            "label": "authenticity_token_error",
        }
        return JSONResponse({"errors": [said]}, 403)
    return JSONResponse({"token_type": "bearer", "access_token": token})


async def _media(request: Request) -> Response:
    if request.path_params["name"].endswith(".mp4"):
        return Response(FILM, media_type="video/mp4")
    drawn = picture(request.path_params["name"], request.query_params.get("name"))
    if drawn is None:
        return JSONResponse(problems.blank(404), 404)
    return Response(drawn.body, media_type=drawn.media_type, headers={"cache-control": "max-age=86400"})
