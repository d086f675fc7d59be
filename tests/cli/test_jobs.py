"""What an operator does with jobs, through the real commands against the sandbox."""

from __future__ import annotations

import os
import pty
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cli.jobs import BATCH
from bot.store import open_store
from bot.store.models import JobRow
from tests.cli.conftest import BIN

JOB_KEYS = [
    *("id", "kind", "state", "reason", "mention_id", "post_id", "thread_id", "reply_id"),
    *("attempts", "not_before", "created_at", "updated_at"),
]


@pytest.fixture
def done(shell, thread):
    """A job that is done."""
    said = shell.unroll("thread", thread[1].id, "--json")
    assert said.status == 0, said.err
    return said.document


def test_a_thread_is_unrolled_without_a_mention_or_a_reply(shell, world, thread):
    said = shell.unroll("thread", f"https://x.com/ada/status/{thread[2].id}")

    assert (said.status, said.out) == (0, f"https://reader.example/thread/{thread[0].id}\n")
    assert not any(call.endpoint == "POST /2/tweets" for call in world.ledger.calls)


def test_a_job_is_printed_with_these_keys_and_ids_as_strings(shell, thread, done):
    assert list(done) == [*JOB_KEYS, "url"]
    assert (done["kind"], done["state"], done["attempts"]) == ("unroll", "done", 1)
    assert (done["post_id"], done["thread_id"]) == (thread[1].id, thread[0].id)
    assert (done["mention_id"], done["reply_id"], done["reason"], done["not_before"]) == (None,) * 4
    assert datetime.fromisoformat(done["created_at"]).tzinfo == UTC
    assert done["created_at"].endswith("Z")

    listed = shell.unroll("jobs", "list", "--json")
    assert (listed.status, listed.err) == (0, "")
    assert listed.document == [{key: done[key] for key in JOB_KEYS}]


def test_a_job_is_shown_with_its_mention_and_every_attempt(shell, world, thread):
    mention = world.mention(world.author("asker"), under=thread[3])
    assert shell.unroll("poll", "--once").status == 0

    shown = shell.unroll("jobs", "show", "1", "--json").document
    assert list(shown)[: len(JOB_KEYS)] == JOB_KEYS
    assert shown["mention"]["id"] == mention.id
    assert shown["history"] == []
    text = shell.unroll("jobs", "show", "1")
    assert (text.status, text.err) == (0, "")
    assert "[bold]" not in text.out
    assert "unroll" in text.out


def test_lists_are_filtered_and_limited(shell, thread, done):
    assert shell.unroll("jobs", "list", "--state", "failed", "--json").document == []
    shell.unroll("thread", thread[0].id)
    [newest] = shell.unroll("jobs", "list", "--limit", "1", "--json").document
    assert newest["id"] == 2
    assert "done" in shell.unroll("jobs", "list").out


def test_a_dry_replay_changes_nothing_and_a_real_one_queues(shell, done):
    before = shell.unroll("jobs", "list", "--json").document

    dry = shell.unroll("jobs", "replay", "1", "--dry-run", "--json")
    assert dry.document == {"dry_run": True, "jobs": [1]}
    assert shell.unroll("jobs", "list", "--json").document == before

    real = shell.unroll("jobs", "replay", "--state", "done", "--since", "1h")
    assert (real.status, real.out) == (0, "replayed 1 of 1\n")
    assert "the poller's next tick" in " ".join(real.err.split())
    assert shell.unroll("jobs", "list", "--json").document[0]["state"] == "queued"


def test_a_long_replay_shows_on_a_terminal_how_far_it_is(shell, done):
    with (
        closing(open_store(f"sqlite:///{shell.folder}/var/unroll.db")) as store,
        store.database.write() as rows,
    ):
        one = rows.get_one(JobRow, 1).model_dump(exclude={"id"})
        rows.add_all(JobRow(**one) for _ in range(BATCH))
    ours, terminal = pty.openpty()
    replay = [BIN / "unroll", "jobs", "replay", "--state", "done"]
    said = subprocess.run(
        replay,
        cwd=shell.folder,
        env=shell._env({}),
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
        check=True,
    )
    os.close(terminal)
    told = os.read(ours, 65_536).decode()
    os.close(ours)
    assert said.stdout == f"replayed {BATCH + 1} of {BATCH + 1}\n"
    assert "replaying" in told
    assert "%" in told


