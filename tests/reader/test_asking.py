"""Asking on the site itself: the field, the waiting page, the page once more. The house is real."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from bot.store.models import PurchaseRow
from reader import pointing, reasons, visits
from reader.app import create_app
from reader.forms import is_ours
from reader.pointing import Missed, pointed_at
from tests.conftest import House
from tests.reader.conftest import Visitor
from tests.reader.parsing import Page, assert_sound

HERE = "https://reader.example"


@dataclass
class Desk:
    """Somebody in front of the site of a house."""

    house: House
    visitor: Visitor

    def ask(self, pasted: object, **more) -> httpx.Response:
        return self.visitor.request("POST", "/unroll", data={"post": str(pasted)}, **more)

    def refresh(self, thread_id: int) -> httpx.Response:
        return self.visitor.request("POST", f"/thread/{thread_id}/refresh")

    def get(self, path: str) -> httpx.Response:
        return self.visitor.get(path)

    def jobs(self) -> int:
        return sum(self.house.store.jobs.count_by_state().values())


@pytest.fixture
def sit(build):
    def down(**settings) -> Desk:
        house = build(**settings)
        app = create_app(house.store, house.parts.settings, house.world.now)
        return Desk(house, Visitor(app))

    return down


@pytest.fixture
def desk(sit) -> Desk:
    desk = sit()
    desk.house.poll()
    return desk


def a_thread(desk: Desk, *, ago: timedelta = timedelta(hours=1), posts: int = 3):
    return desk.house.world.thread(
        desk.house.author(), [f"Part {n}: the lamp is the easy part." for n in range(posts)], ago=ago
    )


def paragraph(answer: httpx.Response) -> str:
    page = Page(answer.text)
    assert_sound(page)
    return page.text


def test_a_link_leads_to_a_waiting_page_and_then_to_the_thread(desk):
    posts = a_thread(desk)
    answer = desk.ask(f"https://x.com/ada/status/{posts[1].number}?s=20")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/unroll/{posts[1].number}")
    waiting = desk.get(answer.headers["location"])
    assert (waiting.status_code, int(waiting.headers["refresh"]) > 0) == (200, True)
    assert "on its way" in paragraph(waiting)
    desk.house.poll()
    desk.house.work()
    arrived = desk.get(answer.headers["location"])
    assert (arrived.status_code, arrived.headers["location"]) == (303, f"/thread/{posts[0].number}")
    assert "Part 2" in desk.get(arrived.headers["location"]).text
    assert desk.house.store.jobs.of_visitors("unroll", posts[1].number).reply_id is None


def test_what_is_here_already_leads_there_at_once_and_costs_nothing(desk):
    posts = a_thread(desk)
    desk.house.ask(posts[0])
    before = desk.jobs()
    answer = desk.ask(posts[2].number)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/thread/{posts[0].number}")
    assert desk.jobs() == before


def test_asking_twice_waits_for_the_same_job(desk):
    posts = a_thread(desk)
    assert desk.ask(posts[0].number).headers["location"] == desk.ask(posts[0].number).headers["location"]
    assert desk.jobs() == 1


def test_a_refusal_is_said_where_one_waits(desk):
    [post] = a_thread(desk, posts=1)
    address = desk.ask(post.number).headers["location"]
    desk.house.run()
    answer = desk.get(address)
    assert reasons.REASONS["not-a-thread"] in paragraph(answer)
    assert "refresh" not in answer.headers


def test_an_author_who_opted_out_is_known_without_asking_x(desk):
    posts = a_thread(desk)
    desk.house.ask(posts[0])
    desk.house.ask(posts[0], by="ada", text="@unrollbot opt out")
    before = desk.jobs()
    answer = desk.ask(posts[0].number)
    assert reasons.REASONS["author-opted-out"] in paragraph(answer)
    assert desk.jobs() == before


@pytest.mark.parametrize(
    ("pasted", "why"),
    [
        ("", pointing.NOTHING),
        ("https://t.co/abc", pointing.A_SHORT_LINK),
        ("https://x.com/ada", pointing.NO_POST),
        ("x.com", pointing.NO_POST),
        ("https://evil.example/ada/status/20", pointing.ELSEWHERE),
        ("https://x.com.evil.example/ada/status/20", pointing.ELSEWHERE),
        ("https://x.com@evil.example/ada/status/20", pointing.ELSEWHERE),
        ("https://vxtwitter.com/ada/status/20", pointing.ELSEWHERE),
        ("http://169.254.169.254/latest/meta-data", pointing.ELSEWHERE),
        ("99999999999999999999", pointing.ELSEWHERE),
        ("9999999999999999999", pointing.ELSEWHERE),
        ("javascript:alert(1)", pointing.ELSEWHERE),
        ("hello", pointing.ELSEWHERE),
    ],
)
def test_what_names_no_post_gets_one_clear_line_and_keeps_what_was_pasted(desk, pasted, why):
    answer = desk.ask(pasted)
    page = Page(answer.text)
    assert_sound(page)
    assert answer.status_code == 422
    assert page.text.count(why) == 1
    [field] = page.all("input", name="post")
    assert (field["value"], field["aria-describedby"]) == (pasted, "missed")
    assert desk.jobs() == 0


@pytest.mark.parametrize(
    "pasted",
    [
        "20",
        " 20 ",
        "https://x.com/ada/status/20",
        "HTTPS://X.com/ada/status/20",
        "http://twitter.com/ada/status/20/photo/1",
        "https://www.twitter.com/ada/statuses/20#m",
        "https://mobile.twitter.com/ada/status/20?s=20&t=abc",
        "https://m.x.com/ada/status/20",
        "x.com/ada/status/20",
        "https://x.com/i/web/status/20",
        "https://x.com/i/status/20",
        "Look at this: https://x.com/ada/status/20, please",
        "(https://x.com/ada/status/20)",
        f"{HERE}/thread/20",
        f"{HERE}/thread/20.md",
        f"{HERE}/thread/20#p3",
    ],
)
def test_a_post_is_known_by_its_link_or_its_number(pasted):
    assert pointed_at(pasted, HERE) == 20


@pytest.mark.parametrize("pasted", ["٢٠", "20a", "https://x.com/ada/status/20a", "0", "-20", "٢٠ 0x"])
def test_what_only_looks_like_a_number_is_none(pasted):
    assert isinstance(pointed_at(pasted, HERE), Missed)


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": HERE}, False),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
        ({"origin": HERE}, True),
        ({"origin": "http://127.0.0.1:8000", "host": "127.0.0.1:8000"}, True),
        ({"origin": "https://evil.example", "host": "reader.example"}, False),
        ({"origin": "https://reader.example.evil.example"}, False),
        ({"origin": "null"}, False),
    ],
)
def test_another_sites_form_is_not_ours(headers, ours):
    assert is_ours(headers, HERE) is ours


def test_plain_http_has_only_our_own_silence_to_go_by():
    assert is_ours({"origin": "null"}, "http://reader.example")
    assert not is_ours({"origin": "http://evil.example"}, "http://reader.example")


@pytest.mark.parametrize("path", ["/unroll", "/thread/{}/refresh"])
def test_another_site_cannot_ask_in_a_readers_name(desk, path):
    posts = a_thread(desk)
    desk.house.ask(posts[0])
    before = desk.jobs()
    answer = desk.visitor.request(
        "POST",
        path.format(posts[0].number),
        data={"post": "20"},
        headers={"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    assert visits.NOT_FROM_HERE.title in paragraph(answer)
    assert desk.jobs() == before


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"content": b"x" * 5000, "headers": {"content-type": "application/x-www-form-urlencoded"}}, 413),
        ({"content": b"a=1&" * 500, "headers": {"content-type": "application/x-www-form-urlencoded"}}, 413),
        ({"json": {"post": "20"}}, 415),
        ({"files": {"post": b"20"}}, 415),
    ],
)
def test_what_is_no_small_form_is_turned_away(desk, more, status):
    answer = desk.visitor.request("POST", "/unroll", **more)
    assert answer.status_code == status
    assert visits.NOT_A_FORM.title in paragraph(answer)
    assert desk.jobs() == 0


def test_a_visitor_has_so_many_a_day(sit):
    desk = sit(unrolls_per_visitor_per_day=2)
    assert [desk.ask(number).status_code for number in (20, 21, 22)] == [303, 303, 429]
    answer = desk.ask(23)
    assert visits.ASKED_ENOUGH.title in paragraph(answer)
    assert int(answer.headers["retry-after"]) > 0
    assert desk.jobs() == 2
    assert desk.ask(20).status_code == 303, "what waits already is led to all the same"


def test_visitors_cannot_spend_more_than_their_share(sit):
    desk = sit(site_budget_usd=Decimal("0.08"), daily_budget_usd=Decimal(5))
    desk.house.poll()
    first, second = a_thread(desk, posts=5), a_thread(desk, posts=5)
    address = desk.ask(first[0].number).headers["location"]
    desk.house.poll()
    desk.house.work()
    assert desk.get(address).status_code == 303
    spend, today = desk.house.store.spend, desk.house.world.now().date()
    assert 0 < spend.spent_for_site(today) <= 80_000
    address = desk.ask(second[0].number).headers["location"]
    desk.house.poll()
    desk.house.work()
    assert reasons.REASONS["over-budget"] in paragraph(desk.get(address))
    assert spend.spent_for_site(today) <= 80_000
    mention = desk.house.world.mention(desk.house.world.author("asker"), under=second[0])
    desk.house.poll()
    desk.house.work()
    assert desk.house.job(mention).state == "done", "who mentions the bot is not kept waiting by visitors"


def test_an_empty_purse_is_said_at_the_door(sit):
    desk = sit(site_budget_usd=Decimal(0))
    answer = desk.ask(20)
    assert answer.status_code == 503
    assert visits.OVER_BUDGET.title in paragraph(answer)
    assert desk.jobs() == 0


def test_a_refresh_brings_what_was_added_and_leads_back(desk):
    posts = a_thread(desk)
    desk.house.ask(posts[0])
    thread = f"/thread/{posts[0].number}"
    assert "Part 9" not in desk.get(thread).text
    desk.house.world.post(desk.house.author(), "Part 9: the late one.", reply_to=posts[-1])
    desk.house.settle_index()
    answer = desk.refresh(posts[1].number)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{thread}/refresh")
    assert "Looking again" in paragraph(desk.get(f"{thread}/refresh"))
    desk.house.poll()
    desk.house.work()
    back = desk.get(f"{thread}/refresh")
    assert (back.status_code, back.headers["location"]) == (303, f"{thread}#checked")
    assert "Part 9" in desk.get(thread).text


def test_a_refresh_of_what_was_checked_just_now_leads_straight_back(desk):
    posts = a_thread(desk)
    desk.house.ask(posts[0])
    desk.house.settle_index()
    thread = f"/thread/{posts[0].number}"
    desk.refresh(posts[0].number)
    desk.house.poll()
    desk.house.work()
    before = desk.jobs()
    assert desk.refresh(posts[0].number).headers["location"] == f"{thread}#checked"
    assert desk.jobs() == before


def test_a_refresh_where_nothing_is_new_is_free_on_the_same_day(desk):
    posts = a_thread(desk)
    desk.house.ask(posts[0])
    desk.house.settle_index()
    spent = desk.house.world.ledger.total
    desk.refresh(posts[0].number)
    desk.house.poll()
    desk.house.work()
    assert desk.house.store.jobs.of_visitors("refresh", posts[0].number).state == "done"
    assert desk.house.world.ledger.total == spent


@dataclass
class Spent:
    """The day's money is gone after a thread was unrolled; what happens from here on costs nothing."""

    desk: Desk
    posts: list
    billed: Decimal

    @property
    def path(self) -> str:
        return f"/thread/{self.posts[0].number}"

    def refresh(self) -> httpx.Response:
        answer = self.desk.refresh(self.posts[0].number)
        self.desk.house.poll()
        self.desk.house.work()
        return answer

    def job(self):
        return self.desk.house.store.jobs.of_visitors("refresh", self.posts[0].number)

    def costs(self) -> Decimal:
        return self.desk.house.world.ledger.total - self.billed


