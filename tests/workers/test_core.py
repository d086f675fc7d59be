"""A worker keeps to one core, which no other worker of the machine has."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import BadSettings
from tests.needs import unavailable
from tests.workers.conftest import ROOT
from workers.core import choose

CORES = st.frozensets(st.integers(0, 63), min_size=2, max_size=8)

# A process that keeps to a core as a worker does, with a thread from before and one from after. Its names are
# a test's own, so that no worker of another test takes part.
KEEPER = """
import json, os, sys, threading, time
from pathlib import Path
import workers.core
workers.core.NAME, wanted, cores = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
os.sched_setaffinity(0, cores)
def thread(): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
thread()
core = workers.core.OneCore()
core.keep(wanted)
thread()
threads = [sorted(os.sched_getaffinity(int(each.name))) for each in Path("/proc/self/task").iterdir()]
print(json.dumps({"core": core.number, "before": sorted(core.before), "threads": threads}), flush=True)
time.sleep(60)
"""

# A worker, one of a single thread, one without threads, and one that is a guest in a process, as in tests.
KINDS = """
import json
from celery import Celery
from celery.apps.worker import Worker
from celery.contrib.testing.worker import TestWorkController
from celery.signals import worker_init
from workers.core import gains
seen = []
@worker_init.connect
def look(sender, **_): seen.append(gains(sender))
app = Celery(broker="memory://", set_as_current=False)
for kind, pool, threads in (
    (Worker, "threads", 16), (Worker, "threads", 1), (Worker, "solo", 16), (TestWorkController, "threads", 16)
):
    kind(app=app, pool=pool, concurrency=threads)
print(json.dumps(seen))
"""


@pytest.fixture
def cores() -> list[int]:
    """Two of this machine's."""
    found = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(found) < 2:
        unavailable("it takes Linux and two cores")
    return found[:2]


@pytest.fixture
def keeping(cores):
    """Starts such a process; it, and what it told."""
    name, started = f"unroll-test-{uuid4()}", []

    def start(wanted="auto"):
        command = [sys.executable, "-c", KEEPER, name, wanted, json.dumps(cores)]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        started.append(process)
        return process, json.loads(process.stdout.readline())

    yield start
    for process in started:
        process.kill()
        process.communicate()


def affinities(pid):
    return {frozenset(os.sched_getaffinity(int(each.name))) for each in Path(f"/proc/{pid}/task").iterdir()}


class TestChoice:
    @given(allowed=CORES, workers=st.integers(1, 12))
    def test_no_two_have_the_same_and_nobody_goes_without_while_one_is_free(self, allowed, workers):
        taken = set()

        def take(core):
            return core not in taken and not taken.add(core)

        chosen = [choose("auto", allowed, take) for _ in range(workers)]
        ours = [core for core in chosen if core is not None]
        assert len(ours) == len(set(ours)) == min(workers, len(allowed))
        assert set(ours) <= allowed
        assert ours == sorted(ours, reverse=True)
        assert chosen[len(ours) :] == [None] * (workers - len(ours))

    @pytest.mark.parametrize(("wanted", "allowed"), [("any", {0, 1}), ("auto", {3})])
    def test_nothing_is_taken_where_there_is_nothing_to_choose(self, wanted, allowed):
        taken = []
        assert choose(wanted, allowed, taken.append) is None
        assert taken == []

    def test_a_core_that_is_named_is_kept_to_and_left_alone_by_others(self):
        taken = []
        assert choose("0", {0, 1}, taken.append) == 0
        assert taken == [0]
        assert choose("0", {0, 1}, lambda _: False) == 0

    def test_a_core_that_is_not_ours_is_named_with_those_that_are(self):
        with pytest.raises(BadSettings, match=r"^WORKER_CORE: .* may use: 1, 3$"):
            choose("2", {3, 1}, lambda _: True)


def test_processes_keep_to_different_cores_with_all_their_threads_and_one_too_many_to_none(keeping, cores):
    told = [keeping()[1] for _ in range(3)]
    assert [each["core"] for each in told] == [cores[1], cores[0], None]
    assert [each["threads"] for each in told] == [[[cores[1]]] * 3, [[cores[0]]] * 3, [cores] * 3]
    assert [each["before"] for each in told] == [cores, cores, []]


def test_the_core_of_a_process_that_is_killed_is_free(keeping, cores):
    first, told = keeping()
    keeping()
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert keeping()[1]["core"] == told["core"] == cores[1]


def test_a_core_that_was_named_is_left_alone(keeping, cores):
    assert keeping(str(cores[1]))[1]["threads"] == [[cores[1]]] * 3
    assert keeping()[1]["core"] == cores[0]


@pytest.mark.broker
def test_a_worker_keeps_to_its_core_with_every_thread_while_it_answers(plant, cores):
    worker = plant.start_worker(WORKER_CORE=str(cores[0]))
    mention = plant.mention()
    plant.tick()
    plant.until_done(mention)
    assert len(list(Path(f"/proc/{worker.pid}/task").iterdir())) > 2
    assert affinities(worker.pid) == {frozenset({cores[0]})}
    [told] = [json.loads(line) for line in plant.said().splitlines() if '"worker.core"' in line]
    assert told["core"] == cores[0]


@pytest.mark.broker
@pytest.mark.usefixtures("cores")
def test_a_worker_that_is_to_use_any_core_does(plant):
    worker = plant.start_worker(WORKER_CORE="any")
    assert affinities(worker.pid) == {frozenset(os.sched_getaffinity(0))}


def test_only_a_process_that_runs_threads_of_its_own_keeps_to_a_core():
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KINDS], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert json.loads(told.stdout) == [True, False, False, False]
