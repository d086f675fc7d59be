"""The whole bot, every part in its own process: what ends well, what ends at once, what is left behind."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
from urllib.parse import urlsplit

import pytest

from tests.metrics.named import metrics

MENTIONS = 7
USUAL_PORTS = (8000, 8001, 5555)


@contextlib.contextmanager
def occupied(*ports):
    with contextlib.ExitStack() as stack:
        for port in ports:
            with contextlib.suppress(OSError):  # somebody else has it: just as well
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
        yield


def test_once_answers_every_mention_and_prints_one_document_whatever_ports_are_taken(demo):
    with occupied(*USUAL_PORTS):
        running = demo("--once", "--json")
        status, out = running.end(90)

    assert status == 0, running.said.read_text()
    told = json.loads(out)
    assert len(told["jobs"]) == MENTIONS
    assert {job["state"] for job in told["jobs"]} == {"done"}
    assert len({job["reply_id"] for job in told["jobs"]}) == MENTIONS
    for job in told["jobs"]:
        assert job["url"].endswith(f"/thread/{job['thread_id']}")
        assert job["url"] in job["reply_text"]
        assert urlsplit(job["url"]).port not in USUAL_PORTS
    assert 0 < told["mention_to_reply_seconds"]["median"] <= told["mention_to_reply_seconds"]["slowest"]
    assert told["seconds"] > 0
    assert {path.name for path in running.folder.iterdir()} == {"said", "var"}


def test_an_operators_env_file_and_settings_do_not_reach_the_demo(demo, tmp_path):
    (tmp_path / ".env").write_text("KEYWORDS=nothing\nX_API_URL=https://x.invalid\n")
    running = demo(KEYWORDS="nothing", POLL_INTERVAL_SECONDS="3600", MAX_POSTS_PER_THREAD="1")
    running.until_told("All dealt with", 60)
    # What alerts and dashboard ask for; the first card is drawn when everybody is answered.
    running.until(lambda: metrics() <= frozenset().union(*(each.names for each in running.scraped())), 30)
    site, poller, worker = running.scraped()

    running.signal(signal.SIGINT)
    status, out = running.end()

    assert status == 0
    assert out.count("done") == MENTIONS
    for each in (site, poller):
        assert each.value("unroll_jobs", state="done", reason="") >= MENTIONS
        assert each.value("unroll_oldest_unanswered_request_age_seconds") == 0
    assert poller.value("unroll_mentions_total", decision="request", reason="") == MENTIONS
    assert worker.value("unroll_replies_total", outcome="posted") == MENTIONS
    assert worker.value("unroll_mention_to_reply_seconds_count") == MENTIONS
    assert running.left_behind() == []


@pytest.mark.timeout(240)
def test_a_killed_worker_is_started_again_and_every_mention_gets_one_reply(demo):
    running = demo()
    running.until_told("writes:")
    running.until(lambda: any("search" in call["path"] for call in running.on_x()["calls"]), 30)
    killed = running.child("workers.app", "worker")
    killed.kill()

    running.until_told("All dealt with", 150)

    assert running.child("workers.app", "worker").pid != killed.pid
    mentions = running.on_x()["mentions"]
    assert [len(mention["replies"]) for mention in mentions] == [1] * MENTIONS
    running.signal(signal.SIGINT)
    assert running.end()[0] == 0
    assert running.left_behind() == []


def test_ctrl_c_before_the_end_says_so_and_leaves_nothing_behind(demo):
    running = demo("--once")
    running.until_told("writes:")
    running.signal(signal.SIGINT)

    status, out = running.end()

    assert status == 1
    assert running.said.read_text().splitlines()[-1].startswith("unroll: stopped before")
    assert out == ""
    assert running.left_behind() == []


def test_a_killed_demo_takes_every_process_along(demo):
    running = demo()
    running.until_told("writes:")
    running.children()
    running.process.kill()
    running.end()

    assert len(running.seen) >= 6
    assert running.left_behind() == []


def test_two_demos_do_not_share_a_folder(demo):
    first = demo()
    first.until_told("Starting")
    second = demo("--once")

    assert second.end(20) == (1, "")
    assert "another demo is running" in second.said.read_text()


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("DATABASE_URL", "mysql://localhost/unroll", "must begin with sqlite:/// or postgresql+psycopg://"),
        ("DATABASE_URL", "postgresql+psycopg://nobody:hunter2@127.0.0.1:1/unroll", "refused"),
        ("REDIS_URL", "redis://:hunter2@127.0.0.1:1/0", "no answer"),
    ],
)
def test_a_database_or_broker_that_is_not_there_ends_it_at_once(demo, name, value, why):
    running = demo("--once", "--json", **{name: value})

    assert running.end(20) == (1, "")
    [line] = running.said.read_text().splitlines()
    assert line.startswith(f"unroll: {name}: ")
    assert why in line
    assert "hunter2" not in line