@pytest.fixture(params=["daily", "site"])
def spent(request, sit) -> Spent:
    """The one budget as well as the other; quotes are read like all else."""
    with_money = sit()
    with_money.house.poll()
    world = with_money.house.world
    quoted = world.post(world.author("tomas"), "Forty letters.", ago=timedelta(hours=9))
    posts = a_thread(with_money)
    ago = timedelta(minutes=50)
    posts.append(world.post("ada", "Found these.", reply_to=posts[-1], quote=quoted, ago=ago))
    with_money.house.ask(posts[0])
    with_money.house.settle_index()
    today = world.now().date()
    used = Decimal(with_money.house.store.spend.spent(today)) / 1_000_000
    budgets = {"daily": {"daily_budget_usd": used}, "site": {"site_budget_usd": Decimal(0)}}
    return Spent(sit(**budgets[request.param]), posts, world.ledger.total)


def test_without_money_a_page_is_read_again_where_that_is_free(spent):
    spent.desk.house.world.delete(spent.posts[1])
    assert spent.refresh().headers["location"] == f"{spent.path}/refresh"
    assert (spent.job().state, spent.job().reason) == ("done", "only-confirmed")
    assert spent.costs() == 0
    assert "Part 1" not in spent.desk.get(spent.path).text
    answer = spent.desk.get(f"{spent.path}/refresh")
    assert visits.ONLY_CONFIRMED in paragraph(answer)
    assert "refresh" not in answer.headers


