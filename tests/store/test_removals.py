"""What a page shows, when X confirmed it, and what leaves the database when it is gone on X."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

from alembic import command
from sqlalchemy import insert, text

from bot.domain import Author, Conversation, Quote
from bot.rules.recheck import Shown
from bot.store import schema
from bot.store.database import Database
from bot.store.models import PostRow, ShownPostRow
from tests.store.conftest import NOW, opened, plan_of, said_by
from tests.store.made import ADA, conversation, mention, photo, post, refusal, thread

HOUR = timedelta(hours=1)
ROOT = post(100)
NEXT = post(101, reply_to=100)
QUOTED = post(900, author=8, conversation=900)
BEN = Author(8, "ben", "Ben")
BOUGHT = {"conversation_id": 10_000, "author_id": ADA.id, "payload": {}, "fetched_at": NOW}


def saved(store, *posts, now=NOW, **more):
    """Bought and shown at once."""
    quotes = [quote.post for quote in more.get("quotes", ())]
    bought = conversation(*posts, *quotes, authors={ADA.id: ADA, BEN.id: BEN})
    store.threads.save_conversation(bought, 100, now=now)
    return store.threads.save(thread(*posts, **more), now=now)


def counts(store):
    return [(each.reason, each.posts, each.authors) for each in store.removals.counts(since=NOW.date())]


def test_a_page_was_confirmed_when_its_oldest_post_was(store):
    saved(store, ROOT, NEXT)
    assert store.threads.stamp(100).confirmed_at == NOW
    store.threads.confirm(conversation(NEXT), now=NOW + HOUR)
    store.threads.save(thread(ROOT, NEXT), now=NOW + HOUR)
    assert store.threads.find(101).confirmed_at == NOW
    store.threads.confirm(conversation(ROOT), now=NOW + HOUR)
    store.threads.save(thread(ROOT, NEXT), now=NOW + HOUR)
    assert store.threads.stamp(100).confirmed_at == NOW + HOUR


def test_pages_to_confirm_with_all_they_show_the_latest_changed_first(store):
    saved(store, ROOT, quotes=(Quote(QUOTED, BEN),))
    saved(store, post(300, conversation=300), now=NOW + HOUR)
    saved(store, post(500, conversation=500), now=NOW + 3 * HOUR)
    found = store.threads.pages(confirmed_before=NOW + 2 * HOUR, limit=9)
    assert {page.thread_id for page in found} == {100, 300}
    first = next(page for page in found if page.thread_id == 100)
    assert {shown.id for shown in first.posts} == {100, 900}
    assert Shown(900, NOW, NOW + 3 * HOUR) in first.posts
    assert [page.thread_id for page in store.threads.pages(confirmed_before=NOW + 2 * HOUR, limit=1)] == [300]
    store.threads.bury(100, NOW + HOUR)
    assert [page.thread_id for page in store.threads.pages(confirmed_before=NOW + 2 * HOUR, limit=9)] == [300]


def test_pages_to_confirm_the_most_read_first(store):
    saved(store, ROOT)
    saved(store, post(300, conversation=300), now=NOW + HOUR)
    store.reads.add({100: 3}, today=NOW.date())
    [page] = store.threads.pages(confirmed_before=NOW + 2 * HOUR, limit=1)
    assert (page.thread_id, page.reads) == (100, 3)


def test_what_is_gone_leaves_a_page_behind_until_it_is_made_anew(store):
    saved(store, ROOT, NEXT)
    store.threads.confirm(Conversation(missing={101: "deleted", 999: "deleted"}), now=NOW + HOUR)
    assert store.threads.payloads([100, 101]) == store.threads.payloads([100])
    assert store.threads.missing([101, 999]) == {101: "deleted"}
    assert store.threads.behind(limit=9, now=NOW) == store.threads.showing([101]) == [100]
    store.threads.save(thread(ROOT), now=NOW + HOUR)
    assert store.threads.behind(limit=9, now=NOW) == store.threads.showing([101]) == []
    assert counts(store) == [("deleted", 1, 1)]


def test_pages_that_lack_what_went_are_found_without_looking_through_all_that_is_shown(store):
    """By what went: also on SQLite, which has no statistics."""
    saved(store, ROOT, NEXT)
    with store.database.write() as session:
        shown = [{"thread_id": 10_000, "post_id": 10_000 + n} for n in range(20_000)]
        session.execute(insert(ShownPostRow), shown)
        session.execute(insert(PostRow), [{**BOUGHT, "id": each["post_id"]} for each in shown])
    store.threads.confirm(Conversation(missing={101: "deleted"}), now=NOW + HOUR)
    if not store.database.is_sqlite:
        with store.database.writing.begin() as connection:
            connection.execute(text("ANALYZE"))
    [(look, given)] = said_by(store, "FROM shown_post", lambda: store.threads.behind(limit=9, now=NOW))
    plan = "\n".join(plan_of(store, look, given))
    assert "ix_shown_post_post_id" in plan
    assert not re.search("SCAN shown_post|Seq Scan on shown_post", plan), plan


def test_what_x_left_out_without_a_word_is_not_taken_for_gone(store):
    saved(store, ROOT)
    store.threads.confirm(Conversation(missing={100: "not-found"}), now=NOW + HOUR)
    assert store.threads.behind(limit=9, now=NOW) == []
    assert store.threads.stamp(100).confirmed_at == NOW


def test_only_the_newest_version_of_a_post_is_kept(store):
    saved(store, ROOT, NEXT)
    edited = post(110, versions=(101, 110), reply_to=100, text="Mended.")
    store.threads.save_conversation(conversation(edited), 100, now=NOW + HOUR)
    store.threads.save(thread(ROOT, edited), now=NOW + HOUR)
    assert len(store.threads.payloads([101, 110])) == 1
    assert counts(store) == [("edited", 1, 1)]


def test_a_file_is_as_confirmed_as_the_page_that_was_confirmed_last(store):
    from bot.store.media import Picture  # noqa: PLC0415 - only here

    url = "https://pbs.twimg.com/media/lamp.jpg"
    assert store.media.confirmed_at("a" * 64) is None
    saved(store, replace(ROOT, media=(photo(url),)))
    saved(store, post(300, conversation=300, media=(photo(url),)), now=NOW + HOUR)
    store.media.store(url, Picture("a" * 64, "image/jpeg", 1, 1), 9, now=NOW)
    assert store.media.confirmed_at("a" * 64) == NOW + HOUR
    assert store.media.hashes() == {"a" * 64}
    store.threads.bury(300, NOW)
    assert store.media.confirmed_at("a" * 64) == NOW


def test_what_no_page_shows_goes_after_a_while(store):
    saved(store, ROOT)
    store.threads.save_conversation(conversation(QUOTED, authors={8: BEN}), 900, now=NOW)
    store.mentions.record([(mention(700), refusal(700)[1])], now=NOW)
    store.removals.drop_stale(before=NOW)
    assert len(store.threads.payloads([100, 900])) == 2
    store.removals.drop_stale(before=NOW + HOUR)
    assert len(store.threads.payloads([100])) == 1
    assert store.threads.payloads([900]) == ()
    assert store.threads.authors([7, 8]) == {7: ADA}
    assert store.mentions.find(700).payload is None
    store.removals.drop_stale(before=NOW + HOUR)


def test_who_has_nothing_left_here_is_forgotten_with_the_last_page(store):
    saved(store, ROOT)
    saved(store, post(300, conversation=300))
    store.threads.bury(100, NOW, reason="protected")
    assert store.threads.authors([7]) == {7: ADA}
    store.threads.bury(300, NOW, reason="protected")
    assert store.threads.authors([7]) == {}
    assert counts(store) == [("protected", 2, 1)]


def test_rechecks_have_an_account_of_their_own(store):
    prices = {"post": 5000}
    store.spend.book([("post", 1)], prices=prices, job_id=3, now=NOW)
    store.spend.book([("post", 1), ("post", 2)], prices=prices, job_id=None, now=NOW, recheck=True)
    assert store.spend.spent_on_rechecks(NOW.date()) == 5000
    assert store.spend.spent(NOW.date()) == 10000


def test_pages_from_before_are_looked_at_too(url):
    """A database of the version before knows of no page what it shows."""
    database = Database(url)
    config = schema._config()
    with database.writing.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0002")
        body = {"posts": [{"id": 1}], "forks": [{"posts": [{"id": 2}]}], "quotes": [{"post": {"id": 3}}]}
        values = {"body": json.dumps(body), "now": NOW.replace(tzinfo=None).isoformat(" ")}
        connection.execute(
            text(
                "INSERT INTO thread (id, conversation_id, author_id, version, etag, body, post_count, "
                "newest_post_id, complete, fetched_at, checked_at, revision) "
                "VALUES (1, 1, 7, 1, 'e', :body, 1, 2, true, :now, :now, 0)"
            ),
            values,
        )
        command.upgrade(config, "head")
    database.dispose()
    with opened(url) as store:
        assert store.threads.showing([1]) == store.threads.showing([2]) == store.threads.showing([3]) == [1]


def test_every_post_that_a_page_holds_is_counted(store):
    saved(store, ROOT, NEXT, quotes=(Quote(QUOTED, BEN),))
    assert store.threads.posts_shown(100) == 3
    assert store.threads.posts_shown(1) == 0
