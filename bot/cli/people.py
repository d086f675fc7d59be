"""`unroll authors` and `unroll users`: what people say by mention, by the operator's hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from bot import log
from bot.cli import output
from bot.cli.choosing import number_of
from bot.cli.opening import files_of, opened
from bot.flows.pages import forget_author
from bot.settings import Settings
from bot.store import Store
from bot.store.people import Person

authors_app = typer.Typer(help="Authors: whose threads may be unrolled.", no_args_is_help=True)
users_app = typer.Typer(help="Users: who gets answers.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="A username, with or without @, or X's number.")]


@authors_app.command("opt-out")
def opt_out(name: Name, *, as_json: AsJson = False) -> None:
    """Refuse an author's threads from now on, and remove their pages and words."""
    with opened() as (settings, store):
        log.configure(settings)
        person, now = _person(store, name), datetime.now(UTC)
        store.people.obey(person.id, "opt-out", now=now, username=person.username)
        forget_author(person.id, store=store, files=files_of(settings), now=now)
        _print_author(person.id, settings, store, as_json=as_json)


@authors_app.command("opt-in")
def opt_in(name: Name, *, as_json: AsJson = False) -> None:
    """Let an author's threads be unrolled again; what was removed comes back when somebody asks for it."""
    with opened() as (settings, store):
        person = _person(store, name)
        store.people.obey(person.id, "opt-in", now=datetime.now(UTC), username=person.username)
        _print_author(person.id, settings, store, as_json=as_json)


@authors_app.command("show")
def show_author(name: Name, *, as_json: AsJson = False) -> None:
    """An author's pages, and whether they opted out."""
    with opened() as (settings, store):
        _print_author(_person(store, name).id, settings, store, as_json=as_json)


@users_app.command("block")
def block(name: Name, *, as_json: AsJson = False) -> None:
    """Answer somebody nothing any more."""
    with opened() as (_, store):
        person = _person(store, name)
        store.people.block(person.id, now=datetime.now(UTC), username=person.username)
        _print_user(person.id, store, as_json=as_json)


@users_app.command("unblock")
def unblock(name: Name, *, as_json: AsJson = False) -> None:
    """Answer somebody again, unless they said stop themselves."""
    with opened() as (_, store):
        person = _person(store, name)
        store.people.unblock(person.id, now=datetime.now(UTC))
        _print_user(person.id, store, as_json=as_json)


def _person(store: Store, name: str) -> Person:
    if (number := number_of(name)) is not None:
        return store.people.find(number)
    found = store.people.named(name.removeprefix("@"))
    if found is None:
        output.fail(
            f"nobody named {name} was met here so far; X would have to be paid to look them up: "
            "give their number instead"
        )
    return found


def _print_author(person_id: int, settings: Settings, store: Store, *, as_json: bool) -> None:
    person, pages = store.people.find(person_id), store.pages.by(person_id)
    if as_json:
        threads = [output.page_document(page, settings.public_url) for page in pages]
        opted_out = output.time_text(person.opted_out_at)
        output.document({**_document(person, store), "opted_out_at": opted_out, "threads": threads})
        return
    output.field("author", _called(person, store))
    output.field("opted out", output.time_text(person.opted_out_at) or "no")
    made = output.table("thread", "posts", "fetched (UTC)", "page")
    for page in pages:
        fetched = f"{page.fetched_at:%Y-%m-%d %H:%M:%S}"
        made.add_row(str(page.thread_id), str(page.posts), fetched, output.page_state(page))
    output.console.print(made)


def _print_user(person_id: int, store: Store, *, as_json: bool) -> None:
    person = store.people.find(person_id)
    blocked, stopped = output.time_text(person.blocked_at), output.time_text(person.stopped_at)
    if as_json:
        output.document({**_document(person, store), "blocked_at": blocked, "stopped_at": stopped})
        return
    output.field("user", _called(person, store))
    output.field("blocked", blocked or "no")
    output.field("said stop", stopped or "no")


def _document(person: Person, store: Store) -> dict[str, Any]:
    return {"id": str(person.id), "username": person.username or store.people.name_of(person.id)}


def _called(person: Person, store: Store) -> str:
    name = person.username or store.people.name_of(person.id)
    return f"@{name} ({person.id})" if name else str(person.id)