def test_without_money_what_was_added_is_neither_bought_nor_promised(spent):
    world = spent.desk.house.world
    world.post("ada", "Part 9: the late one.", reply_to=spent.posts[-1])
    spent.desk.house.settle_index()
    spent.refresh()
    assert spent.costs() == 0
    assert "Part 9" not in spent.desk.get(spent.path).text
    assert "was not looked for" in paragraph(spent.desk.get(f"{spent.path}/refresh"))


def test_without_money_a_page_of_another_day_is_not_read_again(spent):
    house = spent.desk.house
    house.world.advance(timedelta(days=1) - timedelta(hours=house.world.now().hour))
    today = house.world.now().date()
    money = [("reply", 1)]
    price = int(house.parts.settings.daily_budget_usd * 1_000_000)
    house.store.spend.book(money, prices={"reply": price}, job_id=None, now=house.world.now())
    assert house.store.spend.spent(today) == price
    before = spent.desk.jobs()
    answer = spent.desk.refresh(spent.posts[0].number)
    assert answer.status_code == 503
    assert "X would bill this page again" in paragraph(answer)
    assert int(answer.headers["retry-after"]) > 0
    assert spent.desk.jobs() == before
    assert spent.costs() == 0


def test_without_money_an_edited_page_waits_until_it_can_be_read_whole(spent):
    spent.desk.house.world.edit(spent.posts[1], "Part 1, better.")
    spent.refresh()
    assert (spent.job().state, spent.job().reason) == ("waiting", "over-budget")
    assert spent.costs() == 0
    assert reasons.REASONS["over-budget"] in paragraph(spent.desk.get(f"{spent.path}/refresh"))


