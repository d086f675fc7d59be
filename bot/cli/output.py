"""How the commands print: one JSON document for scripts, a quiet table for people."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bot.domain import Job
from bot.store.pages import PageStatus

# What goes into a file or a pipe is not folded to the width of a terminal that is not there.
PIPE_WIDTH = 400

on_terminal = sys.stdout is not None and sys.stdout.isatty()  # None where a script has closed it
console = Console(width=None if on_terminal else PIPE_WIDTH)
err = Console(stderr=True)


def document(value: Any) -> None:
    """The one JSON document on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def field(name: str, value: str) -> None:
    """A name and its value, which may be somebody's words and is never read as markup."""
    console.print(f"[bold]{name:18}[/]{escape(value)}", highlight=False, soft_wrap=True)


def say(line: str) -> None:
    """A line of the story, with rich's markup, on standard error."""
    err.print(line, highlight=False, soft_wrap=True)


def fail(why: str, *, status: int = 1) -> NoReturn:
    """Ends the command with one line that says why."""
    typer.echo(f"unroll: {why}", err=True)
    raise typer.Exit(status)


def job_document(job: Job) -> dict[str, Any]:
    """A job as `--json` prints it; see interface: ids are strings, times ISO 8601 in UTC."""
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "reason": job.reason,
        "mention_id": text_id(job.mention_id),
        "post_id": text_id(job.goal.post_id),
        "thread_id": text_id(job.thread_id),
        "reply_id": text_id(job.reply_id),
        "attempts": job.attempts,
        "not_before": time_text(job.not_before),
        "created_at": time_text(job.created_at),
        "updated_at": time_text(job.updated_at),
    }


def page_document(page: PageStatus, public_url: str) -> dict[str, Any]:
    """A saved thread without its words."""
    return {
        "id": str(page.thread_id),
        "url": f"{public_url}/thread/{page.thread_id}",
        "author_id": str(page.author_id),
        "conversation_id": str(page.conversation_id),
        "page": page_state(page),
        "posts": page.posts,
        "fetched_at": time_text(page.fetched_at),
        "gone_at": time_text(page.gone_at),
        "removed_by": page.removed_by,
        "unlisted_at": time_text(page.unlisted_at),
    }


def page_state(page: PageStatus) -> str:
    if page.removed_by is not None:
        return "removed"
    if page.gone_at is not None:
        return "gone"
    return "unlisted" if page.unlisted_at is not None else "public"


def text_id(number: int | None) -> str | None:
    return None if number is None else str(number)


def time_text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def table(*headings: str, title: str | None = None) -> Table:
    made = Table(title=title, box=None, header_style="bold", title_justify="left", pad_edge=False)
    for heading in headings:
        made.add_column(heading, overflow="fold")
    return made


def row(made: Table, *cells: str) -> None:
    """A line of a table, of which a cell may be somebody's words: never read as markup."""
    made.add_row(*map(Text, cells))


def dollars(micro: int) -> str:
    return f"${micro / 1_000_000:.3f}"
