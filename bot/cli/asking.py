"""The questions of `unroll setup`. Enter keeps what is there; no secret is shown, also none in an address."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import typer
from rich.markup import escape
from sqlalchemy import make_url

from bot.cli import output
from bot.cli.envfile import CannotKeep, quoted
from bot.cli.keys import NAMES_NOBODY, named_by
from bot.cli.sheet import Sheet

NAMES = {
    "X_CONSUMER_KEY": "API key",
    "X_CONSUMER_SECRET": "API key secret",
    "X_ACCESS_TOKEN": "Access token, made by the bot's account",
    "X_ACCESS_TOKEN_SECRET": "Access token secret",
    "X_BEARER_TOKEN": "Bearer token",
    "PUBLIC_URL": "Where readers find the site",
    "DATABASE_URL": "SQLite, or PostgreSQL as postgresql://user@host/name",
    "REDIS_URL": "Redis or Valkey",
    "DAILY_BUDGET_USD": "Dollars that X may be paid in a UTC day",
}

# Why a value that can be may not be what somebody means; None where there is nothing to say.
Doubt = Callable[[str], str | None]

# Letters and digits, and what percent-encoding and ids bring along.
KEY = re.compile(r"[A-Za-z0-9%_.~+/=-]+")


def ask_secret(sheet: Sheet, name: str, *, again: bool = False) -> None:
    """With `again`, the one that is there is not offered any more."""
    kept = "" if again else sheet.value(name)
    hint = " [Enter: as it is]" if kept else ""
    typed = ""
    while not typed:
        typed = _hidden(f"  {NAMES[name]} ({name}){hint}", default=kept)
        if said := _no_key(name, typed):
            complain(said)
            typed = ""
    if typed != kept:
        sheet.answers[name] = typed


def _no_key(name: str, typed: str) -> str | None:
    if not typed:
        return f"{name}: the bot needs all five"
    if not KEY.fullmatch(typed):
        return f"{name}: no key of X's looks like that; copy it once more"
    return NAMES_NOBODY if name == "X_ACCESS_TOKEN" and named_by(typed) is None else None


def ask(sheet: Sheet, name: str, *, doubt: Doubt | None = None) -> None:
    """Until it is one that can be; an address of a database without a password is asked for it. What is
    typed anew and comes into `doubt` may stay so, if it is meant.
    """
    while True:
        kept = sheet.value(name)
        typed = typer.prompt(
            f"  {NAMES[name]} ({name}) [{without_password(kept)}]",
            default=kept,
            show_default=False,
            err=True,
        ).strip()
        if typed != kept:
            sheet.answers[name] = _with_password(typed) if name == "DATABASE_URL" else typed
        said = sheet.wrong(name) or _refused(sheet.value(name))
        if said is not None:
            complain(said if said.startswith(name) else f"{name}: {said}")
        elif typed == kept or doubt is None or _is_meant(doubt(typed)):
            return
        sheet.answers.pop(name, None)


def _is_meant(why_not: str | None) -> bool:
    if why_not is None:
        return True
    complain(why_not)
    return typer.confirm("  Keep it all the same?", default=False, err=True)


def complain(why: str) -> None:
    output.say(f"  [red]{escape(why)}[/]")


def without_password(address: str) -> str:
    password = urlsplit(address).password
    return address.replace(f":{password}@", ":***@") if password else address


def _with_password(address: str) -> str:
    """What is typed into an address is seen; so the password is asked for on its own."""
    parts = urlsplit(address)
    if not parts.scheme.startswith("postgres") or not parts.username or parts.password:
        return address
    password = _hidden(f"  Password of {parts.username} [Enter: none]", default="")
    return (
        make_url(address).set(password=password).render_as_string(hide_password=False)
        if password
        else address
    )


def _hidden(words: str, *, default: str) -> str:
    typed: str = typer.prompt(words, hide_input=True, default=default, show_default=False, err=True)
    return typed.strip().strip("'\"")


def _refused(value: str) -> str | None:
    try:
        quoted(value)
    except CannotKeep as error:
        return str(error)
    return None
