"""Asking X about the keys, by calls that bring nothing and so cost nothing."""

from __future__ import annotations

from collections.abc import Callable

from bot.cli.findings import Check, Finding, check, problem, warning
from bot.errors import Misconfigured, Transient
from bot.settings import Settings
from bot.x import Connection, X, connect
from bot.x.client import utc_now
from bot.x.keys import READ_ONLY, access_level, knows_app
from bot.x.price import Item

# Nobody's post: X bills nothing for an answer that holds nothing.
NO_POST = 1
# Newer than anything: X bills nothing for mentions that are not there.
NEVER = 2**62

TO_WRITE = (
    "in X's console set the app's permission to “Read and write”, and only then make the access token and "
    "its secret anew: a token keeps the permission it was made with"
)

# The one mistake that X cannot tell of: without the account's number there is nothing to ask it.
NAMES_NOBODY = (
    "X_ACCESS_TOKEN: X's access tokens begin with the account's number and a dash, and this one does not; "
    "is it the bearer token?"
)

# Keys of which X says only together whether they are right.
Group = tuple[str, ...]
BEARER: Group = ("X_BEARER_TOKEN",)
APP: Group = ("X_CONSUMER_KEY", "X_CONSUMER_SECRET")
TOKEN: Group = ("X_ACCESS_TOKEN", "X_ACCESS_TOKEN_SECRET")


class NotAnswering(Exception):  # noqa: N818 - reads as what it says
    """X cannot be asked at the moment: nothing is known of the keys."""


class _Nothing:
    """A meter for calls that bring nothing and so cost nothing."""

    def affordable(self, wanted: int, *, at_least: int, last: bool = False) -> int:  # noqa: ARG002 - whatever follows, it costs nothing
        return max(wanted, at_least)

    def book(self, items: list[Item]) -> None: ...


def account_id(settings: Settings) -> int | None:
    """The account's id stands in front of its access token."""
    return named_by(settings.x_access_token.get_secret_value() if settings.x_access_token else "")


def named_by(access_token: str) -> int | None:
    number, dash, _ = access_token.partition("-")
    return int(number) if dash and number.isdecimal() else None


def bearer(connection: Connection) -> str:
    """Raises what X's client raises."""
    X(connection, _Nothing(), utc_now).lookup((NO_POST,))
    return "works"


def account(connection: Connection) -> Finding | str:
    """Whether the bot's own keys work, and may write. Raises what X's client raises."""
    number = account_id(connection.settings)
    if number is None:
        return problem(NAMES_NOBODY, "copy the access token once more, by `unroll setup`")
    X(connection, _Nothing(), utc_now).mentions(number, since_id=NEVER, pages=1)
    level = access_level(connection)
    if level == READ_ONLY:
        return problem(f"account {number} may read and not reply", TO_WRITE)
    return f"works, account {number}" + (", may read and write" if level else "")


def examined(settings: Settings) -> tuple[list[Check], list[Group]]:
    """What X says of the keys, and those that it refuses.

    Raises NotAnswering, and BadSettings where one is missing.
    """
    connection = connect(settings)
    app = _asked("X, app-only token", lambda: bearer(connection))
    user = _asked("X, bot account", lambda: account(connection))
    refused = [] if app else [BEARER]
    if user is None:
        known = knows_app(settings)
        refused.append((*APP, *TOKEN) if known is None else TOKEN if known else APP)
    return [each for each in (app, user) if each], refused


def _asked(name: str, ask: Callable[[], Finding | str]) -> Check | None:
    """None where X does not take the key."""
    try:
        found = ask()
    except Misconfigured as error:
        if error.reason == "unauthorized":
            return None
        found = problem(str(error), "look at the app in X's console: https://console.x.com")
    except Transient as error:
        if error.reason != "rate-limited":
            raise NotAnswering(f"X_API_URL: X does not answer ({error})") from None
        found = warning(str(error), "nothing: X's window opens again by itself")
    return check(name, lambda: found)
