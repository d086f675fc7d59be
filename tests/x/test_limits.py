"""X's windows, shared by all workers: on fakeredis and on a real server."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import fakeredis
import pytest
import redis
import structlog
from hypothesis import given
from hypothesis import strategies as st
from redis.backoff import NoBackoff
from redis.retry import Retry

from bot.errors import Transient
from bot.x.limits import ALONE, ASKING, COME_BACK, LATER, PACED, UNKNOWN_WINDOW, WINDOWS, Limits
from sandbox import broker

MENTIONS, ARCHIVE, POST = "GET /2/users/:id/mentions", "GET /2/tweets/search/all", "POST /2/tweets"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
QUARTER = timedelta(seconds=900)
SECOND = timedelta(seconds=1)


def headers(remaining, *, ends=QUARTER, name="x-rate-limit", limit=None):
    """The window ends, as we take it, `ends` from NOW: X names the second before."""
    told = {
        f"{name}-remaining": str(remaining),
        f"{name}-reset": str(int((NOW + ends - LATER).timestamp())),
    }
    return told if limit is None else told | {f"{name}-limit": str(limit)}


@pytest.fixture
def limits(client):
    """X has told of the windows, and nothing of them is used."""
    limits = Limits(client, "a token")
    for endpoint in (MENTIONS, POST, ARCHIVE):
        limits.observe(endpoint, headers(WINDOWS[endpoint].limit), refused=False, now=NOW)
    return limits


def granted(limits, endpoint=MENTIONS, *, at=NOW, tries=1_000):
    """How many calls are let through, and when the next may be made."""
    for number in range(tries):
        try:
            limits.acquire(endpoint, now=at)
        except Transient as refusal:
            return number, refusal.retry_at
    return tries, None


def test_sixteen_racing_workers_get_exactly_the_window(limits):
    with ThreadPoolExecutor(16) as pool:
        shares = list(pool.map(lambda _: granted(limits, tries=40)[0], range(16)))
    assert sum(shares) == WINDOWS[MENTIONS].limit == 300


def test_an_empty_window_is_nobodys_failure(limits):
    granted(limits)
    with pytest.raises(Transient) as told:
        limits.acquire(MENTIONS, now=NOW)
    assert (told.value.reason, told.value.counts) == ("rate-limited", False)


def test_another_process_sees_the_same_window_and_another_token_its_own(limits, client):
    assert granted(limits, tries=299) == (299, None)
    assert granted(Limits(client, "a token")) == (1, NOW + QUARTER)
    assert granted(Limits(client, "another token"))[0] == 1


def test_a_new_window_opens_at_the_reset(limits):
    assert granted(limits) == (300, NOW + QUARTER)
    assert granted(limits, at=NOW + QUARTER - SECOND)[0] == 0
    assert granted(limits, at=NOW + QUARTER)[0] == 300


def test_what_x_says_is_left_holds_if_it_is_less(limits):
    granted(limits, tries=10)
    limits.observe(MENTIONS, headers(20), refused=False, now=NOW)
    limits.observe(MENTIONS, headers(290), refused=False, now=NOW)
    assert granted(limits)[0] == 20


def test_calls_on_their_way_are_not_given_back(limits):
    granted(limits, tries=10)
    limits.observe(MENTIONS, headers(299), refused=False, now=NOW)
    assert granted(limits)[0] == 290


def test_xs_newer_window_is_taken_for_a_new_one(limits):
    granted(limits, tries=300)
    limits.observe(MENTIONS, headers(299, ends=2 * QUARTER), refused=False, now=NOW + QUARTER - SECOND)
    assert granted(limits, at=NOW + QUARTER - SECOND)[0] == 299


def test_a_late_answer_of_an_old_window_says_nothing(limits):
    granted(limits, tries=10)
    limits.observe(MENTIONS, headers(0, ends=-SECOND), refused=False, now=NOW)
    assert granted(limits)[0] == 290


def test_a_refusal_blocks_everybody_until_its_reset(limits):
    limits.observe(MENTIONS, headers(0, ends=90 * SECOND), refused=True, now=NOW)
    assert granted(limits) == (0, NOW + 90 * SECOND)
    limits.observe(MENTIONS, headers(200, ends=90 * SECOND), refused=False, now=NOW)
    assert granted(limits, at=NOW + 89 * SECOND)[0] == 0
    assert granted(limits, at=NOW + 91 * SECOND)[0] == 300


def test_a_refusal_without_a_reset_blocks_for_a_minute(limits):
    limits.observe(MENTIONS, {}, refused=True, now=NOW)
    assert granted(limits) == (0, NOW + UNKNOWN_WINDOW)
    assert granted(limits, at=NOW + UNKNOWN_WINDOW)[0] == 300


@pytest.mark.parametrize("told", [{}, {"x-rate-limit-remaining": "many", "x-rate-limit-reset": "soon"}])
def test_an_answer_that_tells_nothing_changes_nothing(limits, told):
    limits.observe(MENTIONS, told, refused=False, now=NOW)
    assert granted(limits)[0] == 300


@pytest.mark.parametrize("who", ["user", "app"])
def test_a_used_up_day_counts_before_an_open_window(limits, who):
    day = headers(0, ends=timedelta(hours=20), name=f"x-{who}-limit-24hour")
    limits.observe(POST, headers(80) | day, refused=False, now=NOW)
    limits.observe(POST, headers(79), refused=False, now=NOW)
    assert granted(limits, POST, at=NOW + 2 * QUARTER) == (0, NOW + timedelta(hours=20))
    assert granted(limits, POST, at=NOW + timedelta(hours=20))[0] == 100


def test_a_day_with_calls_left_leaves_the_window_alone(limits):
    day = headers(9_000, ends=timedelta(hours=20), name="x-user-limit-24hour")
    limits.observe(POST, headers(80) | day, refused=False, now=NOW)
    assert granted(limits, POST)[0] == 80


def test_the_archive_search_is_paced(limits):
    with ThreadPoolExecutor(16) as pool:
        shares = list(pool.map(lambda _: granted(limits, ARCHIVE, tries=3)[0], range(16)))
    assert sum(shares) == 1
    pace = timedelta(seconds=PACED[ARCHIVE].seconds)
    assert pace >= SECOND
    _, opens = granted(limits, ARCHIVE)
    assert abs(opens - (NOW + pace)) < timedelta(milliseconds=1)
    assert granted(limits, ARCHIVE, at=NOW + 2 * pace)[0] == 1


def test_what_x_says_a_window_holds_is_what_the_next_one_holds(limits):
    limits.observe(POST, headers(14, limit=15), refused=False, now=NOW)
    assert granted(limits, POST)[0] == 14
    assert granted(limits, POST, at=NOW + QUARTER)[0] == 15
    assert granted(limits, POST, at=NOW + timedelta(hours=20))[0] == 15


def test_a_window_larger_than_documented_is_whole_at_once(client):
    limits = Limits(client, "a token")
    limits.acquire(MENTIONS, now=NOW)
    limits.observe(MENTIONS, headers(899, limit=900), refused=False, now=NOW)
    assert granted(limits) == (899, NOW + QUARTER)


def test_calls_on_their_way_are_not_given_back_by_a_larger_window_either(client):
    limits = Limits(client, "a token")
    limits.acquire(MENTIONS, now=NOW)
    limits.observe(MENTIONS, headers(899, limit=900), refused=False, now=NOW)
    for _ in range(3):
        limits.acquire(MENTIONS, now=NOW)
    limits.observe(MENTIONS, headers(898, limit=900), refused=False, now=NOW)
    assert granted(limits) == (896, NOW + QUARTER)


def test_what_a_refusal_calls_its_window_may_be_the_pace_of_a_second(limits):
    limits.observe(ARCHIVE, headers(0, ends=2 * SECOND, limit=1), refused=True, now=NOW)
    limits.observe(MENTIONS, headers(0, ends=2 * SECOND, limit=1), refused=True, now=NOW)
    assert granted(limits, at=NOW + 2 * SECOND)[0] == 300


def test_the_rest_of_a_day_is_all_that_a_window_holds(limits):
    day = headers(3, ends=timedelta(hours=20), name="x-app-limit-24hour")
    limits.observe(POST, headers(80) | day, refused=False, now=NOW)
    assert granted(limits, POST)[0] == 3


class TestUnknown:
    """Redis is empty: nobody knows how much of X's window is used."""

    @pytest.fixture
    def limits(self, limits, client):
        granted(limits, tries=200)
        client.flushall()
        client.script_flush()
        return Limits(client, "a token")

    def test_who_knows_what_x_said_last_tells_the_others_before_anybody_asks(self, limits, client):
        """Two hundred calls were made by a process that is still there."""
        knows = Limits(client, "a token")
        knows.observe(MENTIONS, headers(2), refused=False, now=NOW)
        granted(knows, tries=2)
        client.flushall()
        assert granted(knows) == (0, NOW + QUARTER)
        assert granted(limits) == (0, NOW + QUARTER)
        assert granted(limits, at=NOW + QUARTER)[0] == 1

    def test_who_was_refused_asks_nothing_before_the_reset(self, client):
        knows = Limits(client, "a token")
        knows.observe(MENTIONS, headers(0), refused=True, now=NOW)
        client.flushall()
        assert granted(knows) == (0, NOW + QUARTER)

    def test_one_call_asks_and_the_others_wait_for_its_answer(self, limits):
        with ThreadPoolExecutor(16) as pool:
            shares = list(pool.map(lambda _: granted(limits, tries=3), range(16)))
        assert sum(number for number, _ in shares) == 1
        assert all(abs(opens - (NOW + COME_BACK)) < timedelta(milliseconds=1) for _, opens in shares)
        limits.observe(MENTIONS, headers(99), refused=False, now=NOW)
        assert granted(limits)[0] == 99

    def test_an_answer_that_was_lost_does_not_stop_the_asking(self, limits):
        assert granted(limits)[0] == 1
        assert granted(limits, at=NOW + ASKING - SECOND)[0] == 0
        assert granted(limits, at=NOW + ASKING)[0] == 1

    def test_an_x_that_never_tells_is_asked_one_by_one_within_the_documented_window(self, limits):
        calls = 0
        while granted(limits, tries=2)[0]:
            calls += 1
            limits.observe(MENTIONS, {}, refused=False, now=NOW)
        assert calls == WINDOWS[MENTIONS].limit

    def test_answers_that_were_on_their_way_tell_as_well(self, limits):
        limits.observe(MENTIONS, headers(99), refused=False, now=NOW)
        assert granted(limits)[0] == 99


