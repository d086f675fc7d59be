"""What the client promises beyond the answer itself: an end, a bill, and no secrets."""

import logging
from datetime import timedelta

import pytest

from bot.errors import Transient, UnrollError
from bot.rules.plan import Search
from bot.x.connection import Session
from bot.x.price import Item, bill

MENTIONS, LOOKUP = "GET /2/users/:id/mentions", "GET /2/tweets"


@pytest.fixture
def root(house):
    return house.world.post(house.author(), "A root.", ago=timedelta(hours=2))


def bot_id(house):
    return int(house.world.bot.id)


def test_mentions_come_oldest_first_and_end(house, x, root):
    asked = [house.world.mention(f"asker{n}", under=root) for n in range(120)]
    found = x.mentions(bot_id(house), since_id=None)
    assert [mention.id for mention in found] == [post.number for post in asked]
    assert len(house.world.ledger.calls) == 2
    assert x.mentions(bot_id(house), since_id=asked[-2].number)[0].id == asked[-1].number


def test_the_newest_800_are_all_there_is(house, x, root):
    for n in range(830):
        house.world.mention(f"asker{n % 40}", under=root, text=f"@unrollbot unroll {n}")
    assert len(x.mentions(bot_id(house), since_id=None)) == 800
    assert len(house.world.ledger.calls) == 8


@pytest.mark.parametrize("ask", ["mentions", "search", "own_replies"])
def test_pagination_that_repeats_itself_ends(house, x, root, monkeypatch, ask):
    for n in range(120):
        house.world.mention(f"asker{n}", under=root)
        house.world.post("ada", f"Part {n}.", reply_to=root, ago=timedelta(minutes=90))
    calls = {
        "mentions": lambda: x.mentions(bot_id(house), since_id=None),
        "search": lambda: x.search(Search(root.number, "ada"), room=5_000),
        "own_replies": lambda: list(x.own_replies(bot_id(house), since_id=root.number)),
    }
    real = type(x)._call

    def same_page_again(self, endpoint, name, **params):
        params.pop("pagination_token", None)
        params.pop("next_token", None)
        answer = real(self, endpoint, name, **params)
        return answer | {"meta": answer.get("meta", {}) | {"next_token": "again"}}

    monkeypatch.setattr(type(x), "_call", same_page_again)
    calls[ask]()
    assert len(house.world.ledger.calls) <= 8


class TestTheBill:
    def test_it_is_what_x_bills(self, house, x, purse, root):
        house.world.mention("asker", under=root)
        x.mentions(bot_id(house), since_id=None)
        x.lookup((root.number,))
        assert {item.resource for item in purse.booked} == {"mention", "post", "user"}
        assert purse.reserved == 0

    @pytest.mark.parametrize("fault", ["cut_before", "garbage", "credits_depleted", "rate_limited"])
    def test_a_failed_call_gives_back_what_it_reserved(self, house, x, purse, root, impatient, fault):
        getattr(house.world.faults, fault)(LOOKUP)
        with pytest.raises(UnrollError):
            x.lookup((root.number,))
        assert (purse.reserved, purse.booked) == (0, [])

    def test_a_failed_reply_gives_back_what_it_reserved(self, house, x, purse, root):
        house.world.faults.cut_before("POST /2/tweets")
        with pytest.raises(Transient):
            x.reply("Hi.", to=root.number)
        assert (purse.reserved, purse.booked) == (0, [])

    def test_no_call_is_made_that_cannot_be_paid(self, house, x, purse, root):
        purse.budget = 1
        for act in (
            lambda: x.lookup((root.number,)),
            lambda: x.search(Search(root.number, "ada"), room=100),
            lambda: x.mentions(bot_id(house), since_id=None),
            lambda: x.reply("Hi.", to=root.number),
        ):
            with pytest.raises(Transient, match="over-budget"):
                act()
        assert house.world.ledger.calls == []

    def test_both_dialects_and_nothing_else(self):
        old = {"data": [{"id": "1"}], "includes": {"tweets": [{"id": "2"}], "users": [{"id": "7"}]}}
        new = {"data": [{"id": "1"}], "includes": {"posts": [{"id": "2"}], "users": [{"id": "7"}]}}
        assert bill(old) == bill(new) == [Item("post", 1), Item("post", 2), Item("user", 7)]
        assert bill({"data": {"id": "7", "username": "ada"}}) == [Item("user", 7)]
        assert bill({"data": [{"id": "1"}]}, own_mentions=True) == [Item("mention", 1)]

    @pytest.mark.parametrize(
        "strange",
        [{}, {"data": None}, {"data": ["x", 5]}, {"data": [{"id": "x"}]}, {"includes": [1]}, {"data": "x"}],
    )
    def test_what_has_no_id_costs_nothing(self, strange):
        assert bill(strange) == []


def test_no_secret_is_logged_even_at_debug(house, x, root, caplog, impatient):
    caplog.set_level(logging.DEBUG)
    mention = house.world.mention("asker", under=root)
    x.me()
    x.lookup((root.number,))
    x.reply("Here you are.", to=mention.number)
    house.world.faults.cut_before(LOOKUP)
    with pytest.raises(Transient):
        x.lookup((root.number,))
    keys = house.world.credentials
    for secret in (keys.consumer_key, keys.consumer_secret, keys.access_token, keys.access_token_secret):
        assert secret not in caplog.text
    assert keys.bearer_token not in caplog.text
    assert "oauth_signature" not in caplog.text


@pytest.mark.parametrize(
    "host", ["https://api.twitter.com", "https://api.x.com", "https://elsewhere.example"]
)
def test_no_call_leaves_for_another_host(house, host):
    with Session(house.url) as session:
        answer = session.get(f"{host}/2/tweets?ids=1")
    assert answer.status_code == 401
    assert answer.url == f"{house.url}/2/tweets?ids=1"
