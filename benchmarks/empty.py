"""An empty task on the bot's own queue: `celery -A benchmarks.empty worker`.

When the last of a series has run, the times at which each of them did are put into the broker, and nothing
before.
"""

from __future__ import annotations

import json
import os
import threading
import time

import redis

from bot.queue import celery_app

THREADS = 16  # as of the bot's workers
QUEUE = "empty"
TIMES = "empty.times"

url = os.environ.get("REDIS_URL", "")
app = celery_app(url)
events = os.environ.get("EVENTS", "yes") == "yes"
app.conf.update(
    worker_pool="threads",
    worker_concurrency=THREADS,
    worker_send_task_events=events,
    task_send_sent_event=events,
    task_default_queue=QUEUE,
)
_times: list[tuple[float, float]] = []
_lock = threading.Lock()


@app.task(name="empty")
def empty(sent: float, of: int) -> None:
    """`sent` is when it was, by the machine's clock; `of` is how many are in the series."""
    with _lock:
        _times.append((sent, time.time()))
        if len(_times) < of:
            return
        times = json.dumps(_times)
        _times.clear()
    redis.Redis.from_url(url).rpush(TIMES, times)
