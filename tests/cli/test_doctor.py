"""What the doctor finds in a broken house, and what it says to do about it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bot.cli.filecheck import judge_strain
from bot.cli.outside import MIB, judge_circuits, judge_room, judge_skew
from bot.domain import Goal
from bot.rules.circuit import CLOSED, Circuit
from bot.store import open_store
from bot.store.database import Database
from bot.store.lock import held
from bot.store.strain import Strain


@pytest.fixture
def nowhere(nobody):
    """An address of a site where nobody listens."""
    return {"PUBLIC_URL": f"http://127.0.0.1:{nobody}"}


@pytest.fixture
def examine(shell, nowhere, store):
    """What the doctor says, by check, under these settings."""

    def run(**settings):
        said = shell.unroll("doctor", "--json", **{**nowhere, **settings})
        checks = {check["name"]: check for check in said.document["checks"]}
        assert said.document["ok"] == all(check["ok"] for check in checks.values())
        assert said.status == (0 if said.document["ok"] else 1)
        return checks

    return run


@pytest.fixture
def store(shell):
    store = open_store(f"sqlite:///{shell.folder}/var/unroll.db")
    yield store
    store.close()


@contextmanager
def answering(status=200, body=b"{}", kind="application/json", date=None):
    """A server that says the same to everybody: its address, and what was asked of it."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def date_time_string(self, timestamp=None):
            return date or super().date_time_string(timestamp)

        def log_message(self, *_): ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()


def test_each_thing_that_is_missing_is_named_with_what_to_do(examine):
    checks = examine(X_BEARER_TOKEN=None)

    assert checks["X keys"]["said"] == "X_BEARER_TOKEN not set"
    assert "REDIS_URL" in checks["broker"]["said"]
    assert "python -m sandbox.broker" in checks["broker"]["mend"]
    assert all(each["mend"] for each in checks.values() if not each["ok"])
    assert "unroll poll" in checks["poller"]["mend"]
    assert "PUBLIC_URL" in checks["site"]["said"]
    assert "unroll web" in checks["site"]["mend"]
    assert [name for name, each in checks.items() if not each["ok"]] == ["X keys", "poller", "broker", "site"]


def test_a_wrong_setting_is_the_only_thing_said(examine):
    assert examine(POLL_INTERVAL_SECONDS="0").keys() == {"settings"}


def test_in_an_empty_folder_nothing_is_made(shell, nowhere):
    said = shell.unroll("doctor", **nowhere)
    assert said.status == 1
    assert f"database: DATABASE_URL: there is no {shell.folder}/var/unroll.db yet\n" in said.out
    assert "ok       media folder: " in said.out
    assert list(shell.folder.iterdir()) == []


def test_people_read_a_line_for_each_check_and_what_to_do_below(shell, nowhere, store):
    said = shell.unroll("doctor", **nowhere)
    assert said.status == 1
    assert "ok       database: sqlite, schema" in said.out
    assert "problem  poller: none is at work, and has never looked\n         -> start it with" in said.out


def test_no_check_is_billed_by_x_or_changes_a_row(examine, world, store):
    before = world.ledger.total
    with store.database.read() as session:
        rows = session.connection().exec_driver_sql("SELECT count(*) FROM note").scalar()
    checks = examine()
    assert checks["X, app-only token"]["ok"]
    assert checks["X, bot account"]["ok"]
    assert world.ledger.total == before
    with store.database.read() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM note").scalar() == rows


def test_a_schema_that_is_old_says_how_to_bring_it_up(examine, store):
    with store.database.writing.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    assert "unroll db upgrade" in examine()["database"]["said"]


def test_a_poller_is_told_by_its_lock_and_its_last_look(examine, shell, store):
    now = datetime.now(UTC)
    store.notes.put("polled", {"at": now.isoformat(), "trouble": None}, now=now)
    assert examine()["poller"]["said"].startswith("none is at work, and last looked")
    with held(Database(f"sqlite:///{shell.folder}/var/unroll.db"), "poller") as mine:
        assert mine
        assert examine()["poller"]["level"] == "ok"
        store.notes.put("polled", {"at": now.isoformat(), "trouble": "x-down"}, now=now)
        assert (examine()["poller"]["level"], "x-down" in examine()["poller"]["said"]) == ("warning", True)
        long_ago = (now - timedelta(hours=1)).isoformat()
        store.notes.put("polled", {"at": long_ago, "trouble": None}, now=now)
        hanging = examine()["poller"]
    assert hanging["level"] == "problem"
    assert "holds the lock, but last looked 36" in hanging["said"]