def test_jobs_are_chosen_by_reason_user_kind_and_age(shell, world, thread, done):
    """Among a job that is done and one that X's no has refused."""
    gone = world.post(world.author("cleo"), "Nobody will read this again.")
    world.delete(gone)
    assert shell.unroll("thread", gone.id).status == 1

    def listed(*options):
        return [job["id"] for job in shell.unroll("jobs", "list", *options, "--json").document]

    assert listed() == [2, 1]
    assert listed("--reason", "post-gone") == [2]
    assert listed("--state", "done", "--reason", "post-gone") == []
    assert listed("--kind", "unroll", "--since", "1h") == [2, 1]
    assert listed("--until", "1h") == listed("--kind", "refresh") == []
    assert listed("--limit", "1") == [2]
    assert listed("--before", "2") == [1]
    dry = shell.unroll("jobs", "replay", "--reason", "post-gone", "--dry-run")
    assert (dry.status, dry.out) == (0, "would replay job 2 (refused, post-gone)\n")
    assert shell.unroll("jobs", "replay", "--since", "1h", "--dry-run", "--json").document["jobs"] == [1, 2]


def test_jobs_are_found_by_who_asked(shell, world, thread):
    asker = world.author("asker")
    world.mention(asker, under=thread[3])
    assert shell.unroll("poll", "--once").status == 0

    by_number = shell.unroll("jobs", "list", "--user", str(asker.id), "--json").document
    by_author = shell.unroll("jobs", "list", "--user", "@Ada", "--json").document
    assert [job["id"] for job in by_number] == [job["id"] for job in by_author] == [1]
    assert shell.unroll("jobs", "list", "--user", "1", "--json").document == []
    said = shell.unroll("jobs", "list", "--user", "nobody_we_met")
    assert (said.status, said.line) == (
        1,
        "unroll: nobody named nobody_we_met was met here so far: give X's number of the account instead",
    )


def test_every_attempt_tells_when_who_what_and_for_how_much(shell, world, thread):
    world.faults.answer("GET /2/tweets", 503, times=50)
    assert shell.unroll("thread", thread[0].id).status == 1
    world.faults.clear()
    shell.unroll("jobs", "replay", "1")
    shown = shell.unroll("jobs", "show", "1", "--json").document

    [first] = shown["history"]
    assert first["outcome"] == "waiting: x-down"
    assert "503" in first["detail"]
    assert first["worker"] == "cli"
    assert first["seconds"] >= 0
    assert first["cost_usd"] == 0
    told = shell.unroll("jobs", "show", "1").out
    assert "waiting: x-down" in told
    assert "503" in told


def test_a_job_is_given_up_replayed_and_released(shell, world, thread):
    world.mention(world.author("asker"), under=thread[3])
    assert shell.unroll("poll", "--once").status == 0

    ended = shell.unroll("jobs", "give-up", "1", "--reason", "spam", "--json")
    assert ended.document == {"jobs": [1], "left_alone": []}
    again = shell.unroll("jobs", "give-up", "1")
    assert (again.status, again.out) == (0, "given up 0 of 1; left alone, ended before: 1 (failed)\n")
    shown = shell.unroll("jobs", "show", "1", "--json").document
    assert (shown["state"], shown["reason"]) == ("failed", "spam")

    left = shell.unroll("jobs", "release", "1", "--json")
    assert left.document == {"jobs": [], "left_alone": [{"id": 1, "state": "failed"}]}
    assert shell.unroll("jobs", "replay", "--reason", "spam").out == "replayed 1 of 1\n"
    assert shell.unroll("jobs", "show", "1", "--json").document["state"] == "queued"


