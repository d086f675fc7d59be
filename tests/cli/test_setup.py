"""`unroll setup` as a person goes through it, and as a script does."""

from __future__ import annotations

import os
import re
import stat
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.cli.activation import activation
from bot.settings import load
from bot.store import open_store, schema
from bot.store.database import Database
from tests.cli.conftest import BIN

NAMES = ("X_CONSUMER_KEY", "X_CONSUMER_SECRET", "X_ACCESS_TOKEN", "X_ACCESS_TOKEN_SECRET", "X_BEARER_TOKEN")
AS_IT_IS = ["", ""]  # two addresses, where their defaults do; the broker is in the environment
MONEY = ["", ""]


class Person:
    """Somebody at a terminal, in a folder of their own: what they type, line by line, and what they see."""

    def __init__(self, shell, monkeypatch) -> None:
        self.folder = shell.folder
        self.keys = {name: shell.settings[name] for name in NAMES}
        self.environment = {name: shell.settings[name] for name in ("X_API_URL", "REDIS_URL")}
        self._patch = monkeypatch
        monkeypatch.chdir(self.folder)
        monkeypatch.setattr("bot.cli.setup._is_terminal", lambda: True)

    def types(self, *lines: str, **environment: str):
        told = "".join(f"{line}\n" for line in lines)
        env = {**self.environment, **environment}
        done = CliRunner().invoke(app, ["setup"], input=told, env=env)
        assert not any(secret in done.output for secret in {*self.keys.values(), "hunter2"})
        return done

    def keys_but(self, **wrong: str) -> list[str]:
        return [wrong.get(name, key) for name, key in self.keys.items()]

    @property
    def env(self) -> str:
        return (self.folder / ".env").read_text()


@pytest.fixture
def person(shell, monkeypatch) -> Person:
    monkeypatch.setenv("PATH", str(BIN), prepend=os.pathsep)
    return Person(shell, monkeypatch)


def test_from_an_empty_folder_to_a_bot_that_can_be_started(person, world):
    done = person.types(*person.keys_but(), "https://read.example", "", "n", "7")
    assert done.exit_code == 0, done.output
    assert "bot: @unrollbot" in done.output
    assert "Automated" in done.output
    assert "may read and write" in done.output
    assert "Next: honcho start" in done.output

    made = load(_env_file=person.folder / ".env")
    assert {name: getattr(made, name.lower()).get_secret_value() for name in NAMES} == person.keys
    assert (made.public_url, str(made.daily_budget_usd)) == ("https://read.example", "7")
    assert str(made.mention_price_usd) == "0.005", "the app is somebody else's"
    assert stat.S_IMODE((person.folder / ".env").stat().st_mode) == 0o600
    database = Database(f"sqlite:///{person.folder}/var/unroll.db")
    assert schema.current(database) == schema.newest()
    database.dispose()
    assert world.ledger.by_resource == {"user_read": 1}, "who the bot is, and nothing else"


