"""A backup and back by the commands; what would do harm is refused in one line."""

from __future__ import annotations

from bot.store.database import Database
from bot.store.lock import held


def jobs(shell) -> int:
    return len(shell.unroll("jobs", "list", "--json").document)


def test_there_and_back(shell, thread):
    shell.unroll("thread", thread[0].id)
    made = shell.unroll("db", "backup", "kept")
    shell.unroll("thread", thread[1].id)
    unsure = shell.unroll("db", "restore", "kept")
    assert (made.status, jobs(shell)) == (0, 2)
    assert made.line.startswith("kept: ")
    assert unsure.status == 1
    assert unsure.line.endswith("--yes")

    done = shell.unroll("db", "restore", "kept", "--yes")
    assert (done.status, jobs(shell)) == (0, 1)
    assert shell.unroll("db", "backup", "kept").line == "unroll: kept is there already: name a new file"


def test_what_cannot_be_restored_is_told_in_one_line(shell, thread):
    shell.unroll("thread", thread[0].id)
    (shell.folder / "words").write_text("no backup")
    for name, why in (("words", "that is no backup of this bot"), ("nowhere", "nowhere is not there")):
        refused = shell.unroll("db", "restore", name, "--yes")
        assert (refused.status, refused.line) == (1, f"unroll: {why}")
    assert jobs(shell) == 1


def test_not_under_a_poller_at_work(shell, thread):
    shell.unroll("thread", thread[0].id)
    shell.unroll("db", "backup", "kept")
    database = Database(f"sqlite:///{shell.folder}/var/unroll.db")
    with held(database, "poller"):
        refused = shell.unroll("db", "restore", "kept", "--yes")
    database.dispose()
    assert refused.status == 1
    assert "a poller is at work" in refused.line
