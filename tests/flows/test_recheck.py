"""What is gone on X is gone here: within the day, to the last byte, and for the money that was set aside."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.flows import recheck as flow
from bot.flows.recheck import TIDY_EVERY, recheck
from bot.x.price import PRICES
from reader.app import create_app
from sandbox.world import World
from tests.conftest import House

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
POST = PRICES["post"]


@pytest.fixture
def world() -> World:
    """It is noon: what a story does on one day stays on that day."""
    began = datetime.now(UTC)
    return World(now=lambda: NOON + (datetime.now(UTC) - began))


@pytest.fixture
def ada(world):
    return world.author("ada", name="Ada Quill", bio="Writes about lamps.")


@pytest.fixture
def posts(world, ada):
    return world.thread(ada, ["One lamp.", "Two lamps.", "Three lamps.", "Four lamps."], ago=2 * HOUR)


def visit(house: House, path: str, **headers: str) -> httpx.Response:
    """What a reader gets, at the world's time."""
    app = create_app(house.store, house.parts.settings, house.world.now)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="https://reader.example"
        ) as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def page(house: House, post) -> httpx.Response:
    return visit(house, f"/thread/{post.number}")


def asked(house: House, post, by: str = "asker") -> None:
    house.ask(post, by=by)
    assert page(house, post).status_code == 200


def look_again(house: House, *, after: timedelta = HOUR, rounds: int = 3) -> int:
    """Lets time pass and the poller tick; the posts that X was asked for."""
    house.world.advance(after)
    return sum(house.poll().rechecked for _ in range(rounds))


def cost(house: House, act: Callable[[], object]) -> int:
    """Micro-dollars that X bills for it, besides the look at the mentions."""
    ledger = house.world.ledger
    before = ledger.micros - ledger.by_resource["mention_read"] * PRICES["mention"]
    act()
    return ledger.micros - ledger.by_resource["mention_read"] * PRICES["mention"] - before


def words(shown: httpx.Response) -> str:
    """What stands in the article itself."""
    return shown.text[shown.text.index("<article") :]


def bytes_left(house: House, words: bytes) -> list[str]:
    """The files of the house that hold these words, the database still open."""
    folder = house.parts.settings.media_dir.parent
    return [path.name for path in folder.rglob("*") if path.is_file() and words in path.read_bytes()]


def removals(house: House) -> dict[str, int]:
    found = house.store.removals.counts(since=NOON.date())
    return {each.reason: sum(e.posts for e in found if e.reason == each.reason) for each in found}


def test_a_deleted_post_leaves_a_gap_and_no_byte(house, posts):
    asked(house, posts[0])
    assert bytes_left(house, b"Three lamps")
    etag = page(house, posts[0]).headers["etag"]
    house.world.delete(posts[2])
    look_again(house)
    shown = page(house, posts[0])
    assert "Three lamps" not in shown.text
    assert "A post here was deleted." in shown.text
    order = [words(shown).index(each) for each in ("Two lamps", "was deleted", "Four lamps")]
    assert order == sorted(order)
    assert visit(house, f"/thread/{posts[0].number}", **{"If-None-Match": etag}).status_code == 200
    for suffix in (".json", ".md", ".txt"):
        assert "Three lamps" not in visit(house, f"/thread/{posts[0].number}{suffix}").text
    assert bytes_left(house, b"Three lamps") == []
    assert removals(house) == {"deleted": 1}
    assert house.store.threads.missing([posts[2].number]) == {posts[2].number: "deleted"}


def test_the_last_post_that_is_deleted_leaves_a_gap_too(house, posts):
    asked(house, posts[0])
    house.world.delete(posts[3])
    look_again(house)
    shown = page(house, posts[0])
    assert words(shown).index("Three lamps") < words(shown).index("was deleted")
    assert "Not the whole thread" in shown.text


def test_the_first_post_that_is_deleted_leaves_the_address(house, posts):
    asked(house, posts[0])
    house.world.delete(posts[0])
    look_again(house)
    shown = page(house, posts[0])
    assert shown.status_code == 200
    assert words(shown).index("was deleted") < words(shown).index("Two lamps")


