"""The commands, and what they are built from."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from bot import log
from bot.cli import output
from bot.cli.jobs import jobs_app
from bot.cli.opening import opened, parts_for
from bot.cli.pages import threads_app
from bot.cli.people import authors_app, users_app
from bot.cli.pushing import push_app
from bot.cli.subscribing import subscribers_app
from bot.domain import Goal
from bot.errors import DatabaseAway
from bot.flows.illustrate import illustrate
from bot.flows.poll import tick
from bot.flows.unroll import unroll
from bot.outdated import told_in_one_line
from bot.queue import celery_app, enqueue, enqueue_exports, enqueue_letters, enqueue_pictures
from bot.rules.request import post_id_of
from bot.settings import BadSettings, load
from bot.store import open_store, schema
from bot.store.database import Database

app = typer.Typer(
    name="unroll",
    help="Answers “@bot unroll” on X with the whole thread as one page.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(jobs_app, name="jobs")
app.add_typer(threads_app, name="threads")
app.add_typer(authors_app, name="authors")
app.add_typer(users_app, name="users")
app.add_typer(subscribers_app, name="subscribers")
app.add_typer(push_app, name="push")
db_app = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(db_app, name="db")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

MOST_DAYS = 100_000  # the calendar of Python has 739,000 until today


def main() -> None:
    """The entry point: what goes wrong ends in one line and status 1, a wrong usage in status 2."""
    try:
        with told_in_one_line():
            status = app(standalone_mode=False)
        if sys.stdout is not None:  # None where a script has closed it
            sys.stdout.flush()  # what cannot be written is to be known here, not while Python ends
    except (BadSettings, DatabaseAway) as error:
        _end(str(error), 1)
    except BrokenPipeError:  # whoever read has read enough
        _leave_unsaid()
        sys.exit(1)
    except OSError as error:  # a full disk, a file that may not be read: nothing that a traceback explains
        _leave_unsaid()
        _end(f"{error.filename}: {error.strerror}" if error.filename else str(error), 1)
    except TyperException as error:
        said = error.format_message()
        if not said:  # no command was given, and the help has been shown
            sys.exit(error.exit_code)
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "unroll"
        _end(f"{said.rstrip('.')}; see `{command} --help`", error.exit_code)
    sys.exit(status or 0)


def _end(why: str, status: int) -> NoReturn:
    typer.echo(f"unroll: {why}", err=True)
    sys.exit(status)


def _leave_unsaid() -> None:
    """Python would try to write the rest when it ends, and end with a status of its own."""
    if sys.stdout is not None:
        with suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"unroll {version('unroll-bot')}")
        raise typer.Exit


@app.callback()
def unroll_bot(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version and end."),
    ] = False,
) -> None:
    """Answers “@bot unroll” on X with the whole thread as one page."""


@app.command()
def poll(
    *,
    once: Annotated[bool, typer.Option("--once", help="Look once, queue what is due, and end.")] = False,
) -> None:
    """Look for mentions, record them, queue jobs."""
    from bot.cli.polling import poll_for_good, poll_once  # noqa: PLC0415

    settings = load()
    log.configure(settings)
    with parts_for(settings) as parts:
        queue = celery_app(settings.broker)

        def wake_up(job_id: int, mention_id: int | None) -> None:
            enqueue(queue, job_id, mention_id)

        def wake_pictures(thread_id: int) -> None:
            enqueue_pictures(queue, thread_id)

        def wake_letters() -> None:
            enqueue_letters(queue)

        def wake_exports() -> None:
            enqueue_exports(queue)

        turn = partial(tick, parts, wake_up, wake_pictures, wake_letters, wake_exports)
        if once:
            done = poll_once(parts, turn)
            if done is None:
                output.fail("another poller is at work on this database; nothing was done")
            output.err.print(f"{done.mentions} new mentions, {done.jobs} new jobs, {done.woken} queued")
            if done.trouble:
                output.fail(f"no mentions were looked at: {done.trouble}")
        else:
            poll_for_good(parts, turn)


@app.command()
def web(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
) -> None:
    """Serve the reader site."""
    from bot.cli.serving import serve_site  # noqa: PLC0415 - only this command needs the server

    settings = load()
    log.configure(settings)
    open_store(settings.database_url).close()  # says at the door what is wrong with the database
    serve_site(host, port)


@app.command()
def thread(
    url_or_id: Annotated[str, typer.Argument(metavar="URL-OR-ID")], *, as_json: AsJson = False
) -> None:
    """Unroll one thread now, without a mention and without a reply."""
    settings = load()
    log.configure(settings)
    post_id = post_id_of(url_or_id)
    if post_id is None:
        output.fail(f"{url_or_id!r} is neither a link to a post on X nor its id", status=2)
    with parts_for(settings) as parts:
        job_id = parts.store.jobs.add(Goal(post_id), now=parts.clock())
        job = unroll(job_id, parts) or parts.store.jobs.find(job_id)
        assert job is not None  # noqa: S101 - just added
        url = f"{settings.public_url}/thread/{job.thread_id}" if job.state == "done" else None
        if job.thread_id is not None:
            illustrate(job.thread_id, parts)
        if as_json:
            output.document({**output.job_document(job), "url": url})
        elif url:
            typer.echo(url)
        if job.state == "waiting":
            again = f"{job.not_before:%H:%M:%S}"
            output.fail(f"not now: {job.reason}; job {job.id} goes on by itself at {again} UTC")
        if url is None:
            output.fail(f"{job.reason}: see `unroll jobs show {job.id}`")


@app.command()
def spend(
    days: Annotated[
        int, typer.Option(help="How many UTC days back, today included.", min=1, max=MOST_DAYS)
    ] = 7,
    *,
    as_json: AsJson = False,
) -> None:
    """What X was paid, by day, resource and job."""
    from bot.cli.spending import show_spend  # noqa: PLC0415

    today = datetime.now(UTC).date()
    with opened() as (settings, store):
        show_spend(store, today - timedelta(days=days - 1), settings, as_json=as_json)


@app.command()
def removals(
    days: Annotated[
        int, typer.Option(help="How many UTC days back, today included.", min=1, max=MOST_DAYS)
    ] = 7,
    *,
    as_json: AsJson = False,
) -> None:
    """What went from here, by day and reason: counts only, the words are gone."""
    from bot.cli.removing import show_removals  # noqa: PLC0415

    with opened() as (_, store):
        show_removals(store, datetime.now(UTC).date() - timedelta(days=days - 1), as_json=as_json)


@db_app.command("upgrade")
def db_upgrade() -> None:
    """Bring the database's schema to the newest version."""
    settings = load()
    log.configure(settings)
    database = Database(settings.database_url)
    try:
        before = schema.current(database)
        if schema.is_newer(before):
            output.err.print(f"schema {before} is of a later version and stays", highlight=False)
            return
        schema.upgrade(database)
        output.err.print(f"schema {before or 'empty'} -> {schema.current(database)}", highlight=False)
    finally:
        database.dispose()


