"""A deploy in the middle: on SIGTERM each process finishes or puts back what it does, in a bounded time."""

from __future__ import annotations

import signal
import socket
import subprocess
from contextlib import ExitStack

import pytest

from bot.queue import celery_app, enqueue_exports
from reader.exports import edition
from sandbox.broker import free_port
from tests.reader.test_forms import long_thread
from tests.workers.conftest import command

pytestmark = pytest.mark.broker

LOOKUP, MENTIONS, REPLY = "GET /2/tweets", "GET /2/users/:id/mentions", "POST /2/tweets"
# One call to X (15 s) and what Celery takes to end; far under the lease of a minute.
WITHIN_SECONDS = 40


def ended(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout=WITHIN_SECONDS)


def test_a_worker_puts_back_what_it_has_begun_and_the_next_one_takes_it_at_once(plant):
    worker = plant.start_worker()
    plant.world.faults.slow(LOOKUP, 3)
    mention = plant.mention()
    plant.tick()
    plant.wait(lambda: plant.job(mention).state == "running", "the job is claimed")
    plant.wait(lambda: not plant.world.faults.pending, "X is thinking")
    assert ended(worker) == 0
    job = plant.job(mention)
    assert (job.state, job.reason, job.lease_token) == ("waiting", "shutting-down", None)
    assert plant.world.replies_to(mention) == []

    plant.start_worker()
    plant.tick()  # no minute has to pass
    plant.wait(lambda: plant.done(mention), "the next worker has done it")
    assert len(plant.world.replies_to(mention)) == 1
    assert [attempt.outcome for attempt in plant.parts.store.jobs.attempts(job.id)] == [
        "waiting: shutting-down",
        "done",
    ]


def test_a_worker_that_speaks_is_let_finish(plant):
    worker = plant.start_worker()
    plant.world.faults.slow(REPLY, 3)
    mention = plant.mention()
    plant.tick()
    plant.wait(lambda: plant.world.replies_to(mention), "the reply is out, its answer is not")
    assert ended(worker) == 0
    assert plant.done(mention)


def test_a_worker_that_makes_a_file_puts_it_back_and_the_next_one_makes_it_at_once(plant):
    """Three thousand posts take Typst longer than anybody waits for the end of a worker."""
    exports, now = plant.parts.store.exports, plant.world.now()
    saved = plant.parts.store.threads.save(long_thread(3_000).thread, now=now)
    page = plant.parts.store.threads.stamp(saved.id).etag
    etag = edition.etag(page, plant.settings.public_url, plant.settings.links)
    exports.want(saved.id, "pdf", etag, now=now)
    worker = plant.start_worker()
    with celery_app(plant.settings.broker) as app:
        enqueue_exports(app)
    plant.wait(lambda: exports.find(saved.id, "pdf", etag).lease_token, "it is begun")
    assert ended(worker) == 0
    left = exports.find(saved.id, "pdf", etag)
    assert (left.state, left.attempts, left.lease_token) == ("wanted", 0, None)
    assert exports.wake_up(now=plant.world.now()), "the next tick wakes another worker"
    assert exports.claim(now=plant.world.now()) is not None, "no lease has to run out"


def test_a_poller_in_the_middle_of_a_call_ends_and_the_next_one_loses_nothing(plant):
    mention = plant.mention()
    plant.world.faults.slow(MENTIONS, 3)
    with command(plant, "poll") as poller:
        plant.wait(lambda: "poller.at_work" in plant.said(), "it polls")
        plant.wait(lambda: not plant.world.faults.pending, "X is thinking")
        assert ended(poller) == 0
    plant.tick()
    assert plant.job(mention).mention_id == mention.number


def test_the_second_poller_takes_over_when_the_first_is_killed(plant):
    quick = {"POLL_INTERVAL_SECONDS": "0.5"}
    with ExitStack() as stack:
        first = stack.enter_context(command(plant, "poll", **quick))
        plant.wait(lambda: "poller.at_work" in plant.said(), "the first works")
        second = stack.enter_context(command(plant, "poll", **quick))
        plant.wait(lambda: "poller.stands_by" in plant.said(), "the second stands by")
        assert plant.said().count("poller.at_work") == 1
        first.kill()
        first.wait()
        mention = plant.mention()
        plant.wait(lambda: plant.job(mention) is not None, "the other polls")
        assert ended(second) == 0


def test_the_site_ends_with_a_reader_still_connected(plant):
    port = free_port()
    with command(plant, "web", "--port", str(port)) as site:
        plant.wait(lambda: not connect(port), "it listens")
        with socket.create_connection(("127.0.0.1", port)) as reader:
            reader.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
            assert b"200" in reader.recv(4096)
            assert ended(site) == 0


def connect(port: int) -> int:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port))
