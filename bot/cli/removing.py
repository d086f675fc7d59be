"""`unroll removals`."""

from __future__ import annotations

from datetime import date
from typing import Any

from bot.cli import output
from bot.store import Store
from bot.store.removals import Removed


def show_removals(store: Store, since: date, *, as_json: bool) -> None:
    found = store.removals.counts(since=since)
    if as_json:
        output.document([_document(each) for each in found])
        return
    made = output.table("day (UTC)", "reason", "posts", "authors")
    for each in found:
        made.add_row(str(each.day), each.reason, str(each.posts), str(each.authors))
    output.console.print(made)


def _document(each: Removed) -> dict[str, Any]:
    return {"day": str(each.day), "reason": each.reason, "posts": each.posts, "authors": each.authors}
