"""The way in for people and scripts, beside X's API: a page at `/` and a few addresses under `/sandbox/`.

    GET  /                     the scenes, a form for a mention, the mentions and the bot's replies;
                               with `?watch` it looks again by itself until each mention is answered
    GET  /sandbox/state.json   the same for scripts, with the bill
    POST /sandbox/mention      form or JSON {"under": id or link, "author": name, "text": ...}
    POST /sandbox/faults       JSON {"kind": "answer", "endpoint": "GET /2/tweets", "status": 503, "times": 2}
    POST /sandbox/world        JSON {"do": "thread" | "post" | "delete" | "edit" | "protect" | "suspend" | "
                                                                                               "...}

It asks for no token: the sandbox listens on loopback, and nothing in it is real.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox import deeds
from sandbox.faults import KINDS
from sandbox.page import home
from sandbox.state import state_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from sandbox.scenes import Scene
    from sandbox.world import World

Told = dict[str, Any]


def control_routes(world: World, scenes: list[Scene]) -> list[Route]:
    def get(path: str, make: Callable[[World, list[Scene], str], Response]) -> Route:
        return Route(path, partial(_show, world=world, scenes=scenes, make=make), methods=["GET"])

    def post(path: str, act: Callable[[World, Told], Told]) -> Route:
        return Route(path, partial(_act, world=world, act=act), methods=["POST"])

    return [
        get("/", lambda world, scenes, query: HTMLResponse(home(world, scenes, watch="watch" in query))),
        get("/sandbox/state.json", lambda world, scenes, _: JSONResponse(state_of(world, scenes))),
        post("/sandbox/mention", _mention),
        post("/sandbox/faults", _fault),
        post("/sandbox/world", deeds.do),
    ]


async def _show(
    request: Request,
    *,
    world: World,
    scenes: list[Scene],
    make: Callable[[World, list[Scene], str], Response],
) -> Response:
    with world.lock:
        return make(world, scenes, request.url.query)


async def _act(request: Request, *, world: World, act: Callable[[World, Told], Told]) -> Response:
    """A form is led back to the page; JSON gets JSON. What cannot be done is a 400 that says why.

    A page of another origin may not post here: a browser tells the origin, and it must be ours.
    """
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        return JSONResponse({"error": "this form is not on the sandbox's own page"}, 403)
    form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    body = await request.body()
    try:
        told = dict(parse_qsl(body.decode())) if form else json.loads(body)
        if not isinstance(told, dict):
            raise TypeError("the body is not a JSON object")  # noqa: TRY301 one place answers all that is wrong
        answer = act(world, told)
    except (LookupError, TypeError, ValueError) as error:
        return JSONResponse({"error": str(error)}, 400)
    return RedirectResponse("/?watch", 303) if form else JSONResponse(answer, 201)


def _mention(world: World, told: Told) -> Told:
    under = world.find(deeds.post_id(str(told.get("link") or told.get("under") or "")))
    author = str(told.get("new_author") or told.get("author") or "").strip().removeprefix("@")
    if not deeds.is_username(author):
        raise ValueError(f"{author!r} is not a username: letters, digits and _, 15 at most")
    mention = world.mention(author, under, str(told.get("text") or "") or None)
    return {"id": mention.id}


def _fault(world: World, told: Told) -> Told:
    kind = told.pop("kind", None)
    if kind == "clear":
        world.faults.clear()
    elif kind in KINDS:
        getattr(world.faults, kind)(**told)
    else:
        raise ValueError(f"no fault {kind!r}; there are: clear, {', '.join(KINDS)}")
    pending = world.faults.pending
    return {endpoint: [fault.kind for fault in faults] for endpoint, faults in pending.items()}
