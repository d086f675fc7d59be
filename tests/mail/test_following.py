"""From the form to the last letter, through a real SMTP server and the real site."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import structlog
from prometheus_client import REGISTRY
from pydantic import SecretStr

from bot.flows.letters import deliver, trouble
from bot.rules.letters import AT_MOST_EVERY, MAX_REFUSALS
from bot.store.backup import backup, restore
from reader.letters import compose
from sandbox.broker import free_port
from tests.mail.conftest import CLEO, link, words
from tests.reader.parsing import Page, assert_sound

HOUR = timedelta(hours=1)
LOST = timedelta(minutes=10)
ONE_CLICK = "List-Unsubscribe=One-Click"


def counted(outcome: str) -> float:
    told = {"kind": "threads", "outcome": outcome}
    return REGISTRY.get_sample_value("unroll_letters_total", told) or 0


def page(answer: httpx.Response, status: int = 200) -> Page:
    assert answer.status_code == status
    found = Page(answer.text)
    assert_sound(found)
    return found


def test_somebody_follows_an_author_reads_on_and_leaves(desk):
    assert "Look into your mailbox" in page(desk.ask()).text
    [asked] = desk.post()
    assert asked["To"] == CLEO
    assert asked["List-Unsubscribe"] is None
    path = link(asked, "subscribe")

    for _ in range(2):  # a program that looks for viruses was here before
        assert "Do you want these letters?" in page(desk.visitor.get(path)).text
    first = desk.thread("Too early\n\nNobody has said yes.", "So no letter.")
    assert desk.post() == []
    assert "You follow by e-mail now" in page(desk.confirm(path)).text

    thread = desk.thread("What fog knows\n\nIt comes in at four.", "It stays.", "It has no opinion.")
    [letter] = desk.post()
    assert letter["Subject"] == "Ada: What fog knows"
    for kind in ("plain", "html"):
        said = words(letter, kind)
        assert f"https://reader.example/thread/{thread}" in said
        assert "It comes in at four." in said
        assert str(first) not in said
    assert desk.post(later=HOUR * 2) == []

    leave = re.findall(r"<https://reader\.example(/unsubscribe/[\w-]+)>", letter["List-Unsubscribe"])
    assert leave == [link(letter, "unsubscribe")]
    assert "No more letters?" in page(desk.visitor.get(leave[0])).text
    gone = desk.visitor.request("POST", leave[0], content=ONE_CLICK, headers=FORM | {"Origin": "null"})
    assert "No more letters" in page(gone).text
    desk.thread("After the goodbye", "Nobody hears of it.")
    assert desk.post(later=HOUR * 2) == []
    assert desk.followers() == []


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PARTED = {"Content-Type": "multipart/form-data; boundary=cut"}
IN_PARTS = '--cut\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--cut--\r\n'


@pytest.mark.parametrize(("kind", "content"), [(FORM, ONE_CLICK), (PARTED, IN_PARTS), ({}, "")])
def test_one_click_from_anywhere_ends_letters_and_a_second_does_no_harm(desk, kind, content):
    desk.follow()
    desk.thread("One more", "And another.")
    [letter] = desk.post()
    elsewhere = {**kind, "Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}
    for _ in range(2):
        answer = desk.visitor.request("POST", link(letter, "unsubscribe"), content=content, headers=elsewhere)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    assert desk.followers() == []
    page(desk.visitor.get(link(letter, "unsubscribe")), 404)


def test_forget_me_ends_all_letters_of_an_address(desk):
    desk.thread(by="ben")
    desk.follow()
    desk.follow(by="ben")
    desk.thread("One more", "And another.")
    [letter] = desk.post()
    form = page(desk.visitor.get(link(letter, "unsubscribe"))).all("form", method="post")[-1]
    assert "Your address is deleted" in page(desk.visitor.request("POST", form["action"])).text
    assert desk.followers() == []
    assert CLEO.encode() not in _bytes(desk)


def _bytes(desk) -> bytes:
    desk.house.store.database.settle()
    folder = Path(desk.house.store.database.url.removeprefix("sqlite:///")).parent
    return b"".join(path.read_bytes() for path in folder.glob("unroll.db*"))


def test_an_author_who_opts_out_has_no_followers(desk):
    desk.follow()
    desk.house.ask(desk.house.world.post(desk.house.author(), "Hm."), by="ada", text="@unrollbot opt out")
    assert desk.followers() == []
    page(desk.ask(), 404)


def test_the_answer_is_the_same_whoever_it_is(desk):
    fresh = desk.ask().text
    desk.post()
    known = desk.ask().text
    desk.follow(address="other@reader.example")
    assert {fresh, known, desk.ask("other@reader.example").text} == {fresh}


def test_an_address_is_not_flooded_and_a_visitor_cannot_flood(sit):
    desk = sit(subscriptions_per_visitor_per_day=3)
    desk.thread()
    for _ in range(3):
        desk.ask()
    assert len(desk.post()) == 1
    assert "enough for today" in page(desk.ask("other@reader.example"), 429).text
    assert desk.post(later=HOUR) == []


@pytest.mark.parametrize(
    "wrong", ["", "cleo", "cleo@", "a@b@c.example", "cleo@reader.example\r\nBcc: x@y.example"]
)
def test_what_is_no_address_is_said(desk, wrong):
    assert "no e-mail address" in page(desk.ask(wrong), 422).text
    assert desk.followers() == []


def test_forms_of_other_sites_are_refused(desk):
    page(desk.ask(headers={"Sec-Fetch-Site": "cross-site"}), 403)
    assert desk.followers() == []


def test_without_a_server_there_is_no_form_but_letters_can_be_ended(sit):
    desk = sit()
    desk.thread()
    desk.follow()
    desk.thread("One more", "And another.")
    [letter] = desk.post()
    bare = sit(smtp_url=None)
    assert "e-mail" not in bare.visitor.get("/user/ada").text.lower()
    assert bare.ask().status_code == 404
    assert bare.visitor.request("POST", link(letter, "unsubscribe")).status_code == 200
    assert bare.followers() == []


def test_the_form_is_where_its_author_is(desk):
    thread = desk.thread()
    for path in (f"/thread/{thread}", "/user/ada"):
        found = page(desk.visitor.get(path))
        assert found.all("form", action="/user/ada/subscribe", method="post")
        feeds = {attrs["type"] for attrs in found.all("link", rel="alternate")}
        assert {"application/atom+xml", "application/feed+json"} <= feeds
    assert page(desk.visitor.get(f"/thread/{thread}")).all("a", href="/user/ada")
    assert "by e-mail" in page(desk.visitor.get("/privacy")).text
    assert desk.visitor.get("/user/ada/subscribe").headers["location"] == "/user/ada"


def test_later_is_tried_again_and_not_for_ever(sit):
    desk = sit(hide_unconfirmed=False)
    desk.thread()
    desk.follow()
    desk.thread("Patience", "It is a virtue.")
    desk.office.refuse_address += ["450 4.2.0 greylisted", "421 4.3.2 closing"]
    assert desk.post() == []
    assert desk.post() == [], "not at once"
    assert desk.post(later=LOST) == []
    [letter] = desk.post(later=LOST)
    assert letter["Subject"] == "Ada: Patience"

    desk.thread("Never", "It comes.")
    desk.office.refuse_letter += ["452 4.3.1 full"] * MAX_REFUSALS
    desk.post()
    for _ in range(MAX_REFUSALS):
        assert desk.deliver(later=timedelta(hours=11)) == []
    assert desk.states() == {"sent": 2, "failed": 1}
    assert desk.deliver(later=timedelta(hours=11)) == []


def test_a_refused_letter_ends_and_the_next_goes_out(desk):
    desk.follow()
    desk.thread("Spam?", "It is not.")
    desk.office.refuse_letter.append("554 5.7.1 looks like spam")
    assert desk.post() == []
    desk.thread("Not spam", "They say.")
    [letter] = desk.post(later=AT_MOST_EVERY)
    assert (letter["Subject"], desk.states()) == ("Ada: Not spam", {"sent": 2, "failed": 1})


def test_a_mailbox_that_is_gone_is_forgotten(desk):
    desk.follow()
    desk.thread("Anybody there?", "No.")
    desk.office.refuse_address.append("550 5.1.1 <cleo@reader.example> unknown")
    assert desk.post() == []
    assert desk.followers() == []
    assert CLEO.encode() not in _bytes(desk)


def test_a_letter_that_may_have_arrived_is_not_sent_again(desk):
    desk.follow()
    before = counted("unknown")
    desk.thread("Did it arrive?", "Nobody knows.")
    desk.office.cut = True
    assert len(desk.post()) == 1
    desk.office.cut = False
    assert desk.post(later=HOUR) == []
    assert desk.states() == {"sent": 1, "unknown": 1}
    assert counted("unknown") == before + 1
    desk.thread("Another", "Goes on.")
    [letter] = desk.post(later=HOUR)
    assert letter["Subject"] == "Ada: Another"


DIES = """
import os, signal, smtplib, sys
from bot.flows.letters import deliver
from reader.letters import compose
from bot.flows.parts import Parts
from bot.settings import load
from bot.store import open_store
from bot.x.client import utc_now