@pytest.mark.parametrize("deed", ["protect", "suspend"])
def test_an_author_who_is_no_longer_public_leaves_a_tombstone(house, ada, posts, deed):
    asked(house, posts[0])
    getattr(house.world, deed)(ada)
    look_again(house)
    shown = page(house, posts[0])
    assert shown.status_code == 410
    for gone in (b"lamps", b"Writes about"):
        assert gone.decode() not in shown.text
        assert bytes_left(house, gone) == []
    assert sum(removals(house).values()) == 4


@pytest.mark.parametrize("deed", ["protect", "suspend"])
def test_an_author_who_is_public_again_is_read_again_with_the_next_request(house, world, ada, posts, deed):
    asked(house, posts[0])
    getattr(world, deed)(ada)
    look_again(house)
    refused = house.ask(posts[1], by="ben")
    assert house.job(refused).reason == ("protected" if deed == "protect" else "post-gone")
    getattr(world, deed)(ada, **{f"{deed}ed": False})
    world.advance(HOUR)
    assert cost(house, lambda: look_again(house)) == 0
    assert page(house, posts[0]).status_code == 410
    house.ask(posts[1], by="cleo")
    shown = page(house, posts[0])
    assert shown.status_code == 200
    assert [words(shown).count(text) for text in ("<h1>One lamp", "Four lamps", "gap")] == [1, 1, 0]
    assert house.store.threads.find(posts[0].number).thread.complete
    assert removals(house) == {"protected" if deed == "protect" else "deleted": 4}


def test_a_quote_that_is_public_again_is_shown_again(house, world, ada):
    chart = world.post("ben", "A chart of lamps.", ago=5 * HOUR)
    thread = world.thread(ada, ["One lamp.", {"text": "See this.", "quote": chart}], ago=2 * HOUR)
    world.protect("ben")
    asked(house, thread[0])
    assert "A chart of lamps" not in page(house, thread[0]).text
    world.protect("ben", protected=False)
    world.advance(HOUR)
    house.ask(thread[0], by="cleo")
    assert "A chart of lamps" in page(house, thread[0]).text


def test_a_deleted_page_is_not_asked_for_twice_within_minutes(house, world, posts):
    asked(house, posts[0])
    for post in posts:
        world.delete(post)
    look_again(house)
    house.ask(posts[0], by="ben")
    calls = len(world.ledger.calls_to("GET /2/tweets"))
    mention = house.ask(posts[0], by="cleo")
    assert house.job(mention).reason == "post-gone"
    assert len(world.ledger.calls_to("GET /2/tweets")) == calls


def test_one_post_withheld_is_a_gap(house, posts):
    asked(house, posts[0])
    house.world.withhold(posts[1])
    look_again(house)
    shown = page(house, posts[0]).text
    assert "Two lamps" not in shown
    assert "withheld" in shown
    assert bytes_left(house, b"Two lamps") == []


@pytest.mark.parametrize(
    ("served", "gone"), [((), True), (("DE",), True), (("de", "fr"), True), (("US",), False)]
)
def test_withheld_in_some_countries_counts_where_we_are_read(build, posts, served, gone):
    house = build(served_countries=served)
    asked(house, posts[0])
    house.world.withhold(posts[1], countries=("DE",))
    look_again(house)
    shown = page(house, posts[0]).text
    assert ("Two lamps" not in shown) == gone
    assert ("withheld" in shown) == gone


@pytest.mark.parametrize("served", [(), ("DE",), ("US",)])
def test_withheld_after_a_complaint_about_copyright_is_gone_everywhere(build, posts, served):
    house = build(served_countries=served)
    asked(house, posts[0])
    house.world.withhold(posts[1], copyright=True)
    look_again(house)
    assert "Two lamps" not in page(house, posts[0]).text
    assert bytes_left(house, b"Two lamps") == []


