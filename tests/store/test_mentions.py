"""A mention is recorded once, and the cursor with it."""

from datetime import timedelta

import pytest

from tests.store.conftest import NOW, racing
from tests.store.made import mention, refusal, request


def test_a_request_gets_a_job_and_a_refusal_its_reason(store):
    recorded = store.mentions.record([request(201), refusal(202, "retweet")], now=NOW)

    assert [(each.mention_id, each.reason) for each in recorded] == [(201, None), (202, "retweet")]
    job = store.jobs.find_by_mention(201)
    assert recorded[0].job_id == job.id
    assert (job.state, job.requester_id, job.goal.post_id, job.reply_wanted) == ("queued", 50, 100, True)
    assert recorded[1].job_id is None
    assert store.jobs.find_by_mention(202) is None
    assert store.mentions.find(202).decision == "refusal"
    assert store.mentions.asking(100) == {201}


def test_a_page_seen_twice_changes_nothing(store):
    store.mentions.record([request(201), request(202)], now=NOW)
    again = store.mentions.record([request(202), request(203), request(203)], now=NOW + timedelta(1))

    assert [each.mention_id for each in again] == [203]
    assert len(store.jobs.newest()) == 3
    assert store.mentions.find(202).seen_at == NOW
    assert store.mentions.known([201, 203, 204]) == {201, 203}


def test_of_racing_pollers_one_records_each_mention(store):
    pages = [[request(300 + n) for n in range(20)], [request(300 + n) for n in reversed(range(10, 30))]]

    won = racing(8, lambda number: store.mentions.record(pages[number % 2], now=NOW, looked_to=329))

    assert sorted(each.mention_id for page in won for each in page) == list(range(300, 330))
    assert len(store.jobs.newest(limit=100)) == 30
    assert store.mentions.cursor() == 329


def test_the_cursor_moves_forwards_only(store):
    assert store.mentions.cursor() is None
    store.mentions.record([refusal(500)], now=NOW, looked_to=500)
    store.mentions.record([refusal(400)], now=NOW, looked_to=400)
    assert store.mentions.cursor() == 500
    racing(8, lambda number: store.mentions.record([], now=NOW, looked_to=600 - number))
    assert store.mentions.cursor() == 600


def test_what_x_told_of_by_itself_moves_no_cursor(store):
    store.mentions.record([refusal(500)], now=NOW, looked_to=500)
    store.mentions.record([refusal(900)], now=NOW)
    assert store.mentions.cursor() == 500
    store.mentions.record([], now=NOW, looked_to=900)
    assert store.mentions.cursor() == 900


def test_the_cursor_compares_as_a_number(store):
    store.mentions.record([refusal(999)], now=NOW, looked_to=999)
    store.mentions.record([refusal(1_000)], now=NOW, looked_to=1_000)
    assert store.mentions.cursor() == 1_000


def test_the_cursor_stays_where_the_page_could_not_be_written(store, monkeypatch):
    store.mentions.record([refusal(500)], now=NOW, looked_to=500)
    monkeypatch.setattr("bot.store.mentions._job_row", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.mentions.record([request(501)], now=NOW, looked_to=501)
    assert store.mentions.cursor() == 500
    assert store.mentions.find(501) is None


def test_a_whole_backlog_is_recorded_in_a_few_statements(store, statements):
    store.mentions.record([request(1_000 + n, by=n) for n in range(800)], now=NOW)
    assert len(store.jobs.newest(limit=1_000)) == 800
    to_a_server = [said for said in statements if not store.database.is_sqlite]
    assert len(to_a_server) < 20  # SQLite is no network away, and takes the jobs one by one


def test_nothing_to_record_is_nothing_done(store):
    assert store.mentions.record([], now=NOW) == []
    assert store.mentions.cursor() is None


def test_the_largest_id_and_the_exact_time_come_back(store):
    largest = 2**63 - 1
    told, decision = request(largest, by=largest)
    store.mentions.record([(told, decision)], now=NOW + timedelta(microseconds=1), looked_to=largest)

    row = store.mentions.find(largest)
    assert (row.id, row.author_id, row.payload) == (largest, largest, {"post": {"id": str(largest)}})
    assert row.seen_at == NOW + timedelta(microseconds=1)
    assert row.seen_at.utcoffset() == timedelta(0)
    assert store.mentions.cursor() == largest
    assert store.jobs.find_by_mention(largest).requester_id == largest


def test_requests_of_a_day_are_counted_by_person(store):
    store.mentions.record([request(1, by=50), request(2, by=50), request(3, by=51), refusal(4)], now=NOW)
    counted = store.mentions.requests_since([50, 51, 52], NOW - timedelta(hours=24))
    assert counted == {50: 2, 51: 1}
    assert store.mentions.requests_since([50], NOW + timedelta(seconds=1)) == {}
    assert mention(4).post.author_id == 50
