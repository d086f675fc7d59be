"""The worker lives and dies: each mention gets one reply all the same."""

import re
import signal
import subprocess
import time

import pytest

from bot.queue import celery_app, enqueue
from sandbox.broker import free_port
from tests.metrics.conftest import read
from tests.workers.conftest import ROOT, WORKER, command

pytestmark = pytest.mark.broker
POST = "POST /2/tweets"


def replies(plant, mention):
    return len(plant.world.replies_to(mention.id))


def outcomes(plant, mention):
    return [attempt.outcome for attempt in plant.parts.store.jobs.attempts(plant.job(mention).id)]


def test_mentions_are_answered_and_doubled_messages_change_nothing(plant):
    plant.start_worker()
    mentions = [plant.mention(number) for number in range(3)]
    plant.tick()
    # One asks X what is left of its window; the others come back for their turn with a later tick.
    plant.wait(lambda: plant.tick() or plant.done(*mentions), "all are answered")
    attempts = [outcomes(plant, mention) for mention in mentions]
    for each in attempts:
        assert [outcome for outcome in each if not outcome.endswith("rate-limited")] == ["done"]

    app = celery_app(plant.settings.redis_url)
    with app:
        for mention in mentions * 2:
            enqueue(app, plant.job(mention).id, mention.number)
    plant.wait(lambda: plant.redis.llen("unroll") == 0, "all are taken")
    time.sleep(0.2)
    assert [replies(plant, mention) for mention in mentions] == [1, 1, 1]
    assert [outcomes(plant, mention) for mention in mentions] == attempts
    plant.wait(
        lambda: plant.parts.store.media.waiting(plant.job(mentions[0]).thread_id) == 0,
        "pictures come",
        seconds=40,
    )


@pytest.mark.parametrize("fault", ["slow", "lost before it was done"])
def test_a_worker_killed_while_it_speaks_has_spoken_once(plant, fault):
    worker = plant.start_worker()
    if fault == "slow":
        plant.world.faults.slow(POST, 5)
    mention = plant.mention()
    plant.tick()
    if fault == "slow":
        plant.wait(lambda: replies(plant, mention) == 1, "the reply is out, its answer is not")
    else:
        plant.wait(lambda: plant.job(mention).attempts, "the job is claimed")  # and done, if it was quick
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    time.sleep(plant.settings.reply_visible_after_seconds)

    plant.end_lease(mention)
    plant.start_worker()
    plant.until_done(mention)
    assert replies(plant, mention) == 1
    job = plant.job(mention)
    assert str(job.reply_id) == plant.world.replies_to(mention.id)[0].id


def test_an_answer_that_never_came_is_looked_for(plant):
    plant.start_worker()
    plant.world.faults.drop_answer_of(POST)
    mention = plant.mention()
    plant.tick()
    plant.wait(lambda: plant.job(mention).reason == "reply-unsure", "the job is unsure")
    time.sleep(plant.settings.reply_visible_after_seconds)
    plant.until_done(mention)
    assert replies(plant, mention) == 1


def test_lost_messages_are_sent_again(plant):
    mentions = [plant.mention(number) for number in range(2)]
    plant.tick()
    assert plant.redis.llen("unroll") == 2
    plant.redis.flushall()
    plant.start_worker()
    plant.tick()
    assert plant.redis.llen("unroll") == 0, "they may still be on their way"
    plant.until_done(*mentions)
    assert [replies(plant, mention) for mention in mentions] == [1, 1]


def test_sigterm_lets_a_worker_finish(plant):
    worker = plant.start_worker()
    plant.world.faults.slow(POST, 1)
    mention = plant.mention()
    plant.tick()
    plant.wait(lambda: replies(plant, mention) == 1, "the reply is out, its answer is not")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=8) == 0
    assert plant.done(mention)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"X_BEARER_TOKEN": ""}, "X_BEARER_TOKEN"),
        ({"POLL_INTERVAL_SECONDS": "often"}, "POLL_INTERVAL_SECONDS"),
        ({"DATABASE_URL": "sqlite:////dev/null/unroll.db"}, "DATABASE_URL"),
        ({"WORKER_CORE": "9999"}, "WORKER_CORE"),
    ],
)
def test_a_wrong_setting_ends_the_worker_at_its_start(plant, wrong, named):
    done = subprocess.run(
        WORKER,
        env=plant.environment(**wrong),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode != 0
    [line] = done.stderr.splitlines()
    assert line.startswith("unroll: ")
    assert named in line


def test_a_worker_tells_prometheus_what_it_did_and_a_second_one_on_the_next_port(plant):
    port = free_port()
    for _ in range(2):
        plant.start_worker(WORKER_METRICS_PORT=str(port))
    mention = plant.mention()
    plant.tick()
    plant.wait(lambda: plant.done(mention), "it is answered")

    ports = [int(found) for found in re.findall(r"127\.0\.0\.1:(\d+)/metrics", plant.said())]
    assert len(set(ports)) == 2
    assert port in ports
    seen = [read(each) for each in ports]
    assert sum(each.value("unroll_replies_total", outcome="posted") for each in seen) == 1
    assert sum(each.value("unroll_mention_to_reply_seconds_count") for each in seen) == 1


def test_nothing_moves_out_of_a_database_while_a_worker_is_alive(plant, tmp_path):
    plant.start_worker()
    with command(plant, "db", "move", "--to", f"sqlite:///{tmp_path}/other.db") as moving:
        assert moving.wait(60) == 1
    assert "workers are alive: stop poller, workers and site first" in plant.said()