class TestAlone:
    """Redis is away."""

    @pytest.fixture
    def limits(self):
        nobody = redis.Redis(port=broker.free_port(), retry=Retry(NoBackoff(), 0))
        return Limits(nobody, "a token")

    def told(self, limits, remaining, **more):
        assert granted(limits)[0] == 1
        limits.observe(MENTIONS, headers(remaining, **more), refused=False, now=NOW)

    def test_one_call_asks_and_the_others_wait_for_its_answer(self, limits):
        with ThreadPoolExecutor(16) as pool:
            shares = list(pool.map(lambda _: granted(limits, tries=3)[0], range(16)))
        assert sum(shares) == 1
        assert granted(limits, at=NOW + ASKING)[0] == 1

    def test_a_process_takes_its_share_and_raises_nothing_else(self, limits):
        self.told(limits, 300)
        with ThreadPoolExecutor(16) as pool:
            shares = list(pool.map(lambda _: granted(limits, tries=20)[0], range(16)))
        assert (1 + sum(shares)) * ALONE == 300
        assert granted(limits, at=NOW + QUARTER)[0] == 75

    def test_it_believes_x(self, limits):
        self.told(limits, 40)
        assert granted(limits) == (10, NOW + QUARTER)
        limits.observe(MENTIONS, headers(0, ends=2 * QUARTER), refused=True, now=NOW)
        assert granted(limits, at=NOW + QUARTER) == (0, NOW + 2 * QUARTER)

    def test_a_window_that_holds_less_than_documented_is_shared_as_it_is(self, limits):
        self.told(limits, 39, limit=40)
        assert granted(limits)[0] == 9
        assert granted(limits, at=NOW + QUARTER)[0] == 10

    def test_the_archive_search_stays_paced(self, limits):
        assert granted(limits, ARCHIVE)[0] == 1
        limits.observe(ARCHIVE, headers(299), refused=False, now=NOW)
        assert granted(limits, ARCHIVE)[0] == 0
        assert granted(limits, ARCHIVE, at=NOW + 2 * SECOND)[0] == 1