settings = load()
smtplib.SMTP.data = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
deliver(Parts(open_store(settings.database_url), None, settings, utc_now, files=None), compose)
"""


def test_a_worker_killed_between_the_mark_and_the_letter_sends_none(desk):
    desk.follow()
    desk.thread("Last words", "There are none.")
    desk.house.poll()
    settings = desk.house.parts.settings
    env = {
        "DATABASE_URL": settings.database_url,
        "PUBLIC_URL": settings.public_url,
        "SMTP_URL": desk.office.url,
        "MAIL_FROM": settings.mail_from,
    }
    done = subprocess.run([sys.executable, "-c", DIES], env=env, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -9
    assert desk.states() == {"sent": 1, "sending": 1}
    assert desk.post(later=LOST) == []
    assert desk.states() == {"sent": 1, "unknown": 1}
    assert desk.post(later=HOUR) == []


def test_a_server_that_is_away_costs_nothing_and_is_told_of(sit):
    desk = sit()
    desk.thread()
    desk.follow()
    desk.thread("While it was away", "We waited.")
    away = sit(smtp_url=SecretStr(f"smtp://127.0.0.1:{free_port()}"))
    away.post()
    found = trouble(away.house.store)
    assert (found.reason, found.times) == ("smtp-away", 1)
    with structlog.testing.capture_logs() as said:
        away.post()
    assert not any("letters" in line["event"] for line in said), "it is not asked again at once"
    [letter] = desk.post(later=LOST)
    assert letter["Subject"] == "Ada: While it was away"
    assert trouble(desk.house.store) is None


def test_a_sender_that_is_refused_is_for_the_operator_to_mend(desk):
    desk.ask()
    desk.office.refuse_sender.append("550 5.7.1 not you")
    with structlog.testing.capture_logs() as said:
        assert desk.post() == []
    [line] = [line for line in said if line["log_level"] == "critical"]
    assert (line["event"], line["reason"], line["detail"]) == (
        "letters.stopped",
        "sender-refused",
        "550 5.7.1",
    )
    assert len(desk.post(later=LOST)) == 1


def test_no_log_names_an_address(desk):
    with structlog.testing.capture_logs() as said:
        desk.ask()
        desk.office.refuse_address += ["450 4.2.0 <cleo@reader.example> later", None]
        desk.post()
        desk.confirm(link(desk.post(later=LOST)[0], "subscribe"))
        desk.thread("One more", "And another.")
        desk.office.refuse_letter.append("550 5.1.1 <cleo@reader.example> is not here")
        desk.post()
    assert any(line["event"] == "letter.refused" for line in said)
    assert "cleo" not in str(said)


def test_no_more_than_the_days_number_goes_out(sit):
    desk = sit(letters_per_day=2)
    desk.thread()
    for name in ("a", "b", "c"):
        desk.ask(f"{name}@reader.example")
    assert len(desk.post()) == 2
    assert desk.post() == []
    now = desk.house.world.now()
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1, minutes=1)
    assert len(desk.post(later=midnight - now)) == 1


def test_a_letter_we_stumble_over_does_not_stop_the_others(desk):
    def stumbling(letter, public_url):
        if letter.to.startswith("a@"):
            raise RuntimeError(f"a bug that names {letter.to}")
        return compose(letter, public_url)

    for name in ("a", "b"):
        desk.ask(f"{name}@reader.example")
    desk.house.poll()
    with structlog.testing.capture_logs() as said:
        assert deliver(desk.house.parts, stumbling) == 1
    assert desk.states() == {"failed": 1, "sent": 1}
    assert "a@reader" not in str(said)


def test_what_a_restored_backup_would_send_may_have_been_sent(desk, tmp_path):
    desk.follow()
    desk.thread("In the backup", "As a letter that waits.")
    desk.house.poll()
    backup(desk.house.store.database, tmp_path / "backup.db")
    assert len(desk.deliver()) == 1
    desk.house.world.advance(LOST)
    restore(desk.house.store.database, tmp_path / "backup.db", now=desk.house.world.now())
    assert desk.post(later=HOUR) == []
    assert desk.states() == {"sent": 1, "unknown": 1}
    desk.thread("After it", "It goes on.")
    [letter] = desk.post(later=HOUR)
    assert letter["Subject"] == "Ada: After it"


def test_several_threads_within_the_hour_are_one_letter(desk):
    desk.follow()
    desk.thread("The first", "At once.")
    assert len(desk.post()) == 1
    titles = [f"Number {n}" for n in range(3)]
    for title in titles:
        desk.thread(title, "Within the hour.")
    assert desk.post() == []
    [letter] = desk.post(later=AT_MOST_EVERY)
    assert letter["Subject"] == "Ada: 3 new threads"
    assert all(title in words(letter, kind) for title in titles for kind in ("plain", "html"))
