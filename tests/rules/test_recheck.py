"""Which posts are read again, for any set of pages, and what X's word makes of any thread."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Author, Conversation, Fork, Gap, Post, Quote, Thread
from bot.rules.plan import LOOKUP_BATCH
from bot.rules.recheck import (
    AGAIN_AFTER,
    CONFIRMED_FOR,
    Page,
    Shown,
    Word,
    due_before,
    hidden,
    midnight_before,
    next_batch,
    revised,
    shown_ids,
    without_withheld,
)

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

ages = st.integers(0, 40 * 60).map(lambda minutes: NOON - timedelta(minutes=minutes))
shown = st.builds(Shown, st.integers(1, 400), ages, st.none() | ages)
pages = st.lists(
    st.builds(
        Page,
        st.integers(1, 50),
        ages,
        st.lists(shown, max_size=60, unique_by=lambda post: post.id).map(tuple),
        st.integers(0, 3),
    ),
    max_size=12,
    unique_by=lambda page: page.thread_id,
)


def same_posts(found: list[Page]) -> list[Page]:
    """A post is confirmed at one time, whichever page shows it."""
    times: dict[int, Shown] = {}
    return [
        replace(page, posts=tuple(times.setdefault(post.id, post) for post in page.posts)) for page in found
    ]


@given(pages.map(same_posts), st.integers(0, 300))
def test_a_batch_is_small_paid_for_and_needed(found, affordable):
    batch = next_batch(found, now=NOON, affordable=affordable)
    known = {post.id: post for page in found for post in page.posts}
    midnight = midnight_before(NOON)
    assert len(batch.ids) == len(set(batch.ids)) <= LOOKUP_BATCH
    assert batch.cost <= affordable
    assert batch.cost == sum(known[i].confirmed_at < midnight for i in batch.ids)
    for i in batch.ids:
        assert known[i].confirmed_at < midnight or NOON - known[i].confirmed_at >= AGAIN_AFTER
        if batch.with_authors:
            assert known[i].author_known_at >= midnight
    assert all(known[i].confirmed_at < due_before(NOON) + timedelta(seconds=1) for i in batch.ids)


@given(pages.map(same_posts), st.integers(0, 300))
def test_batch_by_batch_every_page_in_reach_is_confirmed_and_the_money_is_kept(found, money):
    """Carried out to its end: who is read more and changed later comes before those of the same size."""
    spent, midnight = 0, midnight_before(NOON)
    for _ in range(100):
        batch = next_batch(found, now=NOON, affordable=money - spent)
        if not batch.ids:
            break
        spent += batch.cost
        found = [
            replace(
                page,
                posts=tuple(replace(p, confirmed_at=NOON) if p.id in batch.ids else p for p in page.posts),
            )
            for page in found
        ]
    else:
        raise AssertionError("there is no end to it")
    assert spent <= money
    left = [sum(post.confirmed_at < midnight for post in page.posts) for page in found]
    assert all(unpaid == 0 or unpaid > money - spent for unpaid in left)
    for post in (post for page in found for post in page.posts if post.confirmed_at >= midnight):
        assert NOON - post.confirmed_at < AGAIN_AFTER


def yesterday(thread_id: int, changed: int, reads: int = 0, posts: int = 2) -> Page:
    confirmed = NOON - timedelta(days=1)
    ids = range(thread_id * 100, thread_id * 100 + posts)
    return Page(thread_id, NOON - changed * HOUR, tuple(Shown(i, confirmed) for i in ids), reads)


def test_the_most_read_come_first_then_the_most_recently_changed():
    found = [yesterday(1, changed=1), yesterday(2, changed=2), yesterday(3, changed=9, reads=7)]
    batch = next_batch(found, now=NOON, affordable=4)
    assert batch.ids == (300, 301, 100, 101)
    assert batch.cost == 4


def test_a_page_that_cannot_be_paid_for_whole_leaves_its_place_to_a_smaller_one():
    found = [yesterday(1, changed=1, posts=5), yesterday(2, changed=2)]
    assert next_batch(found, now=NOON, affordable=4).ids == (200, 201)


def test_what_was_read_today_is_free_and_waits_a_while():
    fresh = Page(1, NOON, (Shown(1, NOON - HOUR / 2), Shown(2, NOON - HOUR, NOON)))
    batch = next_batch([fresh], now=NOON, affordable=0)
    assert (batch.ids, batch.cost, batch.with_authors) == ((2,), 0, True)


def test_a_page_is_hidden_an_hour_before_the_day_is_over():
    assert timedelta(hours=23) == CONFIRMED_FOR
    assert not hidden(NOON - CONFIRMED_FOR, now=NOON)
    assert hidden(NOON - CONFIRMED_FOR - timedelta(seconds=1), now=NOON)


ADA = Author(7, "ada", "Ada")


def post(number: int, text: str = "", **more) -> Post:
    versions = more.pop("versions", (number,))
    return Post(number, 7, 1, NOON, text or f"Post {number}.", versions=versions, **more)


threads = st.builds(
    lambda main, forks, quotes: Thread(
        id=1,
        conversation_id=1,
        author=ADA,
        posts=tuple(post(1 + n) for n in range(main)),
        forks=tuple(
            Fork(1 + at % main, tuple(post(100 * (k + 1) + n) for n in range(size)))
            for k, (at, size) in enumerate(forks)
        ),
        quotes=tuple(Quote(post(5000 + n), None) for n in range(quotes)),
    ),
    st.integers(1, 8),
    st.lists(st.tuples(st.integers(0, 7), st.integers(1, 4)), max_size=3),
    st.integers(0, 3),
)


@given(threads, st.data())
def test_exactly_what_is_gone_goes_and_each_has_its_gap(thread, data):
    ids = shown_ids(thread)
    gone = data.draw(st.sets(st.sampled_from(ids)))
    made = revised(thread, Word({}, dict.fromkeys(gone, "deleted"), {}))
    own = [i for i in ids if i < 5000]
    if set(own) <= gone:
        assert made is None
        return
    assert made is not None
    assert set(shown_ids(made)) == set(ids) - gone
    assert {gap.post_id for gap in made.gaps} == gone & set(own)
    places = {p.id for p in made.posts} | {p.id for fork in made.forks for p in fork.posts}
    assert all(gap.after is None or gap.after in places for gap in made.gaps)
    assert made.complete == (not gone & set(own))
    assert made.id == thread.id
    assert revised(made, Word({}, dict.fromkeys(gone, "deleted"), {})) == made


@given(threads)
def test_where_x_says_nothing_new_nothing_changes(thread):
    assert revised(thread, Word({}, {}, {})) == thread


def test_new_versions_and_names_are_taken():
    thread = Thread(1, 1, ADA, (post(1), post(2)), gaps=(Gap(2, "deleted", 3),))
    newer = post(9, "Mended.", versions=(2, 9))
    made = revised(thread, Word({9: newer}, {}, {7: replace(ADA, name="Ada Q.")}))
    assert made == replace(
        thread,
        author=replace(ADA, name="Ada Q."),
        posts=(post(1), newer),
        gaps=(Gap(9, "deleted", 3),),
    )


def test_one_protected_post_among_others_is_withheld():
    made = revised(Thread(1, 1, ADA, (post(1), post(2))), Word({}, {2: "protected"}, {}))
    assert made is not None
    assert made.gaps == (Gap(1, "withheld", 2),)


@given(st.lists(st.sampled_from(["DE", "FR", "US", "XX", "XY"])), st.sets(st.sampled_from(["DE", "US"])))
def test_withheld_where_we_are_read_is_gone(codes, served):
    found = Conversation(posts={1: post(1, withheld_in=tuple(codes))}, payloads={1: {}})
    told = without_withheld(found, tuple(served))
    closed = bool(codes) and (not served or bool({*codes} & {*served, "XX", "XY"}))
    assert (told.missing == {1: "withheld"}) == closed
    assert (told.posts == {}) == closed
    assert (told.payloads == {}) == closed
