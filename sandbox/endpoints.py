"""The endpoints served, by X's own names, and what each allows."""

from __future__ import annotations

import re
from dataclasses import dataclass

QUARTER_HOUR = 15 * 60
DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Allowance:
    """Calls in a window of `seconds`: for a user's token, for the app's; None: none is documented."""

    user: int | None
    app: int | None
    seconds: int = QUARTER_HOUR
    per_second: int | None = None
    per_day: int | None = None


ALLOWANCES = {
    "GET /2/tweets": Allowance(5_000, 3_500),
    "GET /2/tweets/:id": Allowance(900, 450),
    "GET /2/tweets/search/recent": Allowance(300, 450),
    "GET /2/tweets/search/all": Allowance(None, 300, per_second=1),
    "GET /2/users/:id/mentions": Allowance(300, 450),
    "GET /2/users/:id/tweets": Allowance(900, 10_000),
    "GET /2/users/me": Allowance(75, None),
    "GET /2/users": Allowance(900, 300),
    "GET /2/users/:id": Allowance(900, 300),
    "GET /2/users/by": Allowance(900, 300),
    "GET /2/users/by/username/:username": Allowance(900, 300),
    "POST /2/tweets": Allowance(100, None, per_day=10_000),
    "DELETE /2/tweets/:id": Allowance(50, None),
    "GET /2/webhooks": Allowance(None, None),
    "POST /2/webhooks": Allowance(None, None),
    "PUT /2/webhooks/:id": Allowance(None, None),
    "DELETE /2/webhooks/:id": Allowance(None, None),
    "GET /2/activity/subscriptions": Allowance(None, None),
    "POST /2/activity/subscriptions": Allowance(None, None),
    "PUT /2/activity/subscriptions/:id": Allowance(None, None),
    "DELETE /2/activity/subscriptions/:id": Allowance(None, None),
    "GET /2/activity/stream": Allowance(None, None),
}


def endpoint_name(name: str) -> str:
    """X's name for an endpoint, written `:id` or `{id}`; ValueError for one not served here."""
    wanted = re.sub(r"\{(\w+)\}", r":\1", name)
    if wanted not in ALLOWANCES:
        raise ValueError(f"no endpoint {name!r}; there are: {', '.join(ALLOWANCES)}")
    return wanted