@pytest.mark.parametrize("how", [{"countries": ("DE",)}, {"copyright": True}])
def test_withheld_from_the_start_is_never_kept(house, posts, how):
    house.world.withhold(posts[1], **how)
    asked(house, posts[0])
    assert "withheld" in page(house, posts[0]).text
    assert bytes_left(house, b"Two lamps") == []


def test_an_edit_replaces_the_words_and_says_so(house, posts):
    asked(house, posts[0])
    house.world.edit(posts[1], "Two lamps, mended.")
    look_again(house)
    shown = page(house, posts[0]).text
    assert "Two lamps, mended." in shown
    assert 'class="ed">edited' in shown
    assert bytes_left(house, b'"Two lamps."') == []
    assert removals(house) == {"edited": 1}


def test_an_edit_that_nobody_can_pay_for_is_no_confirmation(build, posts):
    house = build(recheck_budget_usd="0")
    asked(house, posts[0])
    house.world.edit(posts[1], "Two lamps, mended.")
    look_again(house)
    assert "mended" not in page(house, posts[0]).text
    house.world.advance(timedelta(hours=23))
    assert page(house, posts[0]).status_code == 503


@pytest.fixture(params=["folder", "bucket"])
def wherever(request, build):
    """The house with its pictures in a folder, and in a bucket."""
    if request.param == "folder":
        return build()
    bucket = request.getfixturevalue("bucket")
    return build(media_dir=bucket.address, media_endpoint_url=bucket.endpoint)


def test_pictures_go_with_their_post_and_so_do_their_copies(wherever, world, ada):
    house = wherever
    posts = world.thread(ada, ["See:", {"text": "A lamp.", "media": ["lamp.jpg"]}, "Nice."], ago=2 * HOUR)
    asked(house, posts[0])
    assert house.illustrate(posts[0].number)
    picture = house.store.threads.find(posts[0].number).thread.posts[1].media[0].url
    kept = house.store.threads.find(posts[0].number).pictures[picture]
    files = {kept.sha256, *(copy.name for copy in kept.copies)}
    assert len(files) > 3
    assert files <= {each.key.rpartition("/")[2] for each in house.parts.files.list()}
    assert {visit(house, f"/media/{file}").status_code for file in files} == {200}
    world.delete(posts[1])
    look_again(house)
    assert {visit(house, f"/media/{file}").status_code for file in files} == {404}
    assert not files & {each.key.rpartition("/")[2] for each in house.parts.files.list()}
    assert picture not in page(house, posts[0]).text
    assert not house.parts.files.local or bytes_left(house, picture.rsplit("/", 1)[-1].encode()) == []


def test_pictures_are_hidden_with_their_page(build, world, ada):
    house = build(recheck_budget_usd="0")
    posts = world.thread(ada, ["See:", {"text": "A lamp.", "media": ["lamp.jpg"]}], ago=2 * HOUR)
    asked(house, posts[0])
    assert house.illustrate(posts[0].number)
    files = [f"/media/{each.sha256}" for each in house.store.threads.find(posts[0].number).pictures.values()]
    assert {visit(house, file).status_code for file in files} == {200}
    world.advance(DAY)
    assert {visit(house, file).status_code for file in files} == {404}


def test_a_quoted_post_of_somebody_else_goes_too(house, world, ada):
    quoted = world.post("ben", "Lamps are overrated.", ago=3 * HOUR)
    root = world.post(ada, "Not at all:", quote=quoted, ago=2 * HOUR)
    world.post(ada, "They are not.", reply_to=root, ago=HOUR)
    asked(house, root)
    assert "overrated" in page(house, root).text
    world.delete(quoted)
    look_again(house)
    shown = page(house, root)
    assert "overrated" not in shown.text
    assert "It is not available here." in shown.text
    assert bytes_left(house, b"overrated") == []


