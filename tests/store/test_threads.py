"""A thread keeps its address, its versions and its posts; what is gone on X is gone here."""

from datetime import timedelta

import pytest

from bot.domain import Author, Goal
from bot.errors import LeaseLost
from bot.settings import LEASE
from tests.store.conftest import NOW, racing
from tests.store.made import ADA, conversation, photo, post, thread

LATER = NOW + timedelta(hours=1)
ROOT = post(100)
NEXT = post(101, reply_to=100)
LAST = post(102, reply_to=101)


def versions(store, thread_id=100):
    from bot.store.models import ThreadVersionRow  # noqa: PLC0415 - only to look

    with store.database.read() as session:
        rows = [session.get(ThreadVersionRow, (thread_id, number)) for number in range(1, 9)]
        return [(row.version, row.etag) for row in rows if row]


def test_a_job_names_the_page_that_is_saved_for_it_or_there_is_neither(store):
    job, late = (
        store.jobs.claim(store.jobs.add(Goal(100), now=NOW), now=NOW, worker="one") for _ in range(2)
    )
    store.threads.save(thread(ROOT, NEXT), now=NOW, job=job)
    assert store.jobs.find(job.id).thread_id == 100
    store.jobs.claim(late.id, now=NOW + LEASE + timedelta(seconds=1), worker="other")
    with pytest.raises(LeaseLost):
        store.threads.save(thread(ROOT, NEXT, LAST), now=LATER, job=late)
    assert store.threads.find(100).version == 1
    assert store.jobs.find(late.id).thread_id is None


def test_saving_twice_changes_nothing(store):
    store.threads.save(thread(ROOT, NEXT), now=NOW)
    first, stamp = store.threads.find(100), store.threads.stamp(100)
    store.threads.save(thread(ROOT, NEXT), now=LATER)
    again = store.threads.find(100)

    assert store.threads.stamp(100) == stamp
    assert (again.thread, again.version, again.fetched_at) == (first.thread, 1, NOW)
    assert again.checked_at == LATER
    assert len(versions(store)) == 1


def test_a_longer_thread_keeps_its_address_and_its_versions(store):
    store.threads.save(thread(ROOT, NEXT), now=NOW)
    old = store.threads.stamp(100)
    store.threads.save(thread(ROOT, NEXT, LAST), now=LATER)
    new = store.threads.stamp(102)

    assert (new.thread_id, new.version) == (100, 2)
    assert new.etag != old.etag
    assert [p.id for p in store.threads.find(101).thread.posts] == [100, 101, 102]
    assert len(versions(store)) == 2
    assert store.threads.find(100).fetched_at == LATER


def test_a_thread_found_further_back_keeps_the_address_it_was_given(store):
    store.threads.save(thread(NEXT, LAST), now=NOW)
    saved = store.threads.save(thread(ROOT, NEXT, LAST), now=LATER)
    assert saved.id == 101
    assert store.threads.stamp(100).thread_id == 101
    assert store.threads.find(100).thread.posts[0] == ROOT


def test_where_two_grow_together_the_threads_own_address_wins(store):
    store.threads.save(thread(ROOT), now=NOW)
    store.threads.save(thread(LAST), now=NOW)
    store.threads.save(thread(ROOT, NEXT, LAST), now=LATER)
    assert {store.threads.stamp(number).thread_id for number in (100, 101, 102)} == {100}


def test_any_version_of_a_post_leads_to_the_thread(store):
    edited = post(110, versions=(101, 105, 110), reply_to=100)
    store.threads.save(thread(ROOT, edited), now=NOW)
    assert {store.threads.find(number).thread.id for number in (101, 105, 110)} == {100}
    assert store.threads.conversation_of(105) == 100
    assert store.threads.find(999) is None
    assert store.threads.stamp(999) is None


def test_the_largest_ids_survive(store):
    largest = 2**63 - 1
    only = post(largest, conversation=largest - 1, author=largest)
    store.threads.save(thread(only, author=Author(largest, "max", "Max")), now=NOW)
    saved = store.threads.find(largest).thread
    assert (saved.id, saved.posts[0], saved.author.id) == (largest, only, largest)
    assert saved.posts[0].created_at.utcoffset() == timedelta(0)


def test_racing_workers_save_one_thread(store):
    posts = [post(100), *(post(101 + n, reply_to=100 + n) for n in range(8))]
    racing(8, lambda n: store.threads.save(thread(*posts[: n + 2]), now=NOW))
    store.threads.save(thread(*posts), now=LATER)
    saved = store.threads.find(108)
    assert len(saved.thread.posts) == 9
    assert [number for number, _ in versions(store)] == list(range(1, saved.version + 1))[:8]


