"""`unroll db move`: what it says, what it refuses, and how one goes on."""

from __future__ import annotations

import pytest

from bot.store.database import Database
from bot.store.lock import held


@pytest.fixture
def other(shell) -> str:
    return f"sqlite:///{shell.folder}/other.db"


def jobs(shell, **settings) -> int:
    return len(shell.unroll("jobs", "list", "--json", **settings).document)


def test_everything_is_in_the_other_and_the_old_one_says_so(shell, thread, other):
    shell.unroll("thread", thread[0].id)
    done = shell.unroll("db", "move", "--to", other)
    assert (done.status, done.out) == (0, "")
    assert "compared one by one" in done.err
    assert f"Put DATABASE_URL={other} into .env" in done.err
    assert jobs(shell, DATABASE_URL=other) == 1
    closed = shell.unroll("jobs", "list")
    assert closed.status == 1
    assert (
        closed.line == "unroll: DATABASE_URL: everything has moved to another database, by `unroll db move`"
    )


def test_what_would_go_wrong_is_refused_in_one_line(shell, thread, other, nobody):
    shell.unroll("thread", thread[0].id)
    own = "sqlite:///var/unroll.db"
    away = f"postgresql://me:hunter2@127.0.0.1:{nobody}/unroll"
    for address, why in (
        (own, "--to: that is the database itself"),
        ("mysql://db", "--to: must begin with sqlite:/// or postgresql+psycopg://"),
        (away, "--to: connection failed"),
    ):
        refused = shell.unroll("db", "move", "--to", address)
        assert refused.status == 1
        assert refused.line.startswith(f"unroll: {why}")
        assert "hunter2" not in refused.err
    shell.unroll("thread", thread[0].id, DATABASE_URL=other)
    assert "name an empty database" in shell.unroll("db", "move", "--to", other).err
    assert jobs(shell) == 1


def test_not_under_a_poller_at_work(shell, thread, other):
    shell.unroll("thread", thread[0].id)
    for url in (f"sqlite:///{shell.folder}/var/unroll.db", other):
        database = Database(url)
        with held(database, "poller"):
            refused = shell.unroll("db", "move", "--to", other)
        database.dispose()
        assert refused.status == 1
        assert "a poller is at work" in refused.line
    assert jobs(shell) == 1
