"""A database of a bot that has worked for long, its rows put in directly: each statement makes all of a kind.

A job came every second up to now, and is over; a thread was asked for ten times in a row.
"""
# ruff: noqa: S608 - names and numbers of our own

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from bot.store import Store
from bot.store.gauges import count_anew

JOBS_OF_A_THREAD = 10
POSTS_OF_A_THREAD = 5
# Each person asked for as many and wrote as many, however many there are in all.
JOBS_OF_A_PERSON = 50
SECONDS_APART = 1
FIRST_POST = 1_500_000_000_000_000_000
# One in ten failed, one was refused, one was a refresh: a page of each also among the fewest jobs.
STATE = "CASE i % 10 WHEN 0 THEN 'failed' WHEN 1 THEN 'refused' ELSE 'done' END"
REASON = "CASE i % 10 WHEN 0 THEN 'x-unavailable' WHEN 1 THEN 'post-gone' END"
KIND = "CASE i % 10 WHEN 2 THEN 'refresh' ELSE 'unroll' END"
THREAD = f":first + (i / {JOBS_OF_A_THREAD}) * 1000"

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count) INSERT INTO "
JOBS = (
    "job (id, kind, state, reason, mention_id, requester_id, post_id, conversation_id, author_id, thread_id,"
    " reply_wanted, reply_id, reply_text, reply_started_at, attempts, failures, priority, from_site,"
    " created_at, updated_at)"
    f" SELECT i + 1, {KIND}, {STATE}, {REASON}, :first + i * 100 + 7, i % :people, {THREAD}, {THREAD},"
    f" i / {JOBS_OF_A_THREAD} % :people, {THREAD}, true, CASE WHEN i % 10 > 1 THEN :first + i * 100 + 9 END,"
    f" 'A calm page ' || i, {{at}}, 1, 0, 0, false, {{at}}, {{at}} FROM n"
)
MENTIONS = (
    "mention (id, author_id, conversation_id, decision, created_at, seen_at)"
    f" SELECT :first + i * 100 + 7, i % :people, {THREAD}, 'request', {{at}}, {{at}} FROM n"
)
ATTEMPTS = (
    "attempt (job_id, number, worker, started_at, ended_at, outcome)"
    f" SELECT i + 1, 1, 'one', {{at}}, {{at}}, {STATE} FROM n"
)
SUMS = (
    "INSERT INTO spend_sum (day, resource, recheck, micro_usd)"
    " SELECT day, resource, recheck, sum(micro_usd) FROM spend GROUP BY day, resource, recheck"
)
SPEND = (
    "spend (day, job_id, resource, count, micro_usd, recheck, booked_at)"
    " SELECT {day}, i + 1, 'reply', 1, 10000, false, {at} FROM n"
)
THREADS = (
    "thread (id, conversation_id, author_id, version, etag, body, post_count, newest_post_id, complete,"
    " fetched_at, checked_at, confirmed_at, revision)"
    f" SELECT :first + i * 1000, :first + i * 1000, i % :people, 1, 'e' || i, '{{{{}}}}',"
    f" {POSTS_OF_A_THREAD}, :first + i * 1000 + 4, true, {{at}}, {{at}}, {{confirmed}}, 1 FROM n"
)
CARDS = (
    "card (thread_id, author_id, username, name, written_at, made_at, confirmed_at, title, opening,"
    " direction, posts, minutes, tags, reads)"
    " SELECT :first + i * 1000, i % :people, 'a' || i % :people, 'Ada', {at}, {at}, {confirmed},"
    " 'Keepers', 'of lights', 'ltr', 5, 2, '[]', i % 977 FROM n"
)
POST_ID = f":first + i / {POSTS_OF_A_THREAD} * 1000 + i % {POSTS_OF_A_THREAD}"
POST_THREAD = f":first + i / {POSTS_OF_A_THREAD} * 1000"
POSTS = (
    "post (id, conversation_id, author_id, payload, fetched_at)"
    f" SELECT {POST_ID}, {POST_THREAD}, i / {POSTS_OF_A_THREAD} % :people, '{{{{}}}}', {{confirmed}} FROM n"
)
SHOWN = f"shown_post (thread_id, post_id) SELECT {POST_THREAD}, {POST_ID} FROM n"
OF_THREADS = f"thread_post (thread_id, post_id) SELECT {POST_THREAD}, {POST_ID} FROM n"
PICTURES = (
    "media (url, state, sha256, attempts, copied_at, updated_at)"
    " SELECT 'https://pbs.example/' || i, 'stored', 'sha' || i, 1, {at}, {at} FROM n"
)
SHOWING = "thread_picture (thread_id, url) SELECT :first + i * 1000, 'https://pbs.example/' || i FROM n"


def fill(store: Store, jobs: int, *, now: datetime, confirmed: datetime) -> None:
    """So many jobs, a tenth as many threads, and everything that comes with them."""
    threads = jobs // JOBS_OF_A_THREAD
    posts = threads * POSTS_OF_A_THREAD
    with store.database.writing.begin() as connection:
        if not store.database.is_sqlite:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement, count in (
            *((each, jobs) for each in (JOBS, MENTIONS, ATTEMPTS, SPEND)),
            *((each, threads) for each in (THREADS, CARDS, PICTURES, SHOWING)),
            *((each, posts) for each in (POSTS, SHOWN, OF_THREADS)),
        ):
            words = NUMBERS + _in_the_dialect(statement, sqlite=store.database.is_sqlite)
            told = {
                "count": count,
                "first": FIRST_POST,
                "people": jobs // JOBS_OF_A_PERSON,
                "now": now.timestamp(),
                "confirmed": confirmed.timestamp(),
            }
            used = {name: value for name, value in told.items() if f":{name}" in words}
            connection.execute(text(words), used)
        if not store.database.is_sqlite:
            connection.execute(text("SELECT setval('job_id_seq', :count)"), {"count": jobs})
        connection.execute(text(SUMS))
    with store.database.write() as session:
        count_anew(session)
    _settle(store)


def _in_the_dialect(statement: str, *, sqlite: bool) -> str:
    at = f":now - (:count - i) * {SECONDS_APART}"
    if sqlite:
        moment = "strftime('%Y-%m-%d %H:%M:%S.000000', CAST({} AS INTEGER), 'unixepoch')"
        day = f"date(CAST({at} AS INTEGER), 'unixepoch')"
    else:
        moment, day = "to_timestamp({})", f"CAST(to_timestamp({at}) AT TIME ZONE 'UTC' AS date)"
    words = statement.format(at=moment.format(at), confirmed=moment.format(":confirmed"), day=day)
    return words if sqlite else _with_types(words)


def _with_types(words: str) -> str:
    for name, kind in (
        ("first", "bigint"),
        ("people", "bigint"),
        ("now", "double precision"),
        ("confirmed", "double precision"),
    ):
        words = words.replace(f":{name}", f"CAST(:{name} AS {kind})")
    return words.replace("'[]'", "CAST('[]' AS json)").replace("'{}'", "CAST('{}' AS json)")


def _settle(store: Store) -> None:
    """As PostgreSQL does by itself in the night."""
    if not store.database.is_sqlite:
        with store.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("RESET statement_timeout"))
