"""Pages as they were sent are found again, and go with what they show."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, timedelta

import psycopg
import pytest
from sqlalchemy import Engine

from bot.domain import Author
from bot.store import lookups
from tests.store.made import BEGAN, post, thread

OTHER = Author(8, "ben", "Ben")


@pytest.fixture
def printed(store):
    """One page that was saved and sent."""
    store.threads.save(thread(post(100), post(101)), now=BEGAN)
    keep(store, 100)
    return store


def keep(store, post_id: int, packed: bytes = b"packed") -> None:
    store.prints.keep([(store.threads.stamp(post_id), f"tag-{post_id}", packed)])


def found(store, post_id: int) -> tuple[str | None, bytes]:
    return store.prints.find([post_id])[post_id][1:]


def test_a_page_is_found_by_any_post_of_it(printed):
    assert found(printed, 100) == found(printed, 101) == ("tag-100", b"packed")
    assert printed.prints.find([100])[100][0] == printed.threads.stamp(100)


def test_many_are_found_in_one_look(printed):
    printed.threads.save(thread(post(300, conversation=300)), now=BEGAN)
    many = printed.prints.find([100, 101, 300, 999, 100])
    assert {post_id: stamp for post_id, (stamp, _, _) in many.items()} == {
        post_id: printed.threads.stamp(post_id) for post_id in (100, 101, 300)
    }
    assert printed.prints.find([]) == {}


def test_a_stamp_at_a_glance_says_what_the_row_says(printed):
    stamp, row = printed.threads.stamp(100), printed.threads.find(100)
    assert stamp.confirmed_at == row.confirmed_at
    assert stamp.confirmed_at.tzinfo is UTC
    assert (stamp.version, stamp.etag, stamp.gone) == (row.version, row.etag, False)


def test_the_newer_page_takes_the_place_of_the_older(printed):
    keep(printed, 100, b"newer")
    assert found(printed, 100) == ("tag-100", b"newer")


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.threads.save(thread(post(100)), now=BEGAN),
        lambda store: store.threads.bury(100, BEGAN),
        lambda store: store.pages.unlist(100, now=BEGAN),
        lambda store: store.threads.save(thread(post(300, conversation=300)), now=BEGAN),
    ],
    ids=["another version", "gone", "unlisted", "one more by the author"],
)
def test_a_page_goes_with_what_it_shows(printed, change):
    change(printed)
    assert found(printed, 100) == (None, b"")


def test_a_page_goes_when_another_that_it_leads_to_is_gone(printed):
    printed.threads.save(thread(post(300, conversation=300)), now=BEGAN)
    keep(printed, 100)
    printed.threads.bury(300, BEGAN)
    assert found(printed, 100) == (None, b"")


def test_an_unlisted_page_goes_when_it_changes(printed):
    printed.pages.unlist(100, now=BEGAN)
    keep(printed, 100)
    printed.threads.save(thread(post(100)), now=BEGAN)
    assert found(printed, 100) == (None, b"")


def test_pages_of_others_stay(printed):
    printed.threads.save(thread(post(500, author=8, conversation=500), author=OTHER), now=BEGAN)
    printed.threads.bury(500, BEGAN)
    assert found(printed, 100) == ("tag-100", b"packed")


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.threads.save(thread(post(100)), now=BEGAN),
        lambda store: store.threads.bury(100, BEGAN),
        lambda store: store.threads.save(thread(post(300, conversation=300)), now=BEGAN),
    ],
    ids=["another version", "gone", "one more by the author"],
)
def test_a_page_from_before_a_change_is_refused(store, change):
    store.threads.save(thread(post(100), post(101)), now=BEGAN)
    before = store.threads.stamp(100)
    change(store)
    store.prints.keep([(before, "tag", b"what was there before")])
    assert found(store, 100) == (None, b"")


def test_a_page_that_x_confirmed_meanwhile_is_kept(store):
    store.threads.save(thread(post(100)), now=BEGAN)
    stamp = store.threads.stamp(100)
    store.prints.keep([(replace(stamp, confirmed_at=BEGAN - timedelta(hours=1)), "tag", b"packed")])
    assert found(store, 100) == ("tag", b"packed")


def test_a_look_that_failed_leaves_nothing_behind(printed, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(lookups.json, "dumps", lambda _numbers: "soup")
        with pytest.raises((psycopg.Error, sqlite3.Error)):
            printed.prints.find(["soup"])
    assert found(printed, 100) == ("tag-100", b"packed")


def test_a_connection_that_broke_meanwhile_is_made_anew(printed):
    assert found(printed, 100) == ("tag-100", b"packed")
    for lookup in printed.database._lookups.values():
        [kept] = lookup._idle
        kept.driver_connection.close()
    assert found(printed, 100) == ("tag-100", b"packed")
    assert printed.threads.stamp(100).thread_id == 100


def test_looks_from_many_threads_at_once(printed):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: found(printed, 100), range(200)))
    assert answers == [("tag-100", b"packed")] * 200


def soon(store, *batches):
    """Within an event loop, all at once; an error in the place of what was not found."""

    async def ask():
        loop = asyncio.get_running_loop()
        looks = [store.prints.find_soon(batch, loop) for batch in batches]
        return await asyncio.gather(*looks, return_exceptions=True)

    return asyncio.run(ask())


def test_an_event_loop_gets_the_same(printed):
    posts, few = [100, 101, 300, 999, 100], [100]
    assert soon(printed, posts, few, [], posts) == [
        printed.prints.find(posts),
        printed.prints.find(few),
        {},
        printed.prints.find(posts),
    ]
    assert soon(printed, few, few) == [printed.prints.find(few)] * 2  # by connections of an earlier loop


def test_a_look_of_an_event_loop_that_failed_leaves_nothing_behind(printed, monkeypatch):
    [found] = soon(printed, [100])
    with monkeypatch.context() as patch:
        patch.setattr(lookups.json, "dumps", lambda _numbers: "soup")
        patch.setattr(lookups, "_numbers", lambda _numbers: b"soup")
        [error] = soon(printed, [100])
        assert isinstance(error, sqlite3.Error | psycopg.Error)
    assert soon(printed, [100], [100]) == [found, found]


def test_a_connection_that_broke_is_asked_in_vain_once_at_most(printed):
    [found] = soon(printed, [100])
    for lookup in printed.database._lookups.values():
        for kept in lookup._idle:
            driver = kept.driver_connection
            driver.close() if printed.database.is_sqlite else driver.pgconn.finish()
    [once] = soon(printed, [100])
    assert once == found or isinstance(once, psycopg.Error)
    assert soon(printed, [100]) == [found]


def test_who_cannot_be_connected_is_told_so(printed, monkeypatch):
    """By whatever stands in the way: the driver, or a pool that is used up."""
    [found] = soon(printed, [100])
    printed.database.dispose()
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "raw_connection", lambda _engine: 1 / 0)
        [error] = soon(printed, [100])
    assert isinstance(error, ZeroDivisionError)
    assert soon(printed, [100]) == [found]