def test_one_post_that_x_would_bill_is_enough_to_refuse(sit):
    desk = sit()
    desk.house.poll()
    posts = a_thread(desk)
    desk.house.ask(posts[0])
    desk.house.settle_index()
    spend, today = desk.house.store.spend, desk.house.world.now().date()
    with spend.database.write() as session:  # as if it had been read yesterday, late
        session.delete(session.get_one(PurchaseRow, (today, "post", posts[1].number)))
    assert sit(site_budget_usd=Decimal(0)).refresh(posts[0].number).status_code == 503


def test_authors_are_read_again_only_where_that_is_free(desk):
    """Posts that a recheck has read again without their authors are free today; their authors are not."""
    posts = a_thread(desk)
    desk.house.ask(posts[0])
    world = desk.house.world
    world.advance(timedelta(days=1))
    desk.house.poll()
    world.advance(timedelta(minutes=2))
    desk.house.poll()
    bought = desk.house.store.spend.bought
    assert bought("post", [post.number for post in posts], world.now().date())
    assert not bought("user", [int(desk.house.author().id)], world.now().date())
    spent = world.ledger.total
    desk.refresh(posts[0].number)
    desk.house.poll()
    desk.house.work()
    assert desk.house.store.jobs.of_visitors("refresh", posts[0].number).state == "done"
    assert world.ledger.total == spent


def test_a_page_is_refreshed_so_often_a_day_whoever_asks(sit):
    desk = sit(refreshes_per_thread_per_day=1)
    posts = a_thread(desk)
    desk.house.ask(posts[0])
    for expected in (303, 429):
        desk.house.settle_index()
        answer = desk.refresh(posts[0].number)
        assert answer.status_code == expected
        desk.house.poll()
        desk.house.work()
    assert visits.CHECKED_ENOUGH.title in paragraph(answer)


@pytest.mark.parametrize("number", ["20", "soup"])
def test_only_a_page_that_is_here_is_refreshed(desk, number):
    answer = desk.visitor.request("POST", f"/thread/{number}/refresh")
    assert answer.status_code == 404
    assert desk.jobs() == 0


def test_nobody_has_asked_for_it_yet_and_one_button_does(desk):
    posts = a_thread(desk)
    for path in (f"/thread/{posts[0].number}", f"/unroll/{posts[0].number}"):
        answer = desk.get(path)
        page = Page(answer.text)
        assert_sound(page)
        assert answer.status_code == 404
        assert page.all("form", action="/unroll")
        assert page.all("input", type="hidden", name="post", value=str(posts[0].number))


def test_a_poller_that_sleeps_is_named_where_one_waits(desk):
    address = desk.ask(20).headers["location"]
    desk.house.world.advance(timedelta(minutes=10))
    assert "not at work" in paragraph(desk.get(address))
    mention = desk.house.world.mention(desk.house.world.author("asker"), under=a_thread(desk)[0])
    desk.house.poll()
    desk.house.world.advance(timedelta(minutes=10))
    assert "not at work" in paragraph(desk.get(f"/status/{mention.number}"))
    desk.house.poll()
    assert "not at work" not in paragraph(desk.get(address))


def test_a_hidden_page_can_be_checked_by_whoever_wants_to_read_it(desk):
    posts = a_thread(desk)
    desk.house.ask(posts[0])
    desk.house.world.advance(timedelta(hours=30))
    hidden = desk.get(f"/thread/{posts[0].number}")
    assert hidden.status_code == 503
    assert Page(hidden.text).all("form", action=f"/thread/{posts[0].number}/refresh")
    desk.refresh(posts[0].number)
    desk.house.poll()
    desk.house.work()
    assert desk.get(f"/thread/{posts[0].number}").status_code == 200
