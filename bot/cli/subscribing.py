"""`unroll subscribers`: who follows authors by e-mail."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bot import log
from bot.cli import output
from bot.cli.opening import opened
from bot.store import Store
from bot.store.subscriptions import Follower

subscribers_app = typer.Typer(help="Subscribers: who follows authors by e-mail.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Show = Annotated[bool, typer.Option("--show", help="Print addresses whole.")]


@subscribers_app.command("list")
def list_subscribers(*, show: Show = False, as_json: AsJson = False) -> None:
    """Who follows whom, with all but the beginnings of addresses left out."""
    with opened() as (_, store):
        found = store.subscriptions.followers()
        if as_json:
            output.document([_document(each, store, show=show) for each in found])
            return
        made = output.table("address", "follows", "asked about")
        for each in found:
            follows, pending = (", ".join(_names(ids, store)) for ids in (each.follows, each.pending))
            made.add_row(each.address if show else masked(each.address), follows, pending)
        output.console.print(made)


@subscribers_app.command("forget")
def forget(address: Annotated[str, typer.Argument(metavar="ADDRESS")]) -> None:
    """Delete an address and all that it follows."""
    with opened() as (settings, store):
        log.configure(settings)
        if not store.subscriptions.forget_address(address):
            output.fail("that address is not kept here")
        store.database.settle()
        output.err.print("forgotten")


def masked(address: str) -> str:
    name, _, host = address.rpartition("@")
    return f"{name[:1]}\u2026@{host[:1]}\u2026.{host.rpartition('.')[2]}"


def _document(each: Follower, store: Store, *, show: bool) -> dict[str, Any]:
    return {
        "address": each.address if show else masked(each.address),
        "follows": _names(each.follows, store),
        "pending": _names(each.pending, store),
    }


def _names(ids: tuple[int, ...], store: Store) -> list[str]:
    return [f"@{name}" if (name := store.people.name_of(each)) else str(each) for each in ids]