def test_what_was_used_before_redis_went_away_counts(monkeypatch):
    limits = Limits(fakeredis.FakeRedis(), "a token")
    limits.observe(MENTIONS, headers(300), refused=False, now=NOW)
    granted(limits, tries=70)
    monkeypatch.setattr(limits, "_acquire", gone)
    assert granted(limits)[0] == 1
    limits.observe(MENTIONS, headers(229), refused=False, now=NOW)
    assert granted(limits)[0] == 4
    monkeypatch.undo()
    assert granted(limits)[0] == 1, "what was called meanwhile is not in Redis: X is asked"
    limits.observe(MENTIONS, headers(220), refused=False, now=NOW)
    assert granted(limits)[0] == 220


class Server:
    """X's side of a window: counts, tells, refuses."""

    def __init__(self, limit):
        self.limit, self.used, self.refused, self.on_their_way = limit, 0, 0, []

    def call(self, limits):
        """The call arrives now; its answer stays on the way until `answer`."""
        refused = self.used >= self.limit
        self.used, self.refused = self.used + (not refused), self.refused + refused
        self.on_their_way.append((limits, headers(self.limit - self.used, limit=self.limit), refused))

    def answer(self, at):
        limits, told, refused = self.on_their_way.pop(at)
        limits.observe(MENTIONS, told, refused=refused, now=NOW)


