"""Every command stops at its door with one line that names what is wrong; no secret is in any of them."""

from __future__ import annotations

import pytest

COMMANDS = [
    ["unroll", "poll", "--once"],
    ["unroll", "web", "--port", "1"],
    ["unroll", "jobs", "list"],
    ["unroll", "db", "upgrade"],
    ["celery", "-A", "workers.app", "worker"],
]
SECRETS = ("CONSUMER_KEY", "CONSUMER_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET", "BEARER_TOKEN")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:3]))
def test_a_database_that_cannot_be(shell, command):
    said = shell.run(*command, DATABASE_URL="mysql://me:hunter2@db/unroll")

    assert (said.status, said.out) == (1, "")
    assert said.line == "unroll: DATABASE_URL: must begin with sqlite:/// or postgresql+psycopg://"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POLL_INTERVAL_SECONDS", "abc"),
        ("POLL_INTERVAL_SECONDS", "0"),
        ("REPLY_POLICY", "sometimes"),
        ("PUBLIC_URL", "reader.example"),
        ("X_API_URL", "ftp://x"),
        ("REDIS_URL", "amqp://localhost"),
        ("REDIS_URL", "sentinel://localhost:26379/0"),
        ("BROKER_URL", "kafka://localhost"),
        ("DAILY_BUDGET_USD", "-1"),
        ("LOG_LEVEL", "LOUD"),
        ("MEDIA_DIR", "gs://bucket/pictures"),
        ("MEDIA_DIR", "s3://"),
        ("SMTP_URL", "mail.reader.example"),
        ("SMTP_URL", "smtp://cleo@mail.reader.example"),
        ("SMTP_URL", "smtp://mail.reader.example:many"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_REPLY_TO", "Cleo <cleo@>"),
        ("LETTERS_PER_DAY", "0"),
        ("WORKER_CORE", "-1"),
        ("WORKER_CORE", "all"),
        ("REDIS_URL", "redis://localhost:many/0"),
        ("REDIS_URL", "redis://localhost:70000/0"),
        ("BROKER_URL", "amqp://localhost:many//"),
        ("X_API_URL", "http://127.0.0.1:99999"),
        ("X_API_URL", "https://api.x.com?key=1"),
        ("X_API_URL", "http://api x.com"),
        ("PUBLIC_URL", "http://reader.example:many"),
        ("PUBLIC_URL", "https://reader.example/#top"),
        ("PAYPAL_URL", "https://paypal.example:0/me"),
        ("POLL_INTERVAL_SECONDS", "inf"),
        ("POLL_INTERVAL_SECONDS", "nan"),
        ("POLL_UNDERNEATH_SECONDS", "1e30"),
        ("REPLY_VISIBLE_AFTER_SECONDS", "inf"),
        ("DAILY_BUDGET_USD", "1e30"),
        ("DAILY_BUDGET_USD", "Infinity"),
        ("REPLY_PRICE_USD", "1e30"),
        ("MENTION_PRICE_USD", "1e30"),
    ],
)
def test_a_wrong_setting_is_named(shell, name, value):
    said = shell.unroll("jobs", "list", **{name: value})

    assert (said.status, said.out) == (1, "")
    assert said.line.startswith(f"unroll: {name}: ")


@pytest.mark.parametrize("command", [["poll", "--once"], ["thread", "20"]], ids=lambda args: args[0])
def test_missing_keys_are_all_named(shell, command):
    said = shell.unroll(*command, X_BEARER_TOKEN=None, X_CONSUMER_KEY="")

    assert (said.status, said.out) == (1, "")
    assert said.line.startswith("unroll: X_CONSUMER_KEY, X_BEARER_TOKEN not set")


def test_a_database_that_is_away_is_named_without_its_password(shell):
    said = shell.unroll("jobs", "list", DATABASE_URL="postgresql+psycopg://me:hunter2@127.0.0.1:1/unroll")

    assert said.status == 1
    assert said.line.startswith("unroll: DATABASE_URL: ")
    assert "hunter2" not in said.err


def test_a_refused_token_pauses_the_bot_and_no_secret_is_told(shell):
    wrong = {f"X_{name}": f"7-wrong-{name.lower()}" for name in SECRETS}
    said = shell.unroll("poll", "--once", LOG_LEVEL="DEBUG", **wrong)

    assert said.status == 1
    assert said.err.splitlines()[-1] == "unroll: no mentions were looked at: unauthorized"
    assert not any(value in said.out + said.err for value in wrong.values())

    doctor = shell.unroll("doctor", **wrong)
    assert doctor.status == 1
    assert not any(value in doctor.out + doctor.err for value in wrong.values())


def test_the_database_is_brought_up_to_date(shell):
    said = shell.unroll("db", "upgrade")
    assert (said.status, said.out) == (0, "")
    assert said.line.startswith("schema empty -> ")
    assert shell.unroll("db", "upgrade").status == 0


def test_version_and_help(shell):
    assert shell.unroll("--version").out == "unroll 0.1.0\n"
    assert shell.unroll("--help").status == 0
    assert shell.unroll().status == 2


def test_letters_need_a_sender(shell):
    said = shell.unroll("jobs", "list", SMTP_URL="smtp://cleo:hunter2@mail.reader.example")

    assert (said.status, said.out) == (1, "")
    assert said.line == "unroll: MAIL_FROM: must say whom letters come from where SMTP_URL is set"


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ('A=1\nDAILY_BUDGET_USD="1\n', ".env, line 2 (DAILY_BUDGET_USD): must be NAME=value, its"),
        ('export X_BEARER_TOKEN "hunter2"\n', ".env, line 1 (X_BEARER_TOKEN): must be NAME=value, its"),
        ("=hunter2\n", ".env, line 1: must be NAME=value, its"),
        (b"OPERATOR_NAME=caf\xe9\n", ".env: must be text in UTF-8"),
        ("DATABASE_URL=sqlite:///var/a\0b.db\n", ".env: must be text, and has a zero byte"),
    ],
)
@pytest.mark.parametrize("command", [["unroll", "jobs", "list"], ["celery", "-A", "workers.app", "worker"]])
def test_a_line_of_env_that_cannot_be_read_is_named_and_not_left_out(shell, command, told, line):
    """Without its line a setting would be its default: five dollars a day instead of one."""
    (shell.folder / ".env").write_bytes(told if isinstance(told, bytes) else told.encode())
    said = shell.run(*command)

    assert (said.status, said.out) == (1, "")
    assert said.line.startswith(f"unroll: {line}")
    assert "hunter2" not in said.err


def test_quotes_comments_and_line_ends_of_any_kind_are_read(shell):
    lines = [
        "\ufeffREPLY_POLICY='first'",
        "",
        "# a comment",
        'export LOG_LEVEL="INFO" # loud',
        "OTHER='a",
        "b'",
    ]
    (shell.folder / ".env").write_bytes("\r\n".join([*lines, "DAILY_BUDGET_USD = 1 # a dollar"]).encode())

    said = shell.run("unroll", "spend", "--json")
    assert said.status == 0, said.err
    assert said.document["daily_budget_usd"] == 1
