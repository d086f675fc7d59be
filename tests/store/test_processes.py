"""Several processes at once, and what a killed one leaves behind."""

import subprocess
import sys
import time

from bot.store.database import Database
from bot.store.lock import held

HOLDER = """
import sys, time
from bot.store.database import Database
from bot.store.lock import held
with held(Database(sys.argv[1]), "poller") as mine:
    print(bool(mine), flush=True)
    time.sleep(60)
"""
WRITER = """
import sys
from datetime import UTC, datetime
from bot.domain import Goal
from bot.store import open_store
store, number, now = open_store(sys.argv[1]), int(sys.argv[2]), datetime.now(UTC)
for each in range(25):
    job = store.jobs.claim(store.jobs.add(Goal(number * 1000 + each), now=now), now=now, worker=str(number))
    store.jobs.finish(job, None, now=now)
    store.spend.book([("post", number * 1000 + each)], prices={"post": 5}, job_id=job.id, now=now)
    store.notes.put("polled", {"by": number}, now=now)
    assert store.jobs.newest(limit=5)
store.close()
"""


def started(program, *words):
    return subprocess.Popen(
        [sys.executable, "-c", program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_writers_wait_for_each_other(store, url):
    processes = [started(WRITER, url, str(number)) for number in range(4)]
    said = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, said
    assert store.jobs.count_by_state() == {"done": 100}


def test_the_lock_dies_with_its_holder(url):
    database = Database(url)
    with started(HOLDER, url) as other:
        assert other.stdout.readline() == "True\n"
        with held(database, "poller") as mine:
            assert not mine
        with held(database, "another name") as mine:
            assert mine
        other.kill()
        other.wait()
        other.communicate()
    assert taken_within(database, seconds=5)
    database.dispose()


def taken_within(database, *, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with held(database, "poller") as mine:
            if mine:
                return True
        time.sleep(0.01)
    return False


def test_who_waits_gets_the_lock_when_it_is_free(url):
    database = Database(url)
    with held(database, "poller") as mine:
        assert mine
        other = started(
            HOLDER.replace('"poller")', '"poller", wait=True)').replace("sleep(60)", "sleep(0)"), url
        )
        assert other.poll() is None
    assert other.communicate(timeout=20)[0] == "True\n"
    with held(database, "poller") as mine:
        assert mine
    database.dispose()


def test_a_database_in_memory_is_nobody_elses():
    database = Database("sqlite://")
    with held(database, "poller") as mine:
        assert mine
    database.dispose()
