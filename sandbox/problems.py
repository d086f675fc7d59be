"""X's error documents (RFC 9457), as its API sends them. Only the last segment of `type` is worth
comparing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE = "https://api.twitter.com/2/problems/"
NOT_SUMMONED = "You can only reply to or quote posts where you are mentioned or are the author."
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
NOT_PERMITTED = "You are not permitted to perform this action."
PARENT_GONE = "You attempted to reply to a Tweet that is deleted or not visible to you."
TOO_LONG = "Your Tweet text is too long."
BLOCKED = "You have been blocked from the author of this tweet."
REPLIES_LIMITED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by "
    "the author of the post you are replying to."
)
TITLES = {
    400: "Invalid Request",
    401: "Unauthorized",
    402: "CreditsDepleted",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}

Problem = dict[str, Any]


class Refused(Exception):  # noqa: N818 a name that reads where it is raised
    """An answer other than success: status, document, headers."""

    def __init__(self, status: int, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.get("detail"))
        self.status = status
        self.problem = problem
        self.headers = dict(headers or {})


def blank(status: int, detail: str = "") -> Problem:
    title = TITLES.get(status, "Error")
    return {"title": title, "detail": detail or title, "type": "about:blank", "status": status}


def refused(status: int, detail: str = "") -> Refused:
    return Refused(status, blank(status, detail))


def invalid(parameter: str, value: str, message: str) -> Refused:
    """400: one parameter is wrong."""
    problem = {
        "errors": [{"parameters": {parameter: [value]}, "message": message}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": BASE + "invalid-request",
    }
    return Refused(400, problem)


def unsupported_authentication(supported: str) -> Refused:
    detail = (
        "Authenticating with this method is forbidden for this endpoint.  "
        f"Supported authentication types are [{supported}]."
    )
    problem = {
        "title": "Unsupported Authentication",
        "detail": detail,
        "type": BASE + "unsupported-authentication",
        "status": 403,
    }
    return Refused(403, problem)


def oauth1_permissions() -> Refused:
    """403: the app may only read."""
    problem = {
        "title": "Forbidden",
        "detail": (
            "Your client app is not configured with the appropriate oauth1 app permissions for this endpoint."
        ),
        "type": BASE + "oauth1-permissions",
        "status": 403,
    }
    return Refused(403, problem)


def usage_capped() -> Refused:
    problem = {
        "title": "UsageCapExceeded",
        "detail": "Usage cap exceeded: Monthly product cap",
        "type": BASE + "usage-capped",
        "period": "Monthly",
        "scope": "Product",
        "status": 429,
    }
    return Refused(429, problem)


def credits_depleted() -> Refused:
    problem = {
        "title": "CreditsDepleted",
        "detail": "Your account does not have any credits to fulfill this request.",
        "type": BASE + "credits",
        "status": 402,
    }
    return Refused(402, problem)


def too_many_connections() -> Refused:
    problem = {
        "title": "ConnectionException",
        "detail": "This stream is currently at the maximum allowed connection limit.",
        "connection_issue": "TooManyConnections",
        "type": BASE + "streaming-connection",
    }
    return Refused(429, problem)


def not_found(kind: str, parameter: str, value: str) -> Problem:
    return {
        "value": value,
        "detail": f"Could not find {kind} with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": kind,
        "parameter": parameter,
        "resource_id": value,
        "type": BASE + "resource-not-found",
    }


def suspended(parameter: str, value: str) -> Problem:
    """A suspended user is not found, under a title of their own."""
    return not_found("user", parameter, value) | {
        "title": "Forbidden",
        "detail": f"User has been suspended: [{value}].",
    }


def not_authorized(kind: str, parameter: str, value: str, section: str) -> Problem:
    return {
        "value": value,
        "detail": f"Sorry, you are not authorized to see the {kind.title()} with {parameter}: [{value}].",
        "title": "Authorization Error",
        "resource_type": kind,
        "parameter": parameter,
        "resource_id": value,
        "section": section,
        "type": BASE + "not-authorized-for-resource",
    }
