"""Where no server fits the machine, fakeredis over TCP carries the tasks."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import mkdtemp

import pytest
import redis
from celery.contrib.testing.worker import start_worker

from bot.queue import (
    broker_address,
    celery_app,
    enqueue,
    enqueue_exports,
    enqueue_letters,
    enqueue_pictures,
)
from sandbox import broker
from tests.needs import require_broker


def test_the_last_resort_carries_a_task():
    port = broker.free_port()
    words = [sys.executable, "-m", "sandbox.broker", "--port", str(port)]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as server:
        try:
            broker.wait_for(port)
            app = celery_app(f"redis://127.0.0.1:{port}/0")
            carried, done = [], threading.Event()

            @app.task(name="carry")
            def carry(what):
                carried.append(what)
                done.set()

            with start_worker(app, pool="threads", perform_ping_check=False, shutdown_timeout=10):
                app.send_task("carry", args=["a wake-up"])
                assert done.wait(10)
            assert carried == ["a wake-up"]
            app.close()
        finally:
            server.terminate()


@pytest.mark.broker
def test_a_unix_socket_is_written_as_celery_wants_it(tmp_path):
    require_broker()
    path = Path(mkdtemp(prefix="unroll-")) / "s"  # a socket's path must be short
    port = broker.free_port()
    with subprocess.Popen(
        [*broker.command(port, tmp_path), "--unixsocket", path], stdout=subprocess.DEVNULL
    ) as server:
        try:
            broker.wait_for(port)
            with celery_app(f"unix://{path}?db=2") as app:
                enqueue(app, 7, 8)
            with redis.Redis(port=port, db=2) as client:
                assert client.llen("unroll") == 1
        finally:
            server.terminate()
            server.wait()
            shutil.rmtree(path.parent)
    assert broker_address("redis://localhost:6379/0") == "redis://localhost:6379/0"


def test_a_message_stands_in_one_line_only():
    """Unrolls in theirs, what takes long in the other: nothing is done twice."""
    with celery_app("memory://") as app, app.connection_for_write() as connection:
        for queue in app.amqp.queues.values():
            queue(connection.default_channel).declare()
        enqueue(app, 7, 8)
        enqueue_pictures(app, 9)
        enqueue_letters(app)
        enqueue_exports(app)
        waiting = {
            name: queue(connection.default_channel).queue_declare(passive=True).message_count
            for name, queue in app.amqp.queues.items()
        }
    assert waiting == {"unroll": 1, "unroll.beside": 3}
