"""`.env` as setup writes it: everybody reads the same in it, and what else is there stays."""

from __future__ import annotations

import stat

import pytest
from dotenv import dotenv_values
from honcho.environ import parse as honchos_values
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.cli.envfile import CannotKeep, quoted, values_in, write
from bot.settings import load

WORDS = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" '\"\\#=$`!;{}"))


@given(WORDS)
@example("it's")
@example('say "no" # not a comment')
@example("C:\\folder\\\\")
@example("$HOME `id` !! ;")
@example("p'a\"s\\s")
def test_whoever_reads_it_reads_the_same(tmp_path_factory, value):
    assume("${" not in value)
    assume("\\n" not in value)
    assume("\\t" not in value)
    file = tmp_path_factory.mktemp("env") / ".env"
    write(file, {"OPERATOR_NAME": value, "LOG_LEVEL": "DEBUG"})
    assert dotenv_values(file)["OPERATOR_NAME"] == value
    assert honchos_values(file.read_text("utf-8"))["OPERATOR_NAME"] == value
    settings = load(_env_file=file)
    assert (settings.operator_name, settings.log_level) == (value, "DEBUG")


@pytest.mark.parametrize("value", ["two\nlines", "tab\there", "${HOME}", "a\\nb", "a\0b", "\u2028"])
def test_what_they_would_read_differently_is_not_kept(tmp_path, value):
    file = tmp_path / ".env"
    file.write_text("A=1\n")
    with pytest.raises(CannotKeep) as refused:
        write(file, {"B": "2", "C": value})
    assert value not in str(refused.value)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["A=1\n"]


def test_what_needs_no_quotation_marks_has_none():
    address = "postgresql+psycopg://me:secret%21@db.example:5432/unroll"
    assert quoted(address) == address
    assert quoted("two words") == "'two words'"


def test_other_lines_stay_as_they_are_and_only_the_owner_reads(tmp_path):
    file = tmp_path / "real"
    file.write_text("# ours\n\nLOG_LEVEL = DEBUG # why\n#X_BEARER_TOKEN=\nodd line\nPUBLIC_URL=http://old")
    file.chmod(0o644)
    (tmp_path / ".env").symlink_to(file)
    write(tmp_path / ".env", {"PUBLIC_URL": "https://new.example", "DAILY_BUDGET_USD": "7"})
    assert file.read_text() == (
        "# ours\n\nLOG_LEVEL = DEBUG # why\n#X_BEARER_TOKEN=\nodd line\n"
        "PUBLIC_URL=https://new.example\nDAILY_BUDGET_USD=7\n"
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert values_in(tmp_path / ".env")["LOG_LEVEL"] == "DEBUG"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env", "real"]
