"""Every dollar once, and never more than the day allows."""

from datetime import UTC, date, datetime, time, timedelta, timezone

from bot.domain import Goal
from bot.store.spend import RESERVATION_HOLDS
from tests.store.conftest import NOW, racing

PRICES = {"post": 5_000, "user": 10_000, "mention": 1_000, "reply": 10_000}
TODAY = NOW.date()


def book(store, *items, job=1, now=NOW):
    return store.spend.book(items, prices=PRICES, job_id=job, now=now)[0]


def test_the_same_thing_is_paid_once_a_utc_day(store):
    assert book(store, ("post", 1), ("post", 2), ("user", 1), ("post", 1)) == 20_000
    assert book(store, ("post", 2), ("post", 3), job=2) == 5_000
    assert store.spend.spent(TODAY) == 25_000
    assert (store.spend.of_job(1), store.spend.of_job(2)) == (20_000, 5_000)

    assert book(store, ("post", 1), now=NOW + timedelta(days=1)) == 5_000
    assert store.spend.spent(TODAY) == 25_000


def test_what_visitors_of_the_site_ask_for_is_told_apart(store):
    asked = store.jobs.add(Goal(100), now=NOW, from_site=True)
    by_hand = store.jobs.add(Goal(100), now=NOW)
    book(store, ("post", 1), job=asked)
    book(store, ("post", 2), ("user", 2), job=by_hand)
    book(store, ("post", 3), job=asked, now=NOW + timedelta(days=1))
    assert (store.spend.spent_for_site(TODAY), store.spend.spent(TODAY)) == (5_000, 20_000)


def test_the_day_is_xs_whatever_zone_the_clock_is_in(store):
    new_york = timezone(timedelta(hours=-5))
    book(store, ("post", 1), now=datetime(2026, 11, 20, 22, 0, tzinfo=new_york))
    assert store.spend.spent(date(2026, 11, 21)) == 5_000
    assert book(store, ("post", 1), now=datetime(2026, 11, 21, 3, 0, tzinfo=UTC)) == 0


def test_racing_workers_pay_the_same_thing_once(store):
    items = [("post", number) for number in range(100)]
    added = racing(8, lambda n: book(store, *(items if n % 2 else items[::-1]), job=n))
    assert sum(added) == 500_000
    assert store.spend.spent(TODAY) == 500_000


def test_a_long_thread_is_booked_in_a_few_statements(store, statements):
    assert book(store, *(("post", number) for number in range(1_000))) == 5_000_000
    assert len(statements) < 10


def test_nothing_costs_nothing(store):
    assert book(store) == 0
    assert store.spend.bookings(since=TODAY) == []


def test_bookings_are_summed_by_day_job_and_resource(store):
    book(store, ("post", 1), ("user", 1))
    book(store, ("post", 2))
    book(store, ("mention", 9), job=None)
    book(store, ("post", 1), now=NOW + timedelta(days=1))
    told = [(b.day, b.job_id, b.resource, b.count, b.micro_usd) for b in store.spend.bookings(since=TODAY)]
    tomorrow = TODAY + timedelta(days=1)
    assert told == [
        (tomorrow, 1, "post", 1, 5_000),
        (TODAY, None, "mention", 1, 1_000),
        (TODAY, 1, "post", 2, 10_000),
        (TODAY, 1, "user", 1, 10_000),
    ]
    assert len(store.spend.bookings(since=tomorrow)) == 1


def test_racing_reservations_never_pass_the_budget(store):
    book(store, ("post", 1))
    got = racing(16, lambda _: store.spend.reserve(10_000, at_least=10_000, budget=65_000, now=NOW))
    assert sum(each is not None for each in got) == 6


def test_a_reservation_takes_what_is_left_if_that_is_enough(store):
    reserved = store.spend.reserve(80_000, at_least=10_000, budget=100_000, now=NOW)
    assert reserved.micro_usd == 80_000
    assert store.spend.reserve(80_000, at_least=10_000, budget=100_000, now=NOW).micro_usd == 20_000
    assert store.spend.reserve(1, at_least=1, budget=100_000, now=NOW) is None
    store.spend.release(reserved, now=NOW)
    store.spend.release(reserved, now=NOW)
    assert store.spend.reserve(90_000, at_least=1, budget=100_000, now=NOW).micro_usd == 80_000


def left(store, budget=100_000):
    """What somebody else could set aside now."""
    reserved = store.spend.reserve(budget, at_least=1, budget=budget, now=NOW)
    store.spend.release(reserved, now=NOW)
    return reserved.micro_usd


def test_what_a_job_needs_next_stays_set_aside_when_a_call_is_booked(store):
    reserved = store.spend.reserve(60_000, at_least=1, budget=100_000, now=NOW)
    booked = {"prices": PRICES, "job_id": 1, "now": NOW}
    cost, kept = store.spend.book([("post", 1)], reserved=reserved, keep=25_000, **booked)
    assert (cost, kept.micro_usd, left(store)) == (5_000, 25_000, 70_000)
    cost, kept = store.spend.book([("post", 2), ("user", 2)], reserved=kept, keep=25_000, **booked)
    assert (cost, kept.micro_usd, left(store)) == (15_000, 10_000, 70_000)
    cost, kept = store.spend.book([("reply", 3)], reserved=kept, **booked)
    assert (cost, kept, left(store)) == (10_000, None, 70_000)


def test_a_reservation_lasts_for_calls_of_its_day_that_end_before_it(store):
    reserved = store.spend.reserve(1, at_least=1, budget=1, now=NOW)
    assert reserved.lasts(NOW)
    assert not reserved.lasts(NOW + RESERVATION_HOLDS - timedelta(seconds=1))
    midnight = datetime.combine(TODAY + timedelta(days=1), time.min, UTC)
    late = store.spend.reserve(1, at_least=1, budget=2, now=midnight - timedelta(seconds=1))
    assert not late.lasts(midnight)


def test_the_reservations_of_the_dead_expire(store):
    store.spend.reserve(100, at_least=100, budget=100, now=NOW)
    assert store.spend.reserve(100, at_least=100, budget=100, now=NOW + RESERVATION_HOLDS) is None
    later = NOW + RESERVATION_HOLDS + timedelta(seconds=1)
    assert store.spend.reserve(100, at_least=100, budget=100, now=later) is not None


def test_a_new_day_has_a_budget_of_its_own(store):
    book(store, ("user", 1))
    assert store.spend.reserve(1, at_least=1, budget=10_000, now=NOW) is None
    assert store.spend.reserve(1, at_least=1, budget=10_000, now=NOW + timedelta(days=1)) is not None
