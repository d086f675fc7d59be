"""The queue: the Celery app's name and settings, and wake-ups by the task's name: nobody imports workers.

A message is only a wake-up: losing or doubling one changes nothing, so it is acknowledged early, keeps no
result and never waits with an ETA.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from celery import Celery
from kombu import Queue

from bot.redis import is_watched, watched

APP = "unroll"
UNROLL = "unroll.thread"
ILLUSTRATE = "unroll.pictures"
DELIVER = "unroll.letters"
EXPORT = "unroll.exports"

# What takes long and nobody waits for in their mentions has a line of its own. A worker serves both in turn;
# `-Q unroll` or `-Q unroll.beside` keeps one to one of them.
BESIDE = "unroll.beside"
ROUTES = dict.fromkeys((ILLUSTRATE, DELIVER, EXPORT), BESIDE)

# Without these a frozen Redis blocks `send_task` for good.
SOCKET_TIMEOUT = 5.0


def celery_app(address: str, *, patience: float = SOCKET_TIMEOUT) -> Celery:
    """For a broker's address: Redis, the master that Sentinel names, or RabbitMQ. `patience` is how many
    seconds it may take to answer.
    """
    app = Celery(APP, broker=broker_address(address))
    app.conf.update(
        task_ignore_result=True,
        task_acks_late=False,
        task_default_queue=APP,
        task_queues=[Queue(name) for name in (APP, BESIDE)],
        task_routes=ROUTES,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=True,
        task_send_sent_event=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "socket_timeout": patience,
            "socket_connect_timeout": patience,
            "retry_on_timeout": True,
            "max_retries": 1,
            **({"master_name": watched(address).master} if is_watched(address) else {}),
        },
        task_publish_retry=False,
    )
    return app


def broker_address(address: str) -> str:
    """Celery's spelling: it writes unix sockets and several sentinels its own way."""
    if is_watched(address):
        return watched(address).for_celery
    parts = urlsplit(address)
    if parts.scheme != "unix":
        return address
    query = f"?{parts.query.replace('db=', 'virtual_host=')}" if parts.query else ""
    return f"redis+socket://{quote(parts.path)}{query}"


def enqueue(app: Celery, job_id: int, mention_id: int | None) -> None:
    """Wakes a worker up for a job. The mention's id is for the eyes of the dashboard."""
    app.send_task(UNROLL, args=[job_id], kwargs={"mention": str(mention_id or "")})


def enqueue_pictures(app: Celery, thread_id: int, job_id: int | None = None) -> None:
    """The job, where one was just done for the thread, is for the eyes of the log and the dashboard."""
    app.send_task(ILLUSTRATE, args=[str(thread_id)], kwargs={} if job_id is None else {"job": job_id})


def enqueue_letters(app: Celery) -> None:
    """There are letters to send; which ones, the rows say."""
    app.send_task(DELIVER)


def enqueue_exports(app: Celery) -> None:
    """One wake-up for all files that are wanted: whoever takes it looks for them."""
    app.send_task(EXPORT)