def test_again_it_changes_only_what_one_changes(person, world):
    person.types(*person.keys_but(), *AS_IT_IS, *MONEY)
    (person.folder / ".env").write_text(f"# mine\n{person.env}LOG_LEVEL='DEBUG'  # why\n")
    first, paid = person.env, world.ledger.total
    again = person.types(*[""] * 5, *AS_IT_IS, *MONEY)
    assert again.exit_code == 0, again.output
    assert person.env == first
    person.types(*[""] * 5, *AS_IT_IS, "n", "2.50")
    assert set(person.env.splitlines()) - set(first.splitlines()) == {
        "MENTION_PRICE_USD=0.005",
        "DAILY_BUDGET_USD=2.50",
    }
    person.types(*[""] * 5, *AS_IT_IS, "y", "5")
    assert "MENTION_PRICE_USD=0.001" in person.env
    assert person.env.startswith("# mine\n")
    assert world.ledger.total == paid, "who the bot is was known"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"X_BEARER_TOKEN": "x"}, "X refuses X_BEARER_TOKEN:"),
        ({"X_CONSUMER_KEY": "x"}, "X refuses X_CONSUMER_KEY or X_CONSUMER_SECRET:"),
        ({"X_CONSUMER_SECRET": "x"}, "X refuses X_CONSUMER_KEY or X_CONSUMER_SECRET:"),
        ({"X_ACCESS_TOKEN": "1500000000000000000-x"}, "X refuses X_ACCESS_TOKEN or X_ACCESS_TOKEN_SECRET:"),
        ({"X_ACCESS_TOKEN_SECRET": "x"}, "X refuses X_ACCESS_TOKEN or X_ACCESS_TOKEN_SECRET:"),
        (
            {"X_BEARER_TOKEN": "x", "X_CONSUMER_KEY": "y"},
            "X refuses X_BEARER_TOKEN, and X_CONSUMER_KEY or X_CONSUMER_SECRET:",
        ),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else "",
)
def test_a_wrong_key_is_named_and_asked_for_again(person, wrong, said):
    again = [person.keys[name] for name in re.findall(r"X_\w+", said)]
    done = person.types(*person.keys_but(**wrong), *again, *AS_IT_IS, *MONEY)
    assert done.exit_code == 0, done.output
    assert said in done.output
    assert all(key in person.env for key in person.keys.values())


def test_keys_that_cannot_be_are_asked_for_at_once(person):
    typed = ["", "two words", "ключ", *person.keys_but(), *AS_IT_IS, *MONEY]
    done = person.types(*typed)
    assert done.exit_code == 0, done.output
    assert done.output.count("no key of X's looks like that") == 2


def test_a_bearer_token_is_no_access_token(person):
    """It is the one mistake that X would not tell: without the account's number nothing can be asked."""
    bearer = person.keys["X_BEARER_TOKEN"]
    typed = [*person.keys_but(X_ACCESS_TOKEN=bearer)]
    typed.insert(3, person.keys["X_ACCESS_TOKEN"])
    done = person.types(*typed, *AS_IT_IS, *MONEY)
    assert done.exit_code == 0, done.output
    assert done.output.count("is it the bearer token?") == 1
    assert person.keys["X_ACCESS_TOKEN"] in person.env


def test_a_doubtful_answer_may_be_meant(person, nobody):
    del person.environment["REDIS_URL"]
    away = f"redis://127.0.0.1:{nobody}/0"
    done = person.types(*person.keys_but(), *AS_IT_IS, away, "n", away, "y", "", "0", "n", "0", "y")
    assert done.exit_code == 0, done.output
    assert done.output.count("REDIS_URL: no answer") >= 2
    assert done.output.count("with 0 the bot reads nothing") == 2
    assert f"REDIS_URL={away}" in person.env
    assert "DAILY_BUDGET_USD=0\n" in person.env


def test_keys_may_be_kept_untried_where_x_does_not_answer(person, nobody):
    away = f"http://127.0.0.1:{nobody}"
    done = person.types(*person.keys_but(), "n", "y", *AS_IT_IS, *MONEY, X_API_URL=away)
    assert done.exit_code == 0, done.output
    assert "circuit" not in done.output
    assert all(key in person.env for key in person.keys.values())


def test_an_app_that_may_only_read_is_told_what_to_do(person, world):
    world.read_only = True
    done = person.types(*person.keys_but(), *AS_IT_IS, *MONEY)
    assert "may read and not reply" in done.output
    assert "Read and write" in done.output


def test_what_cannot_be_is_asked_for_again(person, nobody):
    away = f"postgresql://me@127.0.0.1:{nobody}/unroll"
    done = person.types(
        *person.keys_but(),
        *("reader.example", "https://reader.example"),
        *("mysql://db", away, "hunter2", "", "sqlite:///var/unroll.db"),  # Enter tries it once more
        *("", "much", "3"),
    )
    assert done.exit_code == 0, done.output
    for said in (
        "PUBLIC_URL: must be",
        "DATABASE_URL: must begin",
        "DATABASE_URL: connection",
        "DAILY_BUDGET_USD:",
    ):
        assert said in done.output
    assert "DAILY_BUDGET_USD: must be a number, such as 5" in done.output
    assert "DATABASE_URL" not in person.env