def test_a_revoked_key_pauses_the_bot_and_both_are_told(examine, shell, nowhere):
    wrong = {"X_BEARER_TOKEN": "7-wrong", "X_ACCESS_TOKEN": "7-wrong-token"}
    assert shell.unroll("poll", "--once", **wrong).status == 1
    checks = examine(**wrong)
    assert "unauthorized" in checks["pause"]["said"]
    assert "console.x.com" in checks["X, app-only token"]["mend"]
    assert checks["X, bot account"]["level"] == "problem"


def test_a_window_that_is_used_up_is_no_problem(examine, world):
    world.faults.answer("GET /2/tweets", 429, times=9)
    assert examine()["X, app-only token"]["level"] == "warning"


def test_jobs_that_failed_are_counted_by_reason(examine, shell, world, thread):
    world.mention(world.author("asker"), under=thread[3])
    shell.unroll("poll", "--once")
    shell.unroll("jobs", "give-up", "1", "--reason", "spam")
    jobs = examine()["jobs"]
    assert (jobs["level"], jobs["said"]) == ("warning", "1 failed within a day: spam 1")
    assert "replay" in jobs["mend"]


def test_a_job_that_nobody_takes_is_told(examine, store):
    assert examine()["queue"]["said"] == "nothing is due"
    now = datetime.now(UTC)
    store.jobs.add(Goal(7), now=now)
    assert examine()["queue"]["level"] == "ok"
    store.jobs.add(Goal(8), now=now - timedelta(hours=1))
    queue = examine()["queue"]
    assert queue["level"] == "warning"
    assert queue["said"].startswith("2 due, the oldest for 36")


def test_the_budget_warns_before_it_is_gone(examine, shell, thread):
    assert shell.unroll("thread", thread[0].id).status == 0  # 4 posts and their author: 3 cents
    assert examine(DAILY_BUDGET_USD="1")["budget"]["level"] == "ok"
    assert examine(DAILY_BUDGET_USD="0.032")["budget"]["level"] == "warning"
    assert examine(DAILY_BUDGET_USD="0.03")["budget"]["level"] == "problem"


def test_a_clock_that_is_off_is_found_by_the_time_x_tells(examine, world):
    assert examine()["clock"]["level"] == "ok"
    world.advance(timedelta(hours=1))
    clock = examine()["clock"]
    assert (clock["level"], "behind X" in clock["said"]) == ("problem", True)


def test_an_x_that_tells_no_time_is_no_problem_of_the_clock(examine):
    with answering(body=b"[]", date="yesterday") as (x, _):
        assert examine(X_API_URL=x)["clock"]["level"] == "warning"


@pytest.mark.parametrize(
    ("answer", "level", "said"),
    [
        ({"status": 200}, "warning", "on this machine only"),
        ({"status": 503}, "problem", "has no database"),
        ({"status": 200, "kind": "text/html"}, "problem", "is not this site"),
        ({"status": 404}, "problem", "is not this site"),
    ],
)
def test_the_site_is_asked_by_the_address_that_replies_carry(examine, answer, level, said):
    with answering(**answer) as (address, asked):
        found = examine(PUBLIC_URL=f"{address}/reader")["site"]
    assert asked == ["/reader/readyz"]
    assert found["level"] == level
    assert said in found["said"]


@pytest.mark.parametrize(
    ("seconds", "level"),
    [(0, "ok"), (-5, "ok"), (6, "warning"), (-60, "warning"), (61, "problem"), (-3600, "problem")],
)
def test_how_far_a_clock_may_be_off(seconds, level):
    found = judge_skew(timedelta(seconds=seconds))
    assert (level == "ok") == isinstance(found, str)
    assert isinstance(found, str) or (found.level, "X" in found.said) == (level, True)


