"""What is left to do once the settings are there: what no setting can do, or only X's own pages show."""

from __future__ import annotations

from collections.abc import Iterator

from bot.cli.doctor import BROKER, ping
from bot.cli.findings import Check, Finding, check, problem, warning
from bot.cli.keys import account_id
from bot.cli.opening import parts_for
from bot.cli.outside import is_local
from bot.domain import Author
from bot.errors import UnrollError
from bot.flows.meter import JobMeter
from bot.flows.parts import Parts
from bot.flows.poll import who_we_are
from bot.settings import BadSettings, Settings
from bot.x import X

AUTOMATED = (
    "X's API does not tell: does {} say “Automated” below the name? If not, log in as the bot, and under "
    "Settings, Your account, Account information, Automation connect it to your own account"
)


def what_is_left(settings: Settings) -> Iterator[Check]:
    with parts_for(settings) as parts:
        bot = _bot(parts)
        if bot is not None:
            yield check("bot", lambda: _same_account(bot, settings))
            yield check(
                "label", lambda: warning("not known", AUTOMATED.format(f"https://x.com/{bot.username}"))
            )
    yield check("broker", lambda: _broker(settings))
    yield check("site", lambda: _site(settings))


def _bot(parts: Parts) -> Author | None:
    """As the poller would ask at its first start: X bills a cent for it, once and for good."""
    x = X(parts.connection, JobMeter(parts.store, parts.settings, parts.clock), parts.clock)
    try:
        return who_we_are(parts, x)
    except UnrollError:
        return None  # the poller will ask again, and the doctor says why it cannot


def _same_account(bot: Author, settings: Settings) -> Finding | str:
    number = account_id(settings)
    if number not in {None, bot.id}:
        return problem(
            f"the database is @{bot.username}'s, and the keys are those of account {number}",
            "name another DATABASE_URL for another account: what is answered is noted in it",
        )
    return f"@{bot.username}"


def _broker(settings: Settings) -> Finding | str:
    try:
        return ping(settings)
    except BadSettings as error:
        return warning(str(error), BROKER)


def _site(settings: Settings) -> Finding | str:
    if is_local(settings.public_url):
        return warning(
            f"PUBLIC_URL: {settings.public_url} can be opened on this machine only",
            "set it to where readers find the site, before the first reply: its link is not changed later",
        )
    return f"{settings.public_url}, to lead to port 8000 of this machine"