def test_the_keys_of_another_account_do_not_fit_an_old_database(person):
    store = open_store(f"sqlite:///{person.folder}/var/unroll.db")
    store.notes.put("bot", {"id": "7", "username": "other", "name": "Other"}, now=datetime.now(UTC))
    store.close()
    done = person.types(*person.keys_but(), *AS_IT_IS, *MONEY)
    assert "the database is @other's" in done.output


def test_broken_off_nothing_is_written(person):
    done = person.types(*person.keys_but(), "https://read.example")
    assert done.exit_code == 1
    assert "nothing was written" in done.output
    assert not (person.folder / ".env").exists()


def test_where_x_does_not_answer_it_is_tried_again_or_left(person, nobody):
    done = person.types(*person.keys_but(), "y", "n", X_API_URL=f"http://127.0.0.1:{nobody}")
    assert done.exit_code == 1
    assert done.output.count("X does not answer") == 2
    assert not (person.folder / ".env").exists()


def test_without_anybody_to_ask_one_line_says_what_is_missing(shell):
    """Standard input is no terminal here."""
    for words in (["setup"], ["setup", "--no-input"]):
        said = shell.unroll(*words, X_BEARER_TOKEN=None, X_CONSUMER_KEY="")
        assert (said.status, said.out) == (2, "")
        assert said.line == "unroll: X_CONSUMER_KEY, X_BEARER_TOKEN not set, and nobody is there to ask"
    assert not (shell.folder / ".env").exists()


def test_a_script_has_all_in_its_environment(shell):
    said = shell.unroll("setup", "--no-input", DAILY_BUDGET_USD="9")
    assert said.status == 0
    made = (shell.folder / ".env").read_text()
    assert "DAILY_BUDGET_USD=9\n" in made
    assert shell.settings["X_BEARER_TOKEN"] in made
    assert shell.settings["X_BEARER_TOKEN"] not in said.out + said.err


def test_a_wrong_key_in_the_environment_ends_a_script_in_one_line(shell):
    said = shell.unroll("setup", "--no-input", X_BEARER_TOKEN="x")
    assert said.status == 1
    assert said.line == "unroll: X refuses X_BEARER_TOKEN: copy it from X's console once more"
    said = shell.unroll("setup", "--no-input", X_ACCESS_TOKEN="wrong")
    assert said.status == 1
    assert said.line.startswith("unroll: X_ACCESS_TOKEN: ")
    wrong = shell.unroll("setup", "--no-input", PUBLIC_URL="nowhere")
    assert wrong.status == 1
    assert wrong.line.startswith("unroll: PUBLIC_URL: ")
    assert not (shell.folder / ".env").exists()


@pytest.fixture
def venv(tmp_path, monkeypatch):
    """A clone's .venv that nobody has activated, and the clone's folder around us."""
    commands = tmp_path / "my clone" / ".venv" / "bin"
    commands.mkdir(parents=True)
    for name in ("python", "activate", "honcho", "unroll"):
        (commands / name).touch(mode=0o755)
    monkeypatch.setattr("sys.executable", str(commands / "python"))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(tmp_path / "my clone")
    return commands


def test_where_the_commands_are_not_on_the_path_it_says_how_to_reach_them(person, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    done = person.types(*person.keys_but(), *AS_IT_IS, *MONEY)
    activate = BIN / "activate"
    assert f"Next: . {activate} && honcho start, " in done.output
    assert f"terminal . {activate} && unroll doctor" in done.output


def test_from_the_clones_folder_the_way_to_the_commands_is_short(venv, monkeypatch):
    assert activation() == ". .venv/bin/activate && "
    monkeypatch.chdir("/usr")
    assert activation() == f". '{venv}/activate' && "
    monkeypatch.setenv("PATH", str(venv))
    assert activation() == ""