class TestGone:
    def bury(self, store):
        store.threads.save_conversation(conversation(ROOT, NEXT, authors={7: ADA}), 100, now=NOW)
        store.threads.save(thread(ROOT, NEXT), now=NOW)
        store.threads.bury(100, NOW + timedelta(minutes=1))

    def test_the_address_stays_without_a_word(self, store):
        store.threads.save(thread(ROOT, NEXT), now=NOW)
        shown = store.threads.stamp(101)
        self.bury(store)
        buried = store.threads.find(101)
        assert buried.gone
        assert buried.thread.posts == ()
        assert buried.thread.author.username == ""
        assert store.threads.stamp(101).thread_id == 100
        assert store.threads.stamp(101).etag != shown.etag
        assert versions(store) == []

    def test_what_it_was_made_of_goes_too(self, store):
        self.bury(store)
        known = store.threads.known(Goal(100, 100))
        assert known.payloads == ()
        assert known.newest == {}, "else only newer posts would be asked for"

    def test_a_thread_that_comes_back_unchanged_is_shown_again(self, store):
        store.threads.save(thread(ROOT, NEXT), now=NOW)
        seen = {store.threads.stamp(100).etag}
        self.bury(store)
        seen.add(store.threads.stamp(100).etag)
        store.threads.save(thread(ROOT, NEXT), now=LATER)
        back = store.threads.find(100)
        assert not back.gone
        assert len(back.thread.posts) == 2
        assert back.etag not in seen, "a cache must not take it for the page that was gone"

    def test_burying_twice_or_nothing_changes_nothing(self, store):
        self.bury(store)
        stamp = store.threads.stamp(100)
        store.threads.bury(100, LATER)
        store.threads.bury(999, LATER)
        assert store.threads.stamp(100) == stamp

    def test_pictures_nobody_shows_any_more_may_be_removed(self, store):
        other = thread(post(200, conversation=200))
        store.threads.save(thread(post(100, media=(photo("https://pbs.twimg.com/1.jpg"),))), now=NOW)
        store.threads.save(other, now=NOW)
        from bot.store.media import Picture  # noqa: PLC0415

        store.media.store("https://pbs.twimg.com/1.jpg", Picture("f1", "image/jpeg", 1, 1), 1, now=NOW)
        store.media.store(ADA.avatar_url, Picture("f2", "image/jpeg", 1, 1), 1, now=NOW)
        assert store.media.drop_unused() == []
        store.threads.bury(100, LATER)
        assert store.media.drop_unused() == ["f1"], "the other thread shows the same avatar"
        store.threads.forget(200)
        assert store.media.drop_unused() == ["f2"]

    def test_a_forgotten_thread_leaves_its_payloads(self, store):
        store.threads.save_conversation(conversation(ROOT), 100, now=NOW)
        store.threads.save(thread(ROOT), now=NOW)
        store.threads.forget(100)
        assert store.threads.find(100) is None
        assert len(store.threads.known(Goal(100, 100)).payloads) == 1
        assert store.threads.save(thread(ROOT), now=LATER).id == 100


class TestKnown:
    def test_all_that_was_bought_of_a_conversation(self, store):
        bought = conversation(
            ROOT, NEXT, authors={7: ADA}, missing={103: "deleted", 104: "not-found", 105: "protected"}
        )
        store.threads.save_conversation(bought, 100, now=NOW)
        store.threads.save_conversation(conversation(post(900, conversation=900)), 900, now=NOW)
        store.threads.save(thread(ROOT, NEXT), now=NOW)

        known = store.threads.known(Goal(101, 100))
        assert {payload["post"]["id"] for payload in known.payloads} == {"100", "101"}
        assert known.authors == {7: ADA}
        assert known.missing == {103: "deleted", 105: "protected"}
        assert known.newest == {7: 101}

    def test_the_conversation_may_be_found_by_the_post(self, store):
        store.threads.save_conversation(conversation(ROOT, NEXT), 100, now=NOW)
        assert len(store.threads.known(Goal(101)).payloads) == 2
        assert store.threads.known(Goal(999)).payloads == ()

    def test_the_newest_of_an_authors_threads_counts(self, store):
        store.threads.save(thread(post(100), post(300, reply_to=100)), now=NOW)
        store.threads.save(thread(post(150), post(200, reply_to=150)), now=NOW)
        assert store.threads.known(Goal(100, 100)).newest == {7: 300}

    def test_a_post_that_is_back_is_missing_no_longer(self, store):
        store.threads.save_conversation(conversation(missing={101: "protected"}), 100, now=NOW)
        store.threads.save_conversation(conversation(NEXT), 100, now=LATER)
        known = store.threads.known(Goal(100, 100))
        assert known.missing == {}
        assert len(known.payloads) == 1

    @pytest.mark.parametrize(("reason", "kept"), [("deleted", 0), ("protected", 0), ("not-found", 1)])
    def test_a_post_that_is_gone_loses_its_words(self, store, reason, kept):
        store.threads.save_conversation(conversation(NEXT), 100, now=NOW)
        store.threads.save_conversation(conversation(missing={101: reason}), 100, now=LATER)
        assert len(store.threads.known(Goal(100, 100)).payloads) == kept
        assert len(store.threads.payloads([101])) == kept

    def test_the_newer_payload_and_name_win(self, store):
        store.threads.save_conversation(conversation(ROOT, authors={7: ADA}), 100, now=NOW)
        renamed = Author(7, "ada_q", "Ada Q.", protected=True)
        changed = conversation(post(100, text="Edited."), authors={7: renamed})
        store.threads.save_conversation(changed, 100, now=LATER)
        assert store.threads.payloads([100])[0]["post"]["text"] == "Edited."
        assert store.threads.authors([7, 8]) == {7: renamed}

    def test_a_thousand_posts_by_racing_workers(self, store):
        posts = [post(1_000 + n, author=n % 7) for n in range(1_000)]
        people = [Author(n, f"a{n}", f"A {n}") for n in range(7)]
        there = conversation(*posts, authors={each.id: each for each in people})
        back = conversation(*posts[::-1], authors={each.id: each for each in people[::-1]})
        racing(4, lambda n: store.threads.save_conversation(back if n % 2 else there, 100, now=NOW))
        known = store.threads.known(Goal(1_000, 100))
        assert (len(known.payloads), len(known.authors)) == (1_000, 7)