@pytest.mark.parametrize(("free", "level"), [(99, "problem"), (101, "warning"), (1025, "ok"), (90_000, "ok")])
def test_how_little_room_is_too_little(free, level):
    found = judge_room(free * MIB, Path("/var"))
    assert (level == "ok") == isinstance(found, str)
    assert isinstance(found, str) or found.level == level


def test_a_bucket_for_pictures_is_tried(examine, bucket):
    told = {"MEDIA_DIR": bucket.address, "MEDIA_ENDPOINT_URL": bucket.endpoint}
    found = examine(**told)["media folder"]
    assert (found["level"], found["said"]) == ("ok", f"{bucket.address} can be written to")
    found = examine(**told | {"MEDIA_DIR": "s3://not-a-bucket-of-ours/at-all"})["media folder"]
    assert found["level"] == "problem"
    assert "bucket does not exist" in found["said"]


def test_an_endpoint_of_x_that_rests_is_named_with_its_times():
    since = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    rests = Circuit(since=since, until=since + timedelta(minutes=2), rests=3, reason="x-down")
    told = judge_circuits({"GET /2/tweets": rests, "POST /2/tweets": CLOSED})
    assert told.level == "warning"
    assert told.said == "GET /2/tweets has failed since 2026-11-20 12:00 UTC (x-down), rests until 12:02:00"
    assert judge_circuits({"GET /2/tweets": CLOSED}) == "none rests"


@pytest.mark.parametrize(
    ("changed", "level", "said"),
    [
        ({}, "ok", "3 MiB, 40 jobs within a day, 0 long waits"),
        (
            {"waits": 101, "waited": timedelta(seconds=31)},
            "warning",
            "101 long waits for its lock today, 31.0 s",
        ),
        ({"size": 6 * 1024**3}, "warning", "6,144 MiB"),
        ({"jobs": 60_000}, "warning", "60,000 jobs within a day"),
        ({"hosts": frozenset({"b", "a"})}, "warning", "worked on from a, b"),
    ],
    ids=lambda value: next(iter(value), "at ease") if isinstance(value, dict) else "",
)
def test_when_one_file_is_not_enough_any_more(changed, level, said):
    at_ease = Strain(size=3 * MIB, jobs=40, hosts=frozenset({"a"}), waits=0, waited=timedelta(0))
    found = judge_strain(replace(at_ease, **changed))
    assert (level == "ok") == isinstance(found, str)
    assert said in (found if isinstance(found, str) else found.said)
    assert isinstance(found, str) or "unroll db move" in found.mend


def test_sqlite_tells_its_figures(examine, store, thread, shell):
    shell.unroll("thread", thread[0].id)
    found = examine()["file"]
    assert found["level"] == "ok"
    assert "1 jobs within a day" in found["said"]


def test_what_mentions_cost_is_told(examine, world, shell, thread):
    assert "nothing while there are none; 0 within seven days" in examine()["mentions"]["said"]
    for name in ("ask", "thank"):
        world.mention(name, thread[0], text="@unrollbot thank you")
    shell.unroll("poll", "--once")
    found = examine(MENTION_PRICE_USD="0.005")["mentions"]["said"]
    assert found.startswith("$0.005 for each that a look brings")
    assert found.endswith("2 within seven days, $0.002")


def test_an_access_token_that_names_nobody_is_a_problem(examine):
    found = examine(X_ACCESS_TOKEN="AAAAbearer")["X, bot account"]
    assert not found["ok"]
    assert "is it the bearer token?" in found["said"]
    assert "unroll setup" in found["mend"]


def test_another_broker_than_redis_is_asked_as_well(examine, nobody):
    checks = examine(BROKER_URL=f"amqp://me:hunter2@127.0.0.1:{nobody}//")
    assert checks["redis"]["said"].startswith("REDIS_URL: no answer")
    assert checks["broker"]["said"].startswith("BROKER_URL: no answer")
    assert "hunter2" not in checks["broker"]["said"]
