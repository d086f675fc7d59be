"""Serves the scenes, for browsers: `python -m tests.reader.serve PORT MEDIA_FOLDER`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from starlette.applications import Starlette

from reader import serving
from reader.app import create_app
from tests.reader import scenes
from tests.reader.fakes import FakeJob, FakeSettings, FakeStore
from tests.reader.test_hostile import everything


def create() -> Starlette:
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    store = FakeStore()
    store.threads.save(scenes.lighthouse(folder))
    store.threads.save(scenes.moved(scenes.hebrew(), 1000))
    store.threads.save(scenes.moved(scenes.japanese(), 2000))
    store.threads.save(replace(scenes.moved(scenes.japanese(), 3000), gone=True))
    store.threads.save(scenes.moved(everything("W" * 400), 4000))
    store.threads.save(scenes.usual(folder))
    store.jobs[7] = FakeJob("done", thread_id=1001)
    return create_app(store, FakeSettings(folder, public_url=f"http://127.0.0.1:{port}"))


if __name__ == "__main__":
    serving.serve("tests.reader.serve:create", port=int(sys.argv[1]))
