"""The Celery app: `celery -A workers.app worker` and `celery -A workers.app flower`."""

from __future__ import annotations

import logging
import os
import socket
import sys
from contextlib import ExitStack
from functools import cache
from typing import Any

from bot.outdated import told_in_one_line

with told_in_one_line():
    import structlog
    from celery.signals import setup_logging, worker_init, worker_shutdown, worker_shutting_down

    from bot import scraping
    from bot.blobs import open_blobs
    from bot.flows.parts import Parts
    from bot.log import configure
    from bot.queue import celery_app
    from bot.settings import BadSettings, Settings, load
    from bot.store import open_store
    from bot.x import connect
    from bot.x.client import utc_now
    from workers.core import OneCore, gains

log = structlog.get_logger()

# Work waits on HTTP: threads reach the theoretical rate with a fraction of the memory of processes. This
# pool drops task time limits without a word; the time-outs are in bot.settings.
THREADS = 16

# What Prometheus asks, while the worker runs.
_watched = ExitStack()

core = OneCore()


@cache
def settings() -> Settings:
    try:
        return load()
    except BadSettings as error:
        sys.exit(f"unroll: {error}")


@cache
def parts() -> Parts:
    """What the tasks work with, built once in the process that runs them."""
    return Parts(
        store=open_store(settings().database_url),
        connection=connect(settings()),
        settings=settings(),
        clock=utc_now,
        worker=f"{socket.gethostname()}:{os.getpid()}",
        files=open_blobs(settings().media_dir, endpoint=settings().media_endpoint_url),
    )


@setup_logging.connect
def _setup_logging(**_: Any) -> None:
    configure(settings())


@worker_init.connect
def _fail_at_the_door(sender: Any = None, **_: Any) -> None:
    """A worker without a key or a database says so at its start, not at its first job."""
    if sender is not None:
        sender.quiet = True  # Celery's banner is twenty lines; the log says when it is ready
    configure(settings())  # Celery sets its own log up later
    host, port = settings().metrics_host, settings().worker_metrics_port
    try:
        if gains(sender):
            core.keep(settings().worker_core)  # before there are threads
        parts()
        _watched.enter_context(
            scraping.served(scraping.registry(), host=host, port=port, setting="WORKER_METRICS_PORT")
        )
    except BadSettings as error:
        sys.exit(f"unroll: {error}")
    if core.number is not None:
        log.info("worker.core", core=core.number)


@worker_shutting_down.connect
def _begin_nothing_new(**_: Any) -> None:
    """Celery waits for what its threads do: a call to X is let finish, and its job put back."""
    parts().stop.set()


@worker_shutdown.connect
def _stop_serving(**_: Any) -> None:
    _watched.close()


def _lead_flower() -> None:
    """Flower reads the environment, and a password has no business on a command line, where `ps` shows it."""
    login, prefix = settings().flower_basic_auth, settings().flower_url_prefix
    for name, value in {
        "FLOWER_BASIC_AUTH": login.get_secret_value() if login else "",
        "FLOWER_URL_PREFIX": prefix,
    }.items():
        os.environ.pop(name, None)
        if value:
            os.environ[name] = value


def _names_no_tasks(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("Registered tasks")


_lead_flower()
logging.getLogger("flower.command").addFilter(_names_no_tasks)  # a dozen lines below the one with its address
app = celery_app(settings().broker)
app.conf.update(
    worker_pool="threads",
    worker_concurrency=THREADS,
    include=["workers.tasks"],
)