def test_an_authors_new_name_is_taken_where_it_is_free(house, ada, posts):
    asked(house, posts[0])
    ada.name = "Ada Quill-Feather"
    assert cost(house, lambda: look_again(house)) == 0
    assert "Ada Quill-Feather" in page(house, posts[0]).text
    ada.name = "Ada Plume"
    assert cost(house, lambda: look_again(house, after=DAY - 2 * HOUR)) == 4 * POST
    assert "Ada Plume" not in page(house, posts[0]).text


def test_to_look_again_is_free_on_the_day_and_costs_the_posts_on_the_next(house, posts):
    asked(house, posts[0])
    assert look_again(house, after=timedelta(minutes=10)) == 0
    assert cost(house, lambda: look_again(house)) == 0
    assert cost(house, lambda: look_again(house, after=12 * HOUR)) == 4 * POST
    assert cost(house, lambda: look_again(house, after=6 * HOUR)) == 0
    spent = house.store.spend.spent_on_rechecks(house.world.now().date())
    assert spent == 4 * POST


def test_a_page_at_rest_stays_as_it_is(house, posts):
    asked(house, posts[0])
    before = house.store.threads.stamp(posts[0].number)
    look_again(house, after=DAY)
    after = house.store.threads.stamp(posts[0].number)
    assert (after.version, after.etag) == (before.version, before.etag)
    assert after.confirmed_at > before.confirmed_at
    assert [job.kind for job in house.store.jobs.newest()] == ["unroll"]


def test_the_budget_is_kept_the_newest_page_first_and_the_rest_hidden(build, world, ada):
    house = build(recheck_budget_usd="0.02")
    threads = []
    for number in range(3):
        posts = world.thread(ada, [f"Lamp {number}{letter}." for letter in "abcd"], ago=2 * HOUR)
        asked(house, posts[0], by=f"asker{number}")
        threads.append(posts)
        world.advance(timedelta(minutes=5))
    for _ in range(12):
        look_again(house, after=4 * HOUR)
    assert [page(house, posts[0]).status_code for posts in threads] == [503, 503, 200]
    assert house.store.spend.spent_on_rechecks(world.now().date()) == 4 * POST
    hidden = visit(house, f"/thread/{threads[0][0].number}.md")
    assert (hidden.status_code, hidden.headers["retry-after"]) == (503, "3600")
    assert "Lamp" not in hidden.text


def test_the_days_budget_stands_over_the_rechecks(build, posts):
    house = build(daily_budget_usd="0.5", recheck_budget_usd="1")
    asked(house, posts[0])
    others = [("post", number) for number in range(97)]
    house.store.spend.book(others, prices=PRICES, job_id=None, now=house.world.now() + DAY)
    assert cost(house, lambda: look_again(house, after=DAY)) == 0
    assert page(house, posts[0]).status_code == 503


def test_a_hidden_page_comes_back_by_itself(build, posts):
    house = build(recheck_budget_usd="0")
    asked(house, posts[0])
    look_again(house, after=DAY)
    hidden = page(house, posts[0])
    assert hidden.status_code == 503
    assert "comes back by itself" in hidden.text
    richer = build(recheck_budget_usd="1")
    look_again(richer)
    assert page(richer, posts[0]).status_code == 200


def test_who_asks_for_a_hidden_page_is_answered_with_a_page(build, posts):
    house = build(recheck_budget_usd="0")
    asked(house, posts[0])
    look_again(house, after=DAY)
    assert page(house, posts[0]).status_code == 503
    house.ask(posts[1], by="another")
    assert page(house, posts[0]).status_code == 200


def test_an_operator_may_show_what_is_not_confirmed(build, posts):
    house = build(recheck_budget_usd="0", hide_unconfirmed=False)
    asked(house, posts[0])
    look_again(house, after=3 * DAY)
    assert page(house, posts[0]).status_code == 200


def test_a_tombstone_stays_one_when_it_grows_old(house, ada, posts):
    asked(house, posts[0])
    house.world.protect(ada)
    look_again(house)
    assert look_again(house, after=3 * DAY) == 0
    assert page(house, posts[0]).status_code == 410