def test_words_in_brackets_are_shown_as_they_are(shell, world, thread):
    """What X said, and what people wrote, is never read as the terminal's markup."""
    world.mention(world.author("asker"), under=thread[3], text="@unrollbot unroll [/bold] [red]now[/red]")
    shell.unroll("poll", "--once")
    assert "[/bold] [red]now[/red]" in shell.unroll("jobs", "show", "1").out


def test_spend_tells_each_dollar_by_day_resource_and_job(shell, world, done):
    told = shell.unroll("spend", "--json").document

    assert told["total_usd"] == pytest.approx(float(world.ledger.total))
    [day] = told["days"]
    assert {entry["job"] for entry in day["entries"]} == {done["id"]}
    assert "post" in shell.unroll("spend", "--days", "1").out


def test_spend_lists_what_rechecks_cost_apart(shell, done):
    store = open_store(f"sqlite:///{shell.folder}/var/unroll.db")
    paid = {"prices": {"post": 5_000, "mention": 1_000}, "job_id": None, "now": datetime.now(UTC)}
    store.spend.book([("post", 1), ("post", 2)], recheck=True, **paid)
    store.spend.book([("mention", 3)], **paid)
    store.close()

    [day] = shell.unroll("spend", "--json").document["days"]

    assert day["recheck_usd"] == pytest.approx(0.01)
    told = {(entry["for"], entry["resource"], entry["count"]) for entry in day["entries"]}
    assert {("recheck", "post", 2), ("poller", "mention", 1)} <= told
    assert {entry["for"] for entry in day["entries"]} == {"recheck", "poller", str(done["id"])}
    assert "recheck" in shell.unroll("spend").out


