"""`unroll threads`: single pages, by the operator's hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from bot import log
from bot.cli import output
from bot.cli.opening import files_of, opened
from bot.flows.pages import take_down
from bot.rules.request import post_id_of
from bot.settings import Settings
from bot.store import Store
from bot.store.pages import PageStatus

threads_app = typer.Typer(help="Threads: what becomes of their pages.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Which = Annotated[str, typer.Argument(metavar="ID", help="Any post of the thread, or a link to it.")]


@threads_app.command("delete")
def delete_thread(
    thread: Which,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Let it be made again when somebody asks.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a page and its words for good: requests for it are refused."""
    with opened() as (settings, store):
        log.configure(settings)
        page = _page(store, thread)
        if undo:
            store.pages.allow_again(page.thread_id)
        else:
            take_down(
                page.thread_id, "operator", store=store, files=files_of(settings), now=datetime.now(UTC)
            )
        _print(page.thread_id, settings, store, as_json=as_json)


@threads_app.command("unlist")
def unlist_thread(
    thread: Which,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="List it again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep a page, and take it out of all lists and feeds."""
    with opened() as (settings, store):
        page = _page(store, thread)
        if undo:
            store.pages.list_again(page.thread_id)
        else:
            store.pages.unlist(page.thread_id, now=datetime.now(UTC))
        _print(page.thread_id, settings, store, as_json=as_json)


@threads_app.command("show")
def show_thread(thread: Which, *, as_json: AsJson = False) -> None:
    """One thread: whose, how long, and whether its page is public."""
    with opened() as (settings, store):
        _print(_page(store, thread).thread_id, settings, store, as_json=as_json)


def _page(store: Store, thread: str) -> PageStatus:
    post_id = post_id_of(thread)
    if post_id is None:
        output.fail(f"{thread!r} is neither a link to a post on X nor its id", status=2)
    page = store.pages.find(post_id)
    if page is None:
        output.fail(f"no thread with the post {post_id} is saved here")
    return page


def _print(thread_id: int, settings: Settings, store: Store, *, as_json: bool) -> None:
    page = store.pages.find(thread_id)
    assert page is not None  # noqa: S101 - found a moment ago
    shown = output.page_document(page, settings.public_url)
    if as_json:
        output.document(shown)
        return
    for name, value in shown.items():
        if value is not None:
            output.field(name.replace("_", " "), str(value))
