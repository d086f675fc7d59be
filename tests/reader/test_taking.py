"""Files to take along: asked for, made by a worker, handed out, gone with their thread."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from bot.errors import DatabaseAway
from bot.flows.export import drop_strays
from bot.flows.pages import clear_away, take_down
from bot.flows.poll import tick
from bot.flows.recheck import tidy
from bot.settings import EXPORT_LEASE
from bot.store.exports import MAX_ATTEMPTS, MOST_WANTED, WAKE_UP_LOST, Exports
from reader.exports import edition
from tests.reader.fakes import FakeSaved, post, thread
from tests.reader.parsing import Page, assert_sound
from tests.reader.taking import Desk
from tests.store.test_trouble import writing_elsewhere

A_MINUTE = timedelta(minutes=1)


def quick(form, saved, tell) -> bytes:
    """Stands for what takes long where a story is about the row."""
    tell("pictures", 0, 2)
    tell("layout", 0, 0)
    return f"{form} of {saved.thread.posts[0].text}".encode()


@pytest.fixture
def desk(house) -> Desk:
    found = Desk(house, quick)
    found.save(FakeSaved(thread(post(1, "The lamp"), post(2, "and the gull"))))
    return found


def tick_wakes(desk, *, later=timedelta(0)) -> bool:
    return desk.house.store.exports.wake_up(now=desk.house.world.now() + later)


@pytest.mark.parametrize(
    ("path", "kind"),
    [("pdf", "application/pdf"), ("epub", "application/epub+zip"), ("zip", "application/zip")],
)
def test_a_file_is_made_by_the_worker_and_handed_out(desk, path, kind):
    asked = desk.get(f"/thread/1001.{path}")
    assert asked.status_code == 202
    assert asked.headers["retry-after"] == "2"
    assert asked.headers["refresh"] == f"2; url=/thread/1001/{path}"
    assert asked.headers["cache-control"] == "no-store"
    page = Page(asked.text)
    assert_sound(page)
    assert f"Your {path.upper()} is being made" in page.text
    assert desk.wakes == [None]
    assert desk.work() == 1
    answer = desk.get(f"/thread/1001.{path}")
    assert answer.content == f"{path} of The lamp".encode()
    assert answer.headers["content-type"] == kind
    assert answer.headers["content-disposition"] == f'attachment; filename="thread-1001.{path}"'
    assert "private" in answer.headers["cache-control"]
    again = desk.get(f"/thread/1001.{path}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_page_that_says_so_leads_to_the_file_without_scripts(desk):
    desk.get("/thread/1001.pdf")
    waiting = desk.get("/thread/1001/pdf")
    assert waiting.headers["refresh"] == "2; url=/thread/1001/pdf"
    desk.work()
    ready = desk.get("/thread/1001/pdf")
    assert ready.status_code == 200
    assert ready.headers["refresh"] == "0; url=/thread/1001.pdf"
    page = Page(ready.text)
    assert_sound(page)
    assert page.all("a", href="/thread/1001.pdf")
    assert page.all("a", href="/thread/1001")


def test_nobody_waits_where_nobody_has_asked(desk):
    answer = desk.get("/thread/1001/epub")
    assert (answer.status_code, answer.headers["location"]) == (303, "/thread/1001.epub")


def test_any_post_leads_to_the_file_of_its_thread(desk):
    assert desk.get("/thread/1002.zip").headers["location"] == "/thread/1001.zip"


def test_a_file_is_made_once_however_many_ask(desk):
    for _ in range(5):
        desk.get("/thread/1001.pdf")
    assert desk.wakes == [None]
    assert desk.work() == 1
    assert len(desk.files()) == 1
    desk.get("/thread/1001.pdf")
    assert desk.work() == 0


def test_a_lost_wake_up_is_sent_again_by_the_poller(desk):
    desk.get("/thread/1001.pdf")
    assert tick_wakes(desk)
    assert not tick_wakes(desk)
    assert tick_wakes(desk, later=WAKE_UP_LOST + timedelta(seconds=1))
    desk.work()
    assert not tick_wakes(desk, later=timedelta(hours=1))


def test_the_pollers_tick_wakes_for_files(desk, house):
    woken = []
    desk.get("/thread/1001.pdf")
    tick(house.parts, lambda *_: None, lambda _: None, wake_exports=lambda: woken.append("files"))
    assert woken == ["files"]


def test_what_a_killed_worker_left_is_begun_anew(desk, house):
    desk.get("/thread/1001.pdf")
    assert house.store.exports.claim(now=house.world.now()) is not None  # and then it is killed
    assert desk.work() == 0
    house.world.advance(EXPORT_LEASE + timedelta(seconds=1))
    assert desk.work() == 1


def test_what_kills_its_worker_each_time_is_given_up(desk, house):
    desk.get("/thread/1001.pdf")
    for _ in range(MAX_ATTEMPTS):
        assert house.store.exports.claim(now=house.world.now()) is not None
        house.world.advance(EXPORT_LEASE + timedelta(seconds=1))
    assert desk.work() == 0
    assert desk.get("/thread/1001.pdf").status_code == 500


def test_a_worker_that_lost_its_lease_leaves_nothing(desk, house):
    desk.get("/thread/1001.pdf")

    def slow(form, saved, tell):
        house.world.advance(EXPORT_LEASE + timedelta(seconds=1))
        other = house.store.exports.claim(now=house.world.now())
        assert other is not None
        return quick(form, saved, tell)

    desk.make = slow
    assert desk.work() == 0
    assert desk.files() == []


def test_what_cannot_be_made_is_given_up_and_stops_no_other(desk, house):
    def broken(form, saved, tell):
        if form == "pdf":
            raise ZeroDivisionError("an odd page")
        return quick(form, saved, tell)

    desk.make = broken
    desk.get("/thread/1001.pdf")
    desk.get("/thread/1001.epub")
    assert desk.work() == 1
    for _ in range(MAX_ATTEMPTS):
        house.world.advance(A_MINUTE)
        desk.work()
    answer = desk.get("/thread/1001.pdf")
    assert answer.status_code == 500
    assert "could not be made" in answer.text
    assert "refresh" not in answer.headers
    assert desk.get("/thread/1001.epub").status_code == 200
    assert not tick_wakes(desk, later=timedelta(hours=1))


def test_files_are_counted_by_what_came_of_them(desk, house):
    def counted() -> dict[str, float]:
        outcomes = ("made", "dropped", "failed", "given-up")
        labels = [{"form": "pdf", "outcome": each} for each in outcomes]
        found = [REGISTRY.get_sample_value("unroll_exports_total", each) or 0 for each in labels]
        return dict(zip(outcomes, found, strict=True))

    def broken(_form, _saved, _tell):
        raise ZeroDivisionError("an odd page")

    before = counted()
    desk.take("/thread/1001.pdf")
    desk.save(FakeSaved(thread(post(1, "The lamp"), post(2, "and the gulls"))))
    desk.make = broken
    desk.get("/thread/1001.pdf")
    for _ in range(MAX_ATTEMPTS):
        desk.work()
        house.world.advance(A_MINUTE)
    desk.save(FakeSaved(thread(post(1, "The lamp"), post(2, "and three gulls"))))
    desk.get("/thread/1001.pdf")
    desk.save(FakeSaved(thread(post(1, "The lamp"), post(2, "and no gull"))))
    desk.work()
    came = {outcome: count - before[outcome] for outcome, count in counted().items()}
    assert came == {"made": 1, "dropped": 1, "failed": MAX_ATTEMPTS - 1, "given-up": 1}


class Looks:
    """What the waiting page shows meanwhile: its steps, as (words, state), and the value of the bar."""

    def __init__(self, desk, path="/thread/1001/pdf") -> None:
        self.desk, self.path, self.seen = desk, path, []

    def look(self) -> tuple[list[tuple[str, str]], str | None]:
        told = self.desk.get(self.path).text
        page = Page(told)
        assert_sound(page)
        steps = re.findall(r'<li class="(\w+)".*?<span id="step\d">(.*?)<', told)
        [bar] = page.all("progress") or [None]
        return [(words, state) for state, words in steps], None if bar is None else bar.get("value")


def test_who_waits_sees_how_far_it_is(desk, house):
    looks, seen = Looks(desk), []

    def slow(form, saved, tell):
        for done in range(4):
            tell("pictures", done, 3)
            seen.append(looks.look())
            house.world.advance(timedelta(seconds=3))
        tell("layout", 0, 0)
        seen.append(looks.look())
        return b"a file"

    desk.get("/thread/1001.pdf")
    assert looks.look() == ([("Pictures fetched", "next"), ("Pages laid out", "next")], None)
    desk.make = slow
    assert desk.work() == 1
    for done in range(4):
        steps = [(f"Pictures fetched: {done} of 3", "now"), ("Pages laid out", "next")]
        assert seen[done] == (steps, str(done))
    assert seen[4] == ([("Pictures fetched", "done"), ("Pages laid out", "now")], None)


def test_telling_is_cheap(desk, house):
    """However many pictures there are, no oftener than people look."""
    written = []

    def slow(form, saved, tell):
        for done in range(301):
            tell("pictures", done, 300)
            written.append(house.store.exports.find(1001, "pdf", etag).step_done)
            house.world.advance(timedelta(seconds=0.02))
        return b"a file"

    desk.get("/thread/1001.pdf")
    stamp = house.store.threads.stamp(1001)
    etag = edition.etag(stamp.etag, house.parts.settings.public_url)
    desk.make = slow
    assert desk.work() == 1
    assert len(set(written)) <= 4
    assert max(written) >= 200


def test_what_a_killed_worker_told_is_not_told_on(desk, house):
    class KilledError(BaseException):
        pass

    def killed(form, saved, tell):
        tell("pictures", 2, 3)
        raise KilledError

    desk.get("/thread/1001.pdf")
    desk.make = killed
    with pytest.raises(KilledError):
        desk.work()
    looks = Looks(desk)
    assert looks.look()[1] == "2"  # nobody can know yet
    house.world.advance(EXPORT_LEASE + timedelta(seconds=1))
    nothing = [("Pictures fetched", "next"), ("Pages laid out", "next")]
    assert looks.look() == (nothing, None)
    assert "The last try came to nothing." in desk.get("/thread/1001/pdf").text

    def again(form, saved, tell):
        assert looks.look() == (nothing, None), "the second try begins where the first was"
        tell("layout", 0, 0)
        assert looks.look()[0] == [("Pictures fetched", "done"), ("Pages laid out", "now")]
        return b"a file"

    desk.make = again
    assert desk.work() == 1


def test_a_worker_that_lost_its_lease_tells_nothing(desk, house):
    looks = Looks(desk)

    def slow(form, saved, tell):
        house.world.advance(EXPORT_LEASE + timedelta(seconds=1))
        other = house.store.exports.claim(now=house.world.now())
        house.store.exports.tell(other, "pictures", 1, 3)
        tell("layout", 0, 0)
        assert looks.look()[1] == "1"
        return b"a file"

    desk.get("/thread/1001.pdf")
    desk.make = slow
    assert desk.work() == 0


def test_a_file_is_made_where_nobody_can_be_told(desk, monkeypatch):
    def away(*_):
        raise DatabaseAway("as if it were")

    monkeypatch.setattr(Exports, "tell", away)
    assert desk.take("/thread/1001.pdf") == b"pdf of The lamp"


def test_another_version_of_the_thread_makes_another_file(desk, house):
    assert desk.take("/thread/1001.pdf") == b"pdf of The lamp"
    desk.save(FakeSaved(thread(post(1, "The light"), post(2, "and the gull"))))
    assert desk.take("/thread/1001.pdf") == b"pdf of The light"
    assert len(desk.files()) == 2
    clear_away(house.store, house.parts.files)
    [left] = desk.files()
    assert house.parts.files.read(left) == b"pdf of The light"


def test_a_file_of_a_thread_that_changes_meanwhile_is_not_kept(desk):
    def meanwhile(form, saved, tell):
        desk.save(FakeSaved(thread(post(1, "The light"), post(2, "and the gull"))))
        return quick(form, saved, tell)

    desk.get("/thread/1001.pdf")
    desk.make = meanwhile
    assert desk.work() == 0
    assert desk.files() == []


def test_what_is_removed_here_is_gone_as_a_file_too(desk, house):
    desk.take("/thread/1001.pdf")
    desk.get("/thread/1001.zip")
    take_down(1001, "author", store=house.store, files=house.parts.files, now=house.world.now())
    assert desk.files() == []
    for path in ("/thread/1001.pdf", "/thread/1001/pdf", "/thread/1001.zip"):
        assert desk.get(path).status_code == 410
    assert desk.work() == 0
    assert desk.files() == []


def test_a_thread_removed_while_its_file_is_made_leaves_none(desk, house):
    def meanwhile(form, saved, tell):
        take_down(1001, "author", store=house.store, files=house.parts.files, now=house.world.now())
        return quick(form, saved, tell)

    desk.get("/thread/1001.pdf")
    desk.make = meanwhile
    assert desk.work() == 0
    assert desk.files() == []


def test_a_file_is_not_handed_out_while_its_page_is_hidden(desk):
    desk.take("/thread/1001.pdf")
    desk.later = timedelta(hours=25)
    answer = desk.get("/thread/1001.pdf")
    assert answer.status_code == 503
    assert b"The lamp" not in answer.content


def test_a_file_that_was_lost_is_made_again(desk, house):
    desk.take("/thread/1001.pdf")
    for key in desk.files():
        house.parts.files.delete(key)
    assert desk.take("/thread/1001.pdf") == b"pdf of The lamp"


def test_a_file_that_a_crash_left_behind_is_swept_away(desk, house):
    house.parts.files.save("exports/1001/abc.pdf", b"half a story")
    desk.take("/thread/1001.pdf")
    assert len(desk.files()) == 2
    drop_strays(house.store, house.parts.files, before=house.world.now() + timedelta(days=1000))
    [left] = desk.files()
    assert house.parts.files.read(left) == b"pdf of The lamp"


def test_a_file_that_nobody_takes_goes_after_a_week(desk, house):
    desk.take("/thread/1001.pdf")
    house.world.advance(timedelta(days=8))
    tidy(house.parts)
    assert desk.files() == []


def test_the_longest_unused_go_where_all_take_too_much_room(desk, house):
    for form in ("pdf", "epub", "zip"):
        desk.take(f"/thread/1001.{form}")
        house.world.advance(timedelta(minutes=1))
    dropped = house.store.exports.drop_idle(before=house.world.now() - timedelta(days=7), room=32)
    assert [key.rpartition(".")[2] for key in dropped] == ["pdf"]


def test_too_many_at_a_time_are_told_to_come_back(desk, house):
    for number in range(MOST_WANTED):
        house.store.exports.want(5_000 + number, "pdf", "x", now=house.world.now())
    answer = desk.get("/thread/1001.pdf")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"


@pytest.mark.parametrize("form", ["json", "md", "txt", "pdf", "epub", "zip"])
def test_every_form_counts_against_the_days_posts(build, form):
    desk = Desk(build(export_posts_per_day=3), quick)
    desk.save(FakeSaved(thread(post(1, "The lamp"), post(2, "and the gull"))))
    other = thread(post(11, "Fog"), post(12, "and bells"))
    desk.save(FakeSaved(replace(other, id=1011)))
    assert desk.get(f"/thread/1001.{form}").status_code in {200, 202}
    assert desk.get(f"/thread/1001.{form}").status_code in {200, 202}
    answer = desk.get(f"/thread/1011.{form}")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 86_400
    assert "enough for today" in answer.text
    assert desk.house.store.exports.find(1011, form, "") is None


def test_the_picture_of_a_link_is_ours_until_its_own_is_made(desk):
    address = card_of(desk)
    stand_in = desk.get(address)
    assert stand_in.status_code == 200
    assert stand_in.headers["content-type"] == "image/png"
    assert stand_in.headers["cache-control"] == "public, max-age=60"
    desk.work()
    own = desk.get(address)
    assert own.content == b"card of The lamp"
    assert "immutable" in own.headers["cache-control"]
    older = desk.get("/thread/1001/card/older.png")
    assert older.content == own.content
    assert "immutable" not in older.headers["cache-control"]


def card_of(desk) -> str:
    page = Page(desk.get("/thread/1001").text)
    return page.all("meta", property="og:image")[0]["content"].removeprefix("https://reader.example")


def test_no_picture_tells_of_a_page_that_is_hidden_or_gone(desk, house):
    address = card_of(desk)
    stand_in = desk.get(address).content
    desk.work()
    assert desk.get(address).content != stand_in
    desk.later = timedelta(hours=25)
    assert desk.get(address).content == stand_in
    take_down(1001, "author", store=house.store, files=house.parts.files, now=house.world.now())
    assert (desk.get(address).status_code, desk.get(address).content) == (410, b"")
    assert desk.files() == []


def test_no_picture_is_drawn_of_an_unlisted_page(desk, house):
    desk.make = None
    house.store.pages.unlist(1001, now=house.world.now())
    address = card_of(desk)
    stand_in = desk.get(address).content
    assert desk.work() == 0
    assert desk.get(address).content == stand_in
    assert not tick_wakes(desk, later=timedelta(hours=1))


def test_while_somebody_else_is_writing_readers_read_and_take_what_is_ready(build, monkeypatch):
    """SQLite has one writer at a time; no reader hears of it, and who asks for more hears it in our words."""
    monkeypatch.setattr("bot.store.engines.BUSY_TIMEOUT_MS", 100)
    desk = Desk(build(), quick)
    desk.save(FakeSaved(thread(post(1, "The lamp"), post(2, "and the gull"))))
    desk.take("/thread/1001.pdf")
    with desk.house.store.database.write() as session:  # that it is still used is to be noted again
        session.execute(text("UPDATE export SET asked_at = '2026-01-01 00:00:00.000000'"))
    with writing_elsewhere(desk.house.parts.settings.database_url):
        browser = {"user-agent": "Mozilla/5.0"}
        answers = {path: desk.get(path, headers=browser) for path in ("/thread/1001", "/thread/1001.pdf")}
        assert [answer.status_code for answer in answers.values()] == [200, 200]
        desk.site._app.state.site.tally.flush()
        desk.site._app.state.site.rack.flush()
        asked = desk.get("/thread/1001.epub")
        assert asked.status_code == 503
        assert int(asked.headers["retry-after"]) > 0
        assert "locked" not in asked.text
    assert desk.take("/thread/1001.epub") == b"epub of The lamp"
    desk.site._app.state.site.tally.flush()
    assert desk.house.store.reads.last_week([1001], today=desk.house.world.now().date()) != {}
