"""The commands that go on: they do their work, say where they are, and end when told."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from sandbox.broker import free_port, serve

SHORT = {"POLL_INTERVAL_SECONDS": "0.2"}


def get(url: str, **more) -> httpx.Response | None:
    try:
        return httpx.get(url, timeout=5, **more)
    except httpx.TransportError:
        return None


def shown(shell) -> dict:
    return shell.unroll("jobs", "show", "1", "--json").document


@pytest.fixture
def broker(tmp_path):
    with serve(tmp_path / "broker") as address:
        yield address


def test_the_site_serves_and_ends_when_told(shell, thread):
    shell.unroll("thread", thread[0].id)
    port = free_port()
    with shell.running("unroll", "web", "--port", str(port)) as site:
        site.until(lambda: get(f"http://127.0.0.1:{port}/healthz"))
        assert get(f"http://127.0.0.1:{port}/healthz").json()["status"] == "ok"
        assert "lighthouses" in get(f"http://127.0.0.1:{port}/thread/{thread[0].id}").text
        second = shell.unroll("web", "--port", str(port))
        by_honcho = shell.unroll("web", "--port", str(port), HONCHO_PROCESS_NAME="web.1")
        status, out = site.end()

    assert (status, out) == (0, "")
    assert second.status == 1
    taken = f"unroll: --host 127.0.0.1 --port {port}: Address already in use"
    assert second.line == f"{taken}; try another, such as --port {port + 1}"
    assert by_honcho.line == f"{taken}; set WEB_PORT, such as WEB_PORT={port + 1} in .env"


def test_the_sandbox_prints_the_settings_that_lead_to_it(shell):
    port = free_port()
    with shell.running("unroll", "sandbox", "--port", str(port)) as sandbox:
        sandbox.until(lambda: get(f"http://127.0.0.1:{port}/"))
        assert "unrollbot" in get(f"http://127.0.0.1:{port}/").text
        second = shell.unroll("sandbox", "--port", str(port))
        _, out = sandbox.end()

    settings = dict(line.split("=", 1) for line in out.splitlines())
    assert settings["X_API_URL"] == f"http://127.0.0.1:{port}"
    assert {"X_BEARER_TOKEN", "X_ACCESS_TOKEN", "MEDIA_HOSTS"} <= settings.keys()
    assert second.status == 1
    assert second.line == (
        f"unroll: --port {port}: Address already in use; try another, such as --port {port + 1}"
    )
    assert sandbox.log.read_text().count("Ctrl-C ends it") == 1


def test_looking_twice_changes_nothing(shell, world, thread):
    world.mention(world.author("asker"), under=thread[1])
    first = shell.unroll("poll", "--once")
    jobs = shell.unroll("jobs", "list", "--json").document
    second = shell.unroll("poll", "--once")

    assert (first.status, second.status) == (0, 0)
    assert first.out == second.out == ""
    assert "1 new mentions, 1 new jobs" in first.err
    assert "0 new mentions, 0 new jobs" in second.err
    assert [(job["id"], job["state"]) for job in jobs] == [(1, "queued")]
    assert [job["id"] for job in shell.unroll("jobs", "list", "--json").document] == [1]


def test_a_second_poller_stands_by_and_takes_over(shell):
    with shell.running("unroll", "poll", **SHORT) as first:
        first.until_said("poller.at_work")
        with shell.running("unroll", "poll", **SHORT) as second:
            second.until_said("poller.stands_by")
            once = shell.unroll("poll", "--once")
            first.process.kill()
            first.process.wait()
            second.until_said("poller.at_work")
            status, out = second.end()

    assert (status, out) == (0, "")
    assert once.status == 1
    assert "another poller is at work" in once.err


def test_a_mention_is_answered_by_the_commands_together_and_never_twice(shell, world, thread, broker):
    """Poller and worker by hand, Flower beside them; then the job is replayed."""
    port, reader = free_port(), free_port()
    settings = {"REDIS_URL": broker, "PUBLIC_URL": f"http://127.0.0.1:{reader}", **SHORT}
    mention = world.mention(world.author("asker"), under=thread[1])
    with (
        shell.running("celery", "-A", "workers.app", "worker", **settings) as worker,
        shell.running("celery", "-A", "workers.app", "flower", f"--port={port}", **settings) as flower,
        shell.running("unroll", "poll", **settings) as poller,
        shell.running("unroll", "web", "--port", str(reader)) as site,
    ):
        site.until(lambda: get(f"{settings['PUBLIC_URL']}/healthz"))
        flower.until(lambda: get(f"http://127.0.0.1:{port}/"))
        worker.until(lambda: world.replies_to(mention))
        worker.until_said("job.done")
        healthy = shell.unroll("doctor", "--json", LOG_LEVEL="DEBUG", **settings)
        replayed = shell.unroll("jobs", "replay", "1", **settings)
        worker.until(lambda: shown(shell)["attempts"] == 2 and shown(shell)["state"] == "done")
        tasks = f"http://127.0.0.1:{port}/tasks/datatable?draw=1&start=0&length=10&search[value]="
        columns = "&order[0][column]=0&order[0][dir]=asc&columns[0][data]=name"
        flower.until(lambda: "unroll.thread" in getattr(get(tasks + columns), "text", ""))
        ended = [each.end() for each in (poller, site, worker, flower)]

    [reply] = world.replies_to(mention)
    assert thread[0].id in reply.raw
    assert healthy.status == 0, healthy.out
    assert {check["name"]: check["level"] for check in healthy.document["checks"]} == {
        **dict.fromkeys(
            (
                "settings",
                "database",
                "file",
                "mentions",
                "poller",
                "pause",
                "replies",
                "queue",
                "jobs",
                "budget",
                "push",
                "broker",
                "workers",
            ),
            "ok",
        ),
        **dict.fromkeys(
            (
                "libraries",
                "media folder",
                "disk",
                "X, endpoints",
                "X, app-only token",
                "X, bot account",
                "clock",
            ),
            "ok",
        ),
        "site": "warning",  # by an address that only this machine can open
    }
    assert (replayed.status, replayed.err, replayed.out) == (0, "", "replayed 1 of 1\n")
    assert [status for status, _ in ended] == [0, 0, 0, 0]
    assert (shown(shell)["reply_id"], len(shown(shell)["history"])) == (reply.id, 2)


def test_once_x_has_answered_the_poller_says_in_one_line_who_it_is_and_how_it_looks(shell, world):
    world.faults.cut_before("GET /2/users/me")
    with shell.running("unroll", "poll", **SHORT) as poller:
        poller.until_said('"bot.ready"')
        poller.until(lambda: len(world.ledger.calls) > 4)
        poller.end()
    lines = [json.loads(line) for line in poller.log.read_text().splitlines()]
    [ready] = [line for line in lines if line["event"] == "bot.ready"]
    assert (ready["username"], ready["mentions"]) == ("@unrollbot", "looked for every 0.2 s")
    assert ready["pages"] == "https://reader.example"
    assert [line["event"] for line in lines].count("limits.redis_away") <= 2, "for each of the two keys once"


def test_at_their_start_worker_and_dashboard_tell_no_more_than_that_they_are_there(shell, broker):
    port = free_port()
    flower = ("celery", "-A", "workers.app", "flower", "--address=127.0.0.1", f"--port={port}")
    with (
        shell.running("celery", "-A", "workers.app", "worker", REDIS_URL=broker) as worker,
        shell.running(*flower, REDIS_URL=broker) as dashboard,
    ):
        worker.until_said(" ready.")
        dashboard.until(lambda: get(f"http://127.0.0.1:{port}/healthcheck"))
        _, out = worker.end()
        dashboard.end()
    assert "[queues]" not in out
    assert f"Visit me at http://127.0.0.1:{port}" in dashboard.log.read_text()
    assert "unroll.thread" not in dashboard.log.read_text()


def test_a_worker_without_keys_ends_at_once(shell, broker):
    said = shell.run("celery", "-A", "workers.app", "worker", REDIS_URL=broker, X_BEARER_TOKEN=None)

    assert said.status == 1
    assert said.err.splitlines()[-1].startswith("unroll: X_BEARER_TOKEN not set")


def test_the_dashboard_keeps_its_password_off_the_command_line_and_its_place_behind_a_proxy(shell, broker):
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    command = ("celery", "-A", "workers.app", "flower", "--address=127.0.0.1", f"--port={port}")
    settings = {"REDIS_URL": broker, "FLOWER_BASIC_AUTH": "night:watch-1", "FLOWER_URL_PREFIX": "flower"}
    with shell.running(*command, **settings) as flower:
        flower.until(lambda: get(f"{site}/flower/healthcheck"))
        said = Path(f"/proc/{flower.process.pid}/cmdline").read_bytes()
        strangers = [get(f"{site}/flower/{page}").status_code for page in ("", "tasks", "api/workers")]
        wrong = get(f"{site}/flower/tasks", auth=("night", "watch-2")).status_code
        let_in = get(f"{site}/flower/tasks", auth=("night", "watch-1"))
        elsewhere = get(f"{site}/tasks", auth=("night", "watch-1")).status_code
        flower.end()

    assert b"watch-1" not in said
    assert "watch-1" not in flower.log.read_text()
    assert strangers == [401, 401, 401]
    assert wrong == 401
    assert (let_in.status_code, "/flower/static/" in let_in.text) == (200, True)
    assert elsewhere == 404


def test_a_poller_that_reads_the_stream_is_killed_and_the_one_that_stands_by_takes_over(
    shell, broker, world, thread
):
    """Whatever X told to nobody in between is found by the look after the new one's opening."""
    streaming = {"MENTIONS": "stream", "REDIS_URL": broker, "POLL_INTERVAL_SECONDS": "0.5"}
    world.push.streams.keep_alive = 0.1
    shell.unroll("poll", "--once", **streaming)
    assert shell.unroll("push", "on", **streaming).status == 0

    def is_recorded(mention):
        return any(job["mention_id"] == mention.id for job in shell.unroll("jobs", "list", "--json").document)

    with shell.running("unroll", "poll", **streaming) as first:
        first.until_said("stream.opened")
        told = world.mention("asker", thread[-1])
        first.until(lambda: is_recorded(told))
        with shell.running("unroll", "poll", **streaming) as second:
            second.until_said("poller.stands_by")
            first.process.kill()
            first.process.wait()
            untold = world.mention("other", thread[-1])
            second.until(lambda: is_recorded(untold))
            second.until_said("stream.opened", seconds=60)
            status, _ = second.end()
    assert status == 0
    jobs = [job["mention_id"] for job in shell.unroll("jobs", "list", "--json").document]
    assert sorted(jobs) == sorted([told.id, untold.id])


def test_what_was_imported_is_kept_out_of_the_garbage_that_is_collected(shell):
    program = "import gc, bot.cli; print(gc.isenabled(), gc.get_freeze_count() > 0)"

    assert shell.run("python", "-c", program).out == "True True\n"