def test_a_closed_pipe_is_no_traceback(shell, done):
    unroll = BIN / "unroll"
    piped = subprocess.run(
        ["bash", "-c", f"{unroll} jobs list --json | head -1"],
        cwd=shell.folder,
        env=shell._env({}),
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert (piped.stdout, piped.stderr) == ("[\n", "")


@pytest.mark.parametrize(
    ("args", "status", "why"),
    [
        (["jobs", "show", "99"], 1, "there is no job 99"),
        (["jobs", "replay", "99"], 1, "there is no job 99; nothing was done"),
        (["jobs", "release", "99", "98"], 1, "there is no job 98, 99; nothing was done"),
        (["jobs", "give-up", "99"], 1, "there is no job 99; nothing was done"),
        (["jobs", "give-up", "1", "--reason", "Too Bad"], 2, "a word such as rate-limited"),
        (["jobs", "release"], 2, "JOB"),
        (["jobs", "list", "--reason", "a b"], 2, "a word such as rate-limited"),
        (["jobs", "list", "--since", "1h", "--until", "2h"], 2, "--since must be earlier than --until"),
        (["jobs", "list", "--since", "99999999999d"], 2, "an ISO 8601 time"),
        (["jobs", "list", "--before", "0"], 2, "--before"),
        (["jobs", "show", "seven"], 2, "'JOB'"),
        (["jobs", "list", "--state", "lost"], 2, "one of queued, running, waiting, done, refused, failed"),
        (["jobs", "replay"], 2, "name jobs, or --state"),
        (["jobs", "replay", "1", "--state", "done"], 2, "not both"),
        (["jobs", "replay", "--state", "done", "--since", "yesterday"], 2, "an ISO 8601 time"),
        (["thread", "not-a-url"], 2, "neither a link to a post on X nor its id"),
        (["thread"], 2, "URL-OR-ID"),
        (["spend", "--days", "0"], 2, "--days"),
        (["frobnicate"], 2, "No such command 'frobnicate'"),
    ],
)
def test_a_wrong_argument_is_told_in_one_line(shell, args, status, why):
    said = shell.unroll(*args)

    assert (said.status, said.out) == (status, "")
    assert said.line.startswith("unroll: ")
    assert why in said.line


def test_a_post_that_is_gone_is_told_with_its_reason(shell, world, thread):
    for post in thread:
        world.delete(post)
    said = shell.unroll("thread", thread[0].id, "--json")

    assert said.status == 1
    assert (said.document["state"], said.document["reason"]) == ("refused", "post-gone")
    assert said.err.splitlines()[-1] == "unroll: post-gone: see `unroll jobs show 1`"


def test_while_another_process_is_writing_one_line_says_so_in_our_words(shell, done, monkeypatch):
    monkeypatch.setattr("bot.store.engines.BUSY_TIMEOUT_MS", 100)
    with closing(sqlite3.connect(shell.folder / "var/unroll.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        listed = shell.unroll("jobs", "list", "--json")
        refused = shell.unroll("jobs", "replay", "1")
    assert (listed.status, len(listed.document)) == (0, 1)
    assert (refused.status, refused.out) == (1, "")
    assert refused.line.startswith("unroll: the database does not answer: another process has been writing")
    assert shell.unroll("jobs", "replay", "1").status == 0


TOO_LARGE = "99999999999999999999"


@pytest.mark.parametrize(
    "command",
    [
        ("jobs", "show", TOO_LARGE),
        ("jobs", "show", "--", f"-{TOO_LARGE}"),
        ("jobs", "replay", TOO_LARGE),
        ("jobs", "release", TOO_LARGE),
        ("jobs", "give-up", TOO_LARGE),
        ("jobs", "list", "--before", TOO_LARGE),
        ("spend", "--days", "800000"),
        ("spend", "--days", TOO_LARGE),
        ("removals", "--days", TOO_LARGE),
    ],
    ids=" ".join,
)
def test_a_number_that_no_database_holds_is_wrong_usage(shell, command):
    said = shell.unroll(*command)

    assert (said.status, said.out) == (2, "")
    assert said.line.startswith("unroll: ")


def test_there_is_no_end_to_how_many_jobs_may_be_listed(shell, done):
    assert len(shell.unroll("jobs", "list", "--limit", TOO_LARGE, "--json").document) == 1


@pytest.mark.parametrize(
    "command", [("jobs", "list", "--user"), ("users", "block"), ("authors", "show")], ids=" ".join
)
def test_a_number_that_is_no_account_of_x_names_nobody(shell, command):
    said = shell.unroll(*command, "9999999999999999999")  # fits in 19 digits, and in no id

    assert (said.status, said.out) == (1, "")
    assert said.line.startswith("unroll: nobody named 9999999999999999999 ")


@pytest.mark.parametrize("command", ["jobs list", "jobs list --json", "spend", "doctor --json"])
def test_a_full_disk_behind_standard_output_is_said_in_one_line(shell, done, command):
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [BIN / "unroll", *command.split()],
            cwd=shell.folder,
            env=shell._env({}),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
        )

    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "unroll: [Errno 28] No space left on device"
    assert "Traceback" not in ended.stderr


def test_a_closed_standard_output_stops_nothing(shell, done):
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{BIN}/unroll jobs list --json >&-"],
        cwd=shell.folder,
        env=shell._env({}),
        stderr=subprocess.PIPE,
        text=True,
        timeout=30,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("time", ["0001-01-01", "0001-01-01T00:00:00+00:00", "739000d"])
def test_since_the_beginning_of_time_is_everything(shell, done, time):
    assert len(shell.unroll("jobs", "list", "--since", time, "--json").document) == 1
    assert shell.unroll("jobs", "list", "--until", time, "--json").document == []


def test_until_the_end_of_time_is_everything(shell, done):
    assert len(shell.unroll("jobs", "list", "--until", "9999-12-31T23:59:59", "--json").document) == 1
    assert shell.unroll("jobs", "list", "--since", "9999-12-31T23:59:59", "--json").document == []


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_is_none_in_utc_is_wrong_usage(shell, time):
    said = shell.unroll("jobs", "list", "--since", time, "--json")

    assert (said.status, said.out) == (2, "")
    assert said.line.startswith("unroll: Invalid value for '--since'")