MOMENTS = st.one_of(
    st.tuples(st.just("call"), st.integers(0, ALONE - 1), st.integers(1, 16)),
    st.tuples(st.just("answer"), st.integers(0, 15), st.integers(1, 16)),
    st.tuples(st.sampled_from(["away", "back", "emptied"]), st.just(0), st.just(0)),
)


@given(st.lists(MOMENTS, max_size=40), st.integers(0, 39))
def test_four_processes_never_ask_too_often_whatever_becomes_of_redis(moments, used):
    """Redis is emptied, away and back at any moment, answers come late and in any order. Calls that were on
    their way when Redis was lost are nobody's to know: here it is lost when all is answered. All that X may
    refuse is the question itself, in a window that was empty: one for all, or one of each who is alone.
    """
    client = fakeredis.FakeRedis()
    x = Server(limit=40)
    x.used, questions = used, 1
    processes = [Limits(client, "a token") for _ in range(ALONE)]
    scripts = [(process._acquire, process._observe) for process in processes]
    for what, number, times in moments:
        if what == "call":
            for _ in range(min(times, 16 - len(x.on_their_way))):
                if granted(processes[number], tries=1)[0]:
                    x.call(processes[number])
            continue
        for _ in range(times if what == "answer" else 16):
            if x.on_their_way:
                x.answer(number % len(x.on_their_way))
        questions += {"emptied": 1, "back": ALONE, "away": ALONE}.get(what, 0)
        if what == "emptied":
            client.flushall()
        if what in ("away", "back"):
            for process, known in zip(processes, scripts, strict=True):
                process._acquire, process._observe = (gone, gone) if what == "away" else known
    assert x.refused <= questions


def gone(**_):
    raise redis.ConnectionError("gone")


def test_a_redis_that_is_away_is_told_once_in_a_while_and_that_it_is_back(monkeypatch):
    server = fakeredis.FakeServer()
    limits = Limits(fakeredis.FakeRedis(server=server), "a token")
    time = [1_000.0]
    monkeypatch.setattr("bot.x.limits.time", SimpleNamespace(monotonic=lambda: time[0]))

    def told(*, connected, calls=5):
        server.connected = connected
        with structlog.testing.capture_logs() as said:
            for n in range(calls):
                at = NOW + n * ASKING
                limits.acquire(MENTIONS, now=at)
                limits.observe(MENTIONS, headers(200 - n), refused=False, now=at)
        return [line["event"] for line in said]

    assert told(connected=False) == ["limits.redis_away"]
    time[0] += 59
    assert told(connected=False) == []
    time[0] += 2
    assert told(connected=False) == ["limits.redis_away"]
    assert told(connected=True) == ["limits.redis_back"]
    assert told(connected=True) == []
    assert told(connected=False) == ["limits.redis_away"]
