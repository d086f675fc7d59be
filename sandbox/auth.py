"""Who is asking: the app by its bearer token, or the bot's account by OAuth 1.0a.

The HMAC-SHA1 signature is verified over the address as it was asked for, host included, so a client that
rewrites the host after signing gets its 401 here as it would from X. Time stamps and nonces are not checked.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, quote

from oauthlib.oauth1 import Client  # type: ignore[import-untyped]  # it ships no types
from oauthlib.oauth1.rfc5849 import signature  # type: ignore[import-untyped]  # it ships no types

from sandbox.problems import oauth1_permissions, refused, unsupported_authentication

if TYPE_CHECKING:
    from starlette.requests import Request

    from sandbox.nouns import Credentials
    from sandbox.world import World

Token = Literal["user", "app"]
TOKENS: tuple[Token, ...] = ("user", "app")
USER_ONLY = frozenset({"GET /2/users/me", "POST /2/tweets", "DELETE /2/tweets/:id"})
APP_ONLY = frozenset(
    {"GET /2/tweets/search/all", "GET /2/webhooks", "GET /2/activity/stream"}
    | {"PUT /2/activity/subscriptions/:id", "DELETE /2/activity/subscriptions/:id"}
)


def authenticate(request: Request, endpoint: str, world: World) -> Token:
    """The kind of token; raises Refused, 401 for a wrong one and 403 for the wrong kind, or where it may
    only read.
    """
    token = _token(request, world.credentials)
    if token is None or token in world.revoked:
        raise refused(401)
    if endpoint in USER_ONLY and token != "user":  # noqa: S105 a kind of token, not a secret
        raise unsupported_authentication("OAuth 1.0a User Context, OAuth 2.0 User Context")
    if endpoint in APP_ONLY and token != "app":  # noqa: S105 a kind of token, not a secret
        raise unsupported_authentication("OAuth 2.0 Application-Only")
    if world.read_only and token == "user" and not endpoint.startswith("GET "):  # noqa: S105 a kind of token
        raise oauth1_permissions()
    return token


def bearer_token(request: Request, body: bytes, world: World) -> str | None:
    """The app's bearer token for who shows its key and secret; None for anybody else."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        shown = b64decode(value).decode()
    except ValueError:
        return None
    keys = world.credentials
    right = f"{quote(keys.consumer_key, safe='')}:{quote(keys.consumer_secret, safe='')}"
    asked = dict(parse_qsl(body.decode(errors="replace"))) == {"grant_type": "client_credentials"}
    fits = scheme.lower() == "basic" and _same(shown, right) and asked and "app" not in world.revoked
    return keys.bearer_token if fits else None


def _token(request: Request, credentials: Credentials) -> Token | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and _same(value, credentials.bearer_token):
        return "app"
    if scheme.lower() == "oauth" and _is_signed(request, credentials):
        return "user"
    return None


def _is_signed(request: Request, credentials: Credentials) -> bool:
    header = {"Authorization": request.headers["authorization"]}
    try:
        told = dict(signature.collect_parameters(headers=header, exclude_oauth_signature=False))
        params = signature.collect_parameters(uri_query=request.url.query, headers=header)
        base = signature.signature_base_string(
            request.method,
            signature.base_string_uri(str(request.url.replace(query=""))),
            signature.normalize_parameters(params),
        )
    except ValueError:
        return False
    keys = Client(
        credentials.consumer_key,
        client_secret=credentials.consumer_secret,
        resource_owner_secret=credentials.access_token_secret,
    )
    right = signature.sign_hmac_sha1_with_client(base, keys)
    return (
        told.get("oauth_consumer_key") == credentials.consumer_key
        and told.get("oauth_token") == credentials.access_token
        and told.get("oauth_signature_method") == "HMAC-SHA1"
        and _same(told.get("oauth_signature", ""), right)
    )


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
