"""Handing a letter to a real server: encrypted, logged in, refused, cut off."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from pydantic import SecretStr

from bot import mail
from bot.domain import Author
from bot.errors import Misconfigured, Permanent, Transient
from bot.rules.letters import Body, Letter
from bot.settings import BadSettings, Settings
from sandbox.broker import free_port
from tests.mail.post_office import PASSWORD, certificate, opened

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MIRA = Author(501, "mira_holt", "Mira Hölt")
LETTER = Letter(7, "threads", "cleo@reader.example", "token", NOW, MIRA)
BODY = Body(
    "Mira Hölt: 灯台守が知っていること",
    "Text — 灯台\n",
    "<p>灯台</p>",
    "https://reader.example/unsubscribe/token",
)


def settings(url: str, **more) -> Settings:
    told = {"public_url": "https://reader.example", "mail_from": "Unröll <letters@reader.example>"}
    return Settings(smtp_url=SecretStr(url), **{**told, **more})


def hand_over(chosen: Settings, *, letter: Letter = LETTER, mark=lambda: True) -> bool:
    with mail.connected(mail.server(chosen)) as line:
        return line.hand_over(mail.message(letter, BODY, chosen, now=NOW), mark)


@pytest.fixture
def office():
    with opened() as office:
        yield office


def test_a_letter_arrives_whole_with_what_a_mailing_list_owes(office):
    assert hand_over(settings(office.url, mail_reply_to="ask@reader.example"))
    [kept] = office.kept
    assert office.senders == ["letters@reader.example"]
    assert (kept["From"], kept["To"]) == ("Unröll <letters@reader.example>", "cleo@reader.example")
    assert kept["Subject"] == BODY.subject
    assert kept["Reply-To"] == "ask@reader.example"
    assert parsedate_to_datetime(kept["Date"]) == NOW
    assert kept["Message-ID"] == f"<letter.7.{NOW.timestamp():.0f}@reader.example>"
    assert kept["List-Id"] == "<501.threads.reader.example>"
    leave, by_mail = kept["List-Unsubscribe"].split(", ")
    assert (leave, by_mail) == (
        "<https://reader.example/unsubscribe/token>",
        "<mailto:ask@reader.example?subject=unsubscribe%20501>",
    )
    assert kept["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert kept["Auto-Submitted"] == "auto-generated"
    assert kept["Precedence"] is None
    assert kept.get_content_type() == "multipart/alternative"
    assert kept.get_body(("plain",)).get_content().strip() == "Text — 灯台"
    assert kept.get_body(("html",)).get_content().strip() == "<p>灯台</p>"


def test_long_addresses_are_not_folded_into_riddles(office):
    host = f"https://{'a' * 60}.reader.example"
    chosen = settings(office.url, public_url=host)
    body = Body("Subject", "Text", "<p>Text</p>", f"{host}/unsubscribe/{'t' * 60}")
    raw = mail.message(LETTER, body, chosen, now=NOW).as_bytes(policy=mail.POLICY)
    assert f"List-Unsubscribe: <{body.leave}>\r\n".encode() in raw


def test_a_name_cannot_add_a_header(office):
    with pytest.raises(ValueError, match=r"newline|linefeed"):
        mail.message(LETTER, Body("New\r\nBcc: all@reader.example", "", ""), settings(office.url), now=NOW)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not")  # it looks for STARTTLS alone
@pytest.mark.parametrize("from_the_start", [True, False], ids=["smtps", "starttls"])
def test_it_logs_in_over_tls(tmp_path, monkeypatch, from_the_start):
    made = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made[0]))
    scheme = "smtps" if from_the_start else "smtp"
    with opened(certificate=made, from_the_start=from_the_start, login=True) as office:
        url = f"{scheme}://cleo:{PASSWORD.decode().replace(' ', '%20')}@localhost:{office.port}"
        assert hand_over(settings(url))
        assert len(office.kept) == 1
        wrong = settings(f"{scheme}://cleo:wrong@localhost:{office.port}")
        with pytest.raises(Misconfigured, match="smtp-login: 535"):
            hand_over(wrong)
        assert len(office.kept) == 1


def test_a_server_that_nobody_vouches_for_gets_no_password(tmp_path):
    with opened(certificate=certificate(tmp_path), login=True) as office:
        with pytest.raises(Misconfigured, match="smtp-tls"):
            hand_over(settings(f"smtp://cleo:hunter2@localhost:{office.port}"))
        assert office.senders == []


def test_a_server_elsewhere_must_offer_encryption(office):
    elsewhere = mail.Server("mail.reader.example", 25, False, "", "", "here")
    here = mail.server(settings(office.url))
    assert here is not None
    assert here.local
    assert not elsewhere.local


@pytest.mark.parametrize(
    ("step", "answer", "raised", "reason"),
    [
        ("sender", "421 4.3.2 closing", Transient, "smtp-away"),
        ("sender", "451 4.3.0 later", Transient, "put-off"),
        ("sender", "550 5.7.1 not you", Misconfigured, "sender-refused"),
        ("address", "450 4.2.0 greylisted", Transient, "put-off"),
        ("address", "550 5.1.1 cleo@reader.example unknown", Permanent, "no-such-address"),
        ("address", "554 5.7.1 no", Permanent, "refused"),
        ("letter", "452 4.3.1 full", Transient, "put-off"),
        ("letter", "554 5.7.1 spam", Permanent, "refused"),
    ],
)
def test_a_no_is_told_by_its_code_alone_and_the_next_letter_goes_out(office, step, answer, raised, reason):
    getattr(office, f"refuse_{step}").append(answer)
    chosen = settings(office.url)
    with mail.connected(mail.server(chosen)) as line:
        message = mail.message(LETTER, BODY, chosen, now=NOW)
        with pytest.raises(raised) as told:
            line.hand_over(message, lambda: True)
        assert told.value.reason == reason
        assert "cleo" not in str(told.value)
        assert not getattr(told.value, "may_have_landed", False)
        if reason != "smtp-away":
            assert line.hand_over(message, lambda: True)
            assert len(office.kept) == 1


def test_a_line_cut_before_the_answer_leaves_it_open(office):
    office.cut = True
    with pytest.raises(Transient) as told:
        hand_over(settings(office.url))
    assert told.value.may_have_landed
    assert len(office.kept) == 1


def test_without_the_mark_nothing_is_sent(office):
    assert hand_over(settings(office.url), mark=lambda: False) is False
    assert office.kept == []


def test_nobody_there_is_surely_unsent():
    with pytest.raises(Transient) as told:
        hand_over(settings(f"smtp://127.0.0.1:{free_port()}"))
    assert (told.value.reason, told.value.may_have_landed) == ("smtp-away", False)


def test_a_server_that_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr("bot.mail.HTTP_TIMEOUT", mail.HTTP_TIMEOUT / 50)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Transient, match="smtp-away"):
            hand_over(settings(url))


def test_looking_sends_nothing(office):
    assert mail.check(settings(office.url)) == f"127.0.0.1:{office.port} lets us in"
    assert (office.senders, office.kept) == ([], [])
    with pytest.raises(BadSettings, match=r"^SMTP_URL: 127\.0\.0\.1:\d+: smtp-away"):
        mail.check(settings(f"smtp://127.0.0.1:{free_port()}"))


def test_nobody_else_is_trusted_by_chance():
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
