"""Who follows by e-mail, as the operator sees it, and what the doctor says of their letters."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

import pytest

from bot.store import open_store
from tests.mail.post_office import opened

MAIL_FROM = "letters@reader.example"


@pytest.fixture
def followed(shell, thread):
    """Ada, by somebody who has not said yes yet."""
    assert shell.unroll("thread", thread[0].id).status == 0
    with closing(open_store(f"sqlite:///{shell.folder}/var/unroll.db")) as store:
        ada = int(thread[0].author.id)
        store.subscriptions.ask("cleo@reader.example", ada, now=datetime.now(UTC))


def test_addresses_are_listed_by_their_beginnings_unless_asked_for_whole(shell, followed):
    said = shell.unroll("subscribers", "list", "--json")
    assert (said.status, said.err) == (0, "")
    assert said.document == [{"address": "c\u2026@r\u2026.example", "follows": [], "pending": ["@ada"]}]
    assert "cleo" not in shell.unroll("subscribers", "list").out
    assert "cleo@reader.example" in shell.unroll("subscribers", "list", "--show").out


def test_an_address_is_forgotten_to_the_last_byte(shell, followed):
    said = shell.unroll("subscribers", "forget", "Cleo@Reader.example")
    assert (said.status, said.out) == (0, "")
    assert not any(b"cleo@" in file.read_bytes().lower() for file in shell.folder.glob("var/unroll.db*"))
    again = shell.unroll("subscribers", "forget", "cleo@reader.example")
    assert (again.status, again.line) == (1, "unroll: that address is not kept here")


def test_the_doctor_looks_whether_the_server_lets_us_in(shell, nobody, followed):
    def checks(url):
        said = shell.unroll("doctor", "--json", SMTP_URL=url, MAIL_FROM=MAIL_FROM)
        return {check["name"]: check for check in said.document["checks"]}

    with opened() as office:
        well = checks(office.url)
        assert (well["mail"]["level"], office.kept) == ("ok", [])
        assert well["letters"]["said"].startswith("1 to be sent")
    ill = checks(f"smtp://127.0.0.1:{nobody}")
    assert ill["mail"]["level"] == "problem"
    assert ill["mail"]["said"].startswith(f"SMTP_URL: 127.0.0.1:{nobody}: smtp-away")
