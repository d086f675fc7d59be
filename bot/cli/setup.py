"""`unroll setup`: from keys to a bot that can be started.

    the keys, and whether X takes them -> where things are, and the schema -> what X may cost -> .env
    -> what is left to do

Nothing is written before everything is answered. What the environment says is not asked; what `.env` says
already is offered, and stays as it is on Enter.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import typer
from rich.markup import escape

from bot import log
from bot.cli import output
from bot.cli.activation import activation
from bot.cli.asking import Doubt, ask, ask_secret, complain
from bot.cli.doctor import ping, tell
from bot.cli.envfile import write
from bot.cli.keys import NAMES_NOBODY, Group, NotAnswering, account_id, examined
from bot.cli.leftover import what_is_left
from bot.cli.sheet import ADDRESSES, ALL, KEYS, Sheet
from bot.settings import BadSettings, load
from bot.store import open_store

ENV = Path(".env")
OWN, ANOTHERS = "0.001", "0.005"


def set_up(*, no_input: bool) -> None:
    """Ends with status 2 where something is missing and nobody is there to ask, with 1 where it is wrong."""
    sheet = Sheet.of(ENV)
    somebody = not no_input and _is_terminal()
    if not somebody and (missing := sheet.missing()):
        output.fail(f"{', '.join(missing)} not set, and nobody is there to ask", status=2)
    log.configure(sheet.for_x().model_copy(update={"log_level": "CRITICAL"}))
    try:
        _keys(sheet, somebody=somebody)
        _addresses(sheet, somebody=somebody)
        _money(sheet, somebody=somebody)
        _write(sheet)
    except typer.Abort:
        output.fail("broken off; nothing was written")
    for check in what_is_left(sheet.settings()):
        tell(check)
    first = escape(activation())
    output.say(f"\nNext: [bold]{first}honcho start[/], and in another terminal [bold]{first}unroll doctor[/]")


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _keys(sheet: Sheet, *, somebody: bool) -> None:
    if somebody:
        output.say("1 of 3: the keys of your X app, from https://console.x.com; they stay hidden as you type")
        for name in sheet.open(KEYS):
            ask_secret(sheet, name)
    if account_id(sheet.for_x()) is None:  # one that nobody was asked for
        output.fail(NAMES_NOBODY)
    while refused := _refused(sheet, somebody=somebody):
        told = ", and ".join(" or ".join(group) for group in refused)
        said = f"X refuses {told}: copy it from X's console once more"
        wrong = [name for group in refused for name in group]
        if not somebody or not sheet.open(wrong):
            output.fail(said)
        complain(said)
        for name in sheet.open(wrong):
            ask_secret(sheet, name, again=True)


def _refused(sheet: Sheet, *, somebody: bool) -> list[Group]:
    """The keys that X does not take; what else it says of them is told."""
    while True:
        try:
            checks, refused = examined(sheet.for_x())
        except NotAnswering as error:
            if not somebody:
                output.fail(str(error))
            complain(str(error))
            if not typer.confirm("  Try again?", default=True, err=True):
                typer.confirm("  Go on, with keys that nobody has tried?", abort=True, err=True)
                return []
        else:
            for check in checks:
                tell(check)
            return refused


def _addresses(sheet: Sheet, *, somebody: bool) -> None:
    if somebody:
        output.say("\n2 of 3: where things are")
        for name in sheet.open(ADDRESSES):
            ask(sheet, name, doubt=DOUBTS.get(name))
    while trouble := _of_database(sheet.value("DATABASE_URL")):
        if not (somebody and sheet.open(["DATABASE_URL"]) and trouble.startswith("DATABASE_URL")):
            output.fail(trouble)
        complain(trouble)
        ask(sheet, "DATABASE_URL")


def _silent(url: str) -> str | None:
    try:
        ping(load(_env_file=None, redis_url=url))
    except BadSettings as error:
        return str(error)
    return None


def _buys_nothing(dollars: str) -> str | None:
    return "DAILY_BUDGET_USD: with 0 the bot reads nothing" if not Decimal(dollars) else None


# Why an answer that can be may still be a slip.
DOUBTS: dict[str, Doubt] = {"REDIS_URL": _silent, "DAILY_BUDGET_USD": _buys_nothing}


def _of_database(url: str) -> str | None:
    """Brings the schema up to date, or says in one line why it cannot."""
    try:
        open_store(load(_env_file=None, database_url=url).database_url, upgrade=True).close()
    except BadSettings as error:
        return str(error)
    return None


def _money(sheet: Sheet, *, somebody: bool) -> None:
    """X tells nobody who owns an app, and bills by it."""
    if not somebody:
        return
    output.say("\n3 of 3: what X may cost")
    if sheet.open(["MENTION_PRICE_USD"]):
        own = sheet.value("MENTION_PRICE_USD") == OWN
        question = f"  Does the bot's account own the app? A mention then costs ${OWN}, else ${ANOTHERS}"
        if typer.confirm(question, default=own, err=True) != own:
            sheet.answers["MENTION_PRICE_USD"] = ANOTHERS if own else OWN
    for name in sheet.open(["DAILY_BUDGET_USD"]):
        ask(sheet, name, doubt=DOUBTS.get(name))


def _write(sheet: Sheet) -> None:
    if wrong := next(filter(None, map(sheet.wrong, ALL)), None):
        output.fail(wrong)
    changes = sheet.changes()
    try:
        if changes or not sheet.file.exists():
            write(sheet.file, changes)
    except (ValueError, OSError) as error:
        output.fail(f".env: {error}")
    output.say(f"\n.env: {', '.join(changes) or 'nothing'} written; only you can read it")
