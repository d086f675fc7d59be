"""Pictures: wanted by the threads that show them, fetched once, and every page that shows them changes."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text

from bot.store.media import FIRST_RETRY, MAX_ATTEMPTS, WAKE_UP_LOST, Copy, Picture
from tests.store.conftest import NOW, racing
from tests.store.made import ADA, photo, post, thread

PHOTO = "https://pbs.twimg.com/1.jpg"
PICTURE = Picture("abcdef", "image/jpeg", 640, 480)


def saved(store, *numbers, conversation=100, url=PHOTO):
    posts = [post(n, conversation=conversation, media=(photo(url),)) for n in numbers]
    return store.threads.save(thread(*posts), now=NOW).id


def test_a_saved_thread_wants_its_pictures_once(store):
    saved(store, 100, 101)
    assert sorted(store.media.wanted(100, now=NOW)) == [PHOTO, ADA.avatar_url]
    assert store.media.waiting(100) == 2
    saved(store, 100, 101)
    assert store.media.waiting(100) == 2


def test_a_stored_picture_is_shown_and_found(store):
    saved(store, 100)
    before = store.threads.stamp(100).etag
    store.media.store(PHOTO, PICTURE, 1_234, now=NOW)
    page = store.threads.find(100)
    assert page.pictures == {PHOTO: PICTURE}
    assert page.etag == store.threads.stamp(100).etag != before
    assert store.media.find("abcdef") == PICTURE
    assert store.media.find("unknown") is None
    assert store.media.wanted(100, now=NOW) == [ADA.avatar_url]


def test_storing_twice_changes_the_page_once(store):
    saved(store, 100)
    store.media.store(PHOTO, PICTURE, 1, now=NOW)
    etag = store.threads.stamp(100).etag
    store.media.store(PHOTO, PICTURE, 1, now=NOW)
    store.media.fail(PHOTO, now=NOW, for_good=True)
    assert store.threads.stamp(100).etag == etag
    assert store.threads.find(100).pictures


def test_a_picture_of_two_threads_turns_both_pages(store):
    saved(store, 100)
    saved(store, 200, conversation=200, url="https://pbs.twimg.com/2.jpg")
    before = {number: store.threads.stamp(number).etag for number in (100, 200)}
    store.media.store(ADA.avatar_url, PICTURE, 1, now=NOW)
    for number in (100, 200):
        assert store.threads.stamp(number).etag != before[number]
        assert store.threads.find(number).pictures == {ADA.avatar_url: PICTURE}


def test_pictures_that_come_at_the_same_moment_each_turn_the_page(store):
    urls = [f"https://pbs.twimg.com/{n}.jpg" for n in range(8)]
    store.threads.save(thread(post(100, media=tuple(map(photo, urls)))), now=NOW)
    before = store.threads.stamp(100).etag
    racing(8, lambda n: store.media.store(urls[n], PICTURE, 1, now=NOW))
    name, _, revision = store.threads.stamp(100).etag.partition("-")
    assert (name, int(revision)) == (before.partition("-")[0], 9)


def test_a_failure_waits_longer_each_time_and_then_for_good(store):
    saved(store, 100)
    now = NOW
    for attempt in range(1, MAX_ATTEMPTS):
        store.media.fail(PHOTO, now=now, for_good=False)
        wait = FIRST_RETRY * 2**attempt
        assert PHOTO not in store.media.wanted(100, now=now + wait - timedelta(seconds=1))
        now += wait
        assert PHOTO in store.media.wanted(100, now=now)
    store.media.fail(PHOTO, now=now, for_good=False)
    assert PHOTO not in store.media.wanted(100, now=now + timedelta(days=9))
    assert store.media.waiting(100) == 1


def test_what_will_never_do_is_not_asked_for_again(store):
    saved(store, 100)
    store.media.fail(PHOTO, now=NOW, for_good=True)
    store.media.fail("https://pbs.twimg.com/unknown.jpg", now=NOW, for_good=True)
    assert store.media.wanted(100, now=NOW + timedelta(days=9)) == [ADA.avatar_url]


def test_wake_ups_are_sent_once_then_after_a_failure_or_a_loss(store):
    saved(store, 100)
    saved(store, 200, conversation=200)
    assert store.media.threads_wanting(now=NOW) == [100], "both show the same pictures"
    assert store.media.threads_wanting(now=NOW + WAKE_UP_LOST) == []
    lost = NOW + WAKE_UP_LOST + timedelta(seconds=1)
    assert store.media.threads_wanting(now=lost) == [100]
    for url in store.media.wanted(100, now=lost):
        store.media.fail(url, now=lost, for_good=False)
    assert store.media.threads_wanting(now=lost + FIRST_RETRY) == []
    assert store.media.threads_wanting(now=lost + FIRST_RETRY * 2) == [100]


def test_a_picture_that_left_the_thread_is_not_wanted(store):
    saved(store, 100)
    store.threads.save(thread(post(100)), now=NOW)
    assert store.media.wanted(100, now=NOW) == [ADA.avatar_url]
    assert store.media.drop_unused() == []
    assert store.media.threads_wanting(now=NOW) == [100]


SMALL, LARGE = Copy("small", 400, 300, 9), Copy("large", 640, 480, 20)
COPIED = replace(PICTURE, copies=(SMALL, LARGE))


def test_a_picture_comes_with_its_copies(store):
    saved(store, 100)
    store.media.store(PHOTO, replace(PICTURE, copies=(LARGE, SMALL)), 1_234, now=NOW)
    assert store.threads.find(100).pictures == {PHOTO: COPIED}, "from narrow to wide"
    assert store.media.hashes() == {"abcdef", "small", "large"}
    assert {store.media.confirmed_at(file) for file in ("abcdef", "small", "large")} == {NOW}
    assert store.media.threads_uncopied(now=NOW, limit=9) == []


def forget_copies(store):
    """As it was before there were any."""
    with store.database.write() as session:
        session.execute(text("UPDATE media SET copied_at = NULL, enqueued_at = NULL"))
        session.execute(text("DELETE FROM media_copy"))


def test_a_picture_from_before_there_were_copies_gets_them_and_its_pages_change(store):
    saved(store, 100)
    saved(store, 200, conversation=200)
    store.media.store(PHOTO, PICTURE, 1_234, now=NOW)
    forget_copies(store)
    assert store.media.threads_uncopied(now=NOW, limit=1) == [200], "the newest first"
    assert store.media.threads_uncopied(now=NOW, limit=9) == [], "its wake-up is on the way"
    assert store.media.threads_uncopied(now=NOW + WAKE_UP_LOST * 2, limit=9) == [200, 100]
    assert store.media.uncopied(200) == [PICTURE]
    before = {number: store.threads.stamp(number).etag for number in (100, 200)}
    store.media.add_copies("abcdef", [SMALL, LARGE], now=NOW)
    after = {number: store.threads.stamp(number).etag for number in (100, 200)}
    assert all(after[number] != before[number] for number in before)
    store.media.add_copies("abcdef", [SMALL, LARGE], now=NOW)
    assert after == {number: store.threads.stamp(number).etag for number in (100, 200)}, "twice is once"
    assert store.threads.find(100).pictures == {PHOTO: COPIED}
    assert store.media.uncopied(200) == []
    assert store.media.threads_uncopied(now=NOW + WAKE_UP_LOST * 9, limit=9) == []


def test_a_picture_without_copies_is_looked_at_once(store):
    saved(store, 100)
    store.media.store(PHOTO, PICTURE, 1_234, now=NOW)
    forget_copies(store)
    store.media.add_copies("abcdef", [], now=NOW)
    assert store.media.uncopied(100) == []
    assert store.threads.find(100).pictures == {PHOTO: PICTURE}


def test_copies_go_with_the_last_page_that_shows_the_picture(store):
    other = "https://pbs.twimg.com/2.jpg"
    saved(store, 100)
    saved(store, 200, conversation=200)
    saved(store, 300, conversation=300, url=other)
    store.media.store(PHOTO, COPIED, 1, now=NOW)
    store.media.store(other, Picture("123456", "image/png", 640, 480, (SMALL,)), 1, now=NOW)
    store.threads.bury(100, NOW)
    assert store.media.drop_unused() == []
    store.threads.bury(200, NOW)
    assert store.media.drop_unused() == ["abcdef", "large"], "another picture has the same small copy"
    assert store.media.confirmed_at("large") is None
    store.threads.bury(300, NOW)
    assert store.media.drop_unused() == ["123456", "small"]
    assert store.media.hashes() == set()
