"""A house with a post office beside it, and somebody in front of its site."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage

import httpx
import pytest
from pydantic import SecretStr

from bot.flows.letters import deliver
from reader.app import create_app
from reader.letters import compose
from tests.conftest import House
from tests.mail.post_office import PostOffice, opened
from tests.reader.conftest import Visitor

CLEO = "cleo@reader.example"


@dataclass
class Desk:
    house: House
    office: PostOffice
    visitor: Visitor

    def thread(self, *texts: str, by: str = "ada") -> int:
        """Somebody writes a thread, and somebody else has it unrolled."""
        words = texts or ("The lamp is the easy part.", "Then comes the waiting.")
        posts = self.house.world.thread(self.house.author(by), list(words), ago=timedelta(hours=1))
        self.house.ask(posts[0])
        return posts[0].number

    def post(self, *, later: timedelta = timedelta()) -> list[EmailMessage]:
        """The poller and a worker do what is due then: the letters that arrive."""
        self.house.world.advance(later)
        self.house.poll()
        return self.deliver()

    def deliver(self, *, later: timedelta = timedelta()) -> list[EmailMessage]:
        """A worker alone."""
        self.house.world.advance(later)
        before = len(self.office.kept)
        deliver(self.house.parts, compose)
        return self.office.kept[before:]

    def ask(self, address: str = CLEO, by: str = "ada", **more) -> httpx.Response:
        return self.visitor.request("POST", f"/user/{by}/subscribe", data={"address": address}, **more)

    def follow(self, address: str = CLEO, by: str = "ada") -> None:
        self.ask(address, by)
        [letter] = self.post()
        self.confirm(link(letter, "subscribe"))

    def confirm(self, path: str) -> httpx.Response:
        [shown] = re.findall(r'name="post" value="(\d+)"', self.visitor.get(path).text)
        return self.visitor.request("POST", path, data={"post": shown})

    def states(self) -> dict[str, int]:
        return self.house.store.letters.count_by_state()

    def followers(self) -> list[str]:
        return [each.address for each in self.house.store.subscriptions.followers()]


def words(letter: EmailMessage, kind: str = "plain") -> str:
    part = letter.get_body((kind,))
    assert part is not None
    return part.get_content()


def link(letter: EmailMessage, what: str) -> str:
    """The path of the one link of that kind in a letter, the same in its text and its HTML."""
    found = {
        path for kind in ("plain", "html") for path in re.findall(rf"/{what}/[\w-]+", words(letter, kind))
    }
    [path] = found
    return path


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with opened() as office:
        yield office


@pytest.fixture
def sit(build, office) -> Callable[..., Desk]:
    def down(**settings) -> Desk:
        told = {"smtp_url": SecretStr(office.url), "mail_from": "unroll <letters@reader.example>"}
        house = build(**{**told, **settings})
        return Desk(house, office, Visitor(create_app(house.store, house.parts.settings, house.world.now)))

    return down


@pytest.fixture
def desk(sit) -> Desk:
    """A thread of Ada's is here."""
    desk = sit()
    desk.thread()
    return desk