def test_where_x_is_down_nothing_is_lost(house, posts):
    asked(house, posts[0])
    house.world.delete(posts[2])
    house.world.faults.answer("GET /2/tweets", 503, times=9)
    look_again(house)
    assert "Three lamps" in page(house, posts[0]).text
    house.world.faults.clear()
    look_again(house)
    assert "Three lamps" not in page(house, posts[0]).text


def test_a_page_that_we_stumble_over_stops_no_other_and_is_hidden(house, world, ada, posts, monkeypatch):
    poisoned = world.thread(ada, ["A moth.", "Two moths."], ago=2 * HOUR)
    for root in (posts[0], poisoned[0]):
        asked(house, root)
    real = flow.revised

    def stumbles(thread, word):
        if thread.id == poisoned[0].number:
            raise ValueError("a moth in the works")
        return real(thread, word)

    monkeypatch.setattr(flow, "revised", stumbles)
    world.delete(posts[2])
    look_again(house)
    assert "Three lamps" not in page(house, posts[0]).text
    look_again(house, after=DAY)
    assert page(house, posts[0]).status_code == 200
    assert page(house, poisoned[0]).status_code == 503
    monkeypatch.undo()
    look_again(house)
    assert page(house, poisoned[0]).status_code == 200


def test_requests_go_first_but_not_for_ever(house, world, posts):
    asked(house, posts[0])
    world.advance(HOUR - timedelta(minutes=1))
    assert house.poll().rechecked == 0
    world.advance(timedelta(minutes=1))
    world.mention(world.author("another"), under=posts[0])
    assert house.poll().rechecked == 0
    world.advance(timedelta(minutes=5))
    assert house.poll().rechecked == 4


STEPS = ["confirm", "save", "drop_unused", "settle"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_step_is_harmless(house, posts, monkeypatch, step, when):
    asked(house, posts[0])
    house.world.delete(posts[2])
    house.world.advance(HOUR)
    owner = {
        "confirm": type(house.store.threads),
        "save": type(house.store.threads),
        "drop_unused": type(house.store.media),
        "settle": type(house.store.database),
    }[step]
    real = getattr(owner, step)

    def dies(*args, **kwargs):
        if when == "after":
            real(*args, **kwargs)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(owner, step, dies)
        with pytest.raises(KeyboardInterrupt):
            recheck(house.parts)
    look_again(house, after=2 * HOUR)
    shown = page(house, posts[0]).text
    assert "Three lamps" not in shown
    assert "was deleted" in shown
    assert bytes_left(house, b"Three lamps") == []
    assert removals(house) == {"deleted": 1}


def test_what_no_page_shows_is_not_kept(house, world, posts):
    mention = world.mention(world.author("asker"), under=posts[0], text="@unrollbot unroll this jewel")
    house.run()
    assert bytes_left(house, b"jewel")
    look_again(house, after=DAY)
    assert bytes_left(house, b"jewel") == []
    assert house.job(mention).state == "done"


def test_files_that_nobody_knows_of_are_swept(house, posts):
    asked(house, posts[0])
    stray = house.parts.settings.media_dir / "ab" / ("ab" * 32)
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_bytes(b"left behind by a crash")
    os.utime(stray, times=(house.world.now().timestamp(),) * 2)
    look_again(house, after=TIDY_EVERY / 2)
    assert stray.exists()
    look_again(house, after=TIDY_EVERY)
    assert not stray.exists()


def test_a_long_thread_is_read_by_the_hundred(house, world, ada):
    posts = world.thread(ada, [f"Lamp {n}." for n in range(150)], ago=5 * HOUR)
    asked(house, posts[0])
    world.advance(DAY)
    assert [house.poll().rechecked for _ in range(3)] == [100, 50, 0]
    assert page(house, posts[0]).status_code == 200


def test_what_the_budget_cannot_reach_is_not_begun(house, world, ada):
    posts = world.thread(ada, [f"Lamp {n}." for n in range(201)], ago=5 * HOUR)
    asked(house, posts[0])
    assert cost(house, lambda: look_again(house, after=DAY)) == 0
    assert page(house, posts[0]).status_code == 503