@db_app.command("backup")
def db_backup(file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")]) -> None:
    """Write the whole database into one file, while everything goes on."""
    from bot.cli.backups import back_up  # noqa: PLC0415

    settings = load()
    log.configure(settings)
    back_up(settings, file)


@db_app.command("restore")
def db_restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `unroll db backup` has written.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Replace what the database holds now.")] = False,
) -> None:
    """Put a backup in the place of the database; nothing is answered a second time."""
    from bot.cli.backups import put_back  # noqa: PLC0415

    settings = load()
    log.configure(settings)
    put_back(settings, file, sure=yes)


@db_app.command("move")
def db_move(
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="An empty database: its DATABASE_URL.")],
) -> None:
    """Move everything into another database, compare it there, and close this one."""
    from bot.cli.moving import move_to  # noqa: PLC0415

    settings = load()
    log.configure(settings)
    move_to(settings, to)


@app.command()
def setup(
    *,
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask nothing: say what is missing.")] = False,
) -> None:
    """Ask for what the bot needs, check it, write `.env`, and say what is left to do."""
    from bot.cli.setup import set_up  # noqa: PLC0415

    set_up(no_input=no_input)


@app.command()
def doctor(*, as_json: AsJson = False) -> None:
    """Check everything from outside, and say what to mend. Ends with 1 where there is a problem."""
    from bot.cli.doctor import examine, tell  # noqa: PLC0415

    checks = examine()
    if as_json:
        output.document({"ok": all(c.ok for c in checks), "checks": [c.document() for c in checks]})
    else:
        for check in checks:
            tell(check)
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


@app.command()
def demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="End when every mention is dealt with: 0 if all ended well.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the whole bot against a local X and tell what happens."""
    from bot.cli.demo import run_demo  # noqa: PLC0415 - only here and below is the sandbox started

    raise typer.Exit(run_demo(once=once, as_json=as_json))


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Port to listen on, loopback only.", min=1, max=65535)] = 8001,
) -> None:
    """Serve the local X alone, with a page to try the bot by hand."""
    from bot.cli.sandboxing import serve_sandbox  # noqa: PLC0415

    serve_sandbox(port)
