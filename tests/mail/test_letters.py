"""What letters say, whatever people call themselves and write."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from bot import mail
from bot.domain import Author
from bot.rules.cards import Card
from bot.rules.letters import Letter
from reader.letters import MOST, compose
from tests.mail.test_smtp import settings
from tests.reader.test_hostile import HOSTILE

HERE = "https://reader.example"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MIRA = Author(501, "mira_holt", "Mira Holt")
KNOWN = set(
    "html head meta title style body table tr td p h1 div a bdi br ul li span".split()  # noqa: SIM905 - as in HTML
)


def card(number: int, title: str = "Title", opening: str = "Opening.", author: Author = MIRA, **more) -> Card:
    return Card(
        number, author, NOW, title, opening, **{"lang": "en", "direction": "ltr", **more}, posts=7, minutes=2
    )


def news(*cards: Card, author: Author = MIRA) -> Letter:
    return Letter(1, "threads", "cleo@reader.example", "token", NOW, author, cards)


class Letters(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        told = dict(attrs)
        assert not [name for name in told if name.startswith("on")]
        assert not {"src", "background", "srcset"} & set(told), "nothing is loaded"
        if "href" in told:
            self.addresses.append(told["href"])


@pytest.mark.parametrize("evil", HOSTILE)
def test_no_name_and_no_words_break_out(evil):
    author = Author(501, "mira_holt", evil)
    asked = Letter(2, "confirm", "cleo@reader.example", "token", NOW, pending=(author, MIRA))
    for letter in (news(card(1, evil, evil, author), card(2, "", evil, author), author=author), asked):
        body = compose(letter, HERE)
        found = Letters(body.html)
        assert found.tags <= KNOWN
        assert {urlsplit(each).netloc for each in found.addresses} == {"reader.example"}
        raw = mail.message(letter, body, settings("smtp://localhost"), now=NOW).as_bytes(policy=mail.POLICY)
        head = raw.partition(b"\r\n\r\n")[0]
        assert b"Set-Cookie" not in head.replace(b" Set-Cookie", b"")
        assert max(map(len, raw.split(b"\r\n"))) < 998
        assert raw.isascii()


def test_a_long_digest_ends_and_says_so():
    body = compose(news(*(card(n, f"Thread {n}") for n in range(1, MOST + 6))), HERE)
    assert "Thread 20" in body.text
    assert "Thread 21" not in body.text
    assert f"And 5 more: {HERE}/user/mira_holt" in body.text
    assert "And 5 more" in body.html


def test_a_name_from_right_to_left_turns_nothing_around():
    noa = Author(601, "noa_tal", "נעה טל")
    hebrew = card(1, "מה יודע שומר המגדלור", "המנורה היא החלק הקל.", noa, lang="iw", direction="rtl")
    body = compose(news(hebrew, hebrew, author=noa), HERE)
    assert body.subject == "\u2068נעה טל\u2069: 2 new threads"
    assert 'dir="rtl" lang="he"' in body.html
    assert "text-align:right" in body.html


def test_a_thread_without_a_title_is_told_by_its_opening():
    body = compose(news(card(1, "", "The lamp is the easy part. " * 9)), HERE)
    assert body.subject.startswith("Mira Holt: The lamp is the easy part.")
    assert len(body.subject) <= 90
