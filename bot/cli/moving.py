"""`unroll db move`."""

from __future__ import annotations

from contextlib import ExitStack, closing

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlalchemy import make_url

from bot.cli import output
from bot.cli.polling import LOCK
from bot.errors import DatabaseAway
from bot.queue import celery_app
from bot.settings import BadSettings, Settings, load
from bot.store import Store, open_store
from bot.store.lock import held
from bot.store.moving import MoveFailed, count, move
from bot.x.client import utc_now

WORKERS_ANSWER_WITHIN = 1.5


def move_to(settings: Settings, address: str) -> None:
    with ExitStack() as stack:
        source = stack.enter_context(closing(open_store(settings.database_url)))
        target = stack.enter_context(closing(_opened(address)))
        if source.database.url == target.database.url:
            output.fail("--to: that is the database itself")
        if not all(stack.enter_context(held(each.database, LOCK)) for each in (source, target)):
            output.fail("a poller is at work on it: stop poller, workers and site first")
        if _workers(settings):
            output.fail("workers are alive: stop poller, workers and site first")
        try:
            rows = _moved(source, target)
        except (MoveFailed, DatabaseAway) as error:
            output.fail(str(error))
    output.err.print(
        f"{sum(rows.values()):,} rows of {len(rows)} tables are there, compared one by one. The old database "
        f"is closed.\nPut DATABASE_URL={make_url(address).render_as_string()} into .env, with its password, "
        "and start everything again.",
        highlight=False,
        soft_wrap=True,
    )


def _opened(address: str) -> Store:
    try:
        return open_store(load(database_url=address).database_url)
    except BadSettings as error:
        output.fail(str(error).replace("DATABASE_URL", "--to", 1))


def _moved(source: Store, target: Store) -> dict[str, int]:
    """Shows how far it is, by table."""
    sizes = {name: rows for name, rows in count(source.database).items() if rows}
    with Progress(
        TextColumn("{task.description:16}"), BarColumn(), MofNCompleteColumn(), console=output.err
    ) as shown:
        tasks = {name: shown.add_task(name, total=rows) for name, rows in sizes.items()}

        def told(table: str, rows: int) -> None:
            if table in tasks:
                shown.advance(tasks[table], rows)

        return dict(move(source.database, target.database, now=utc_now(), told=told))


def _workers(settings: Settings) -> bool:
    """Whether any answers. Where the broker is away nobody does, and their leases tell whether one works."""
    try:
        with celery_app(settings.broker) as app:
            return bool(app.control.ping(timeout=WORKERS_ANSWER_WITHIN))
    except Exception:  # noqa: BLE001 - whatever the broker's client raises
        return False
