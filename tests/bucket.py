"""A bucket for the tests: moto plays S3 in a process of its own, on loopback, gone with the tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import fsspec
import pytest

SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print("http://{}:{}".format(*server.get_host_and_port()), flush=True)
sys.stdin.read()
server.stop()
"""

# What a machine or a person may have said about Amazon is nobody's business here.
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true"}


@contextmanager
def s3_server() -> Iterator[str]:
    """Its address."""
    command = [sys.executable, "-c", SERVER]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as server:
        yield server.stdout.readline().strip()
        server.stdin.close()


@dataclass(frozen=True)
class Bucket:
    """An empty bucket of its own for each test."""

    endpoint: str
    address: str


@contextmanager
def bucket_at(endpoint: str, name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    for key, value in KEYS.items():
        monkeypatch.setenv(key, value)
    files = fsspec.filesystem("s3", endpoint_url=endpoint)
    files.mkdir(name)
    yield Bucket(endpoint, f"s3://{name}/kept/here")
    files.rm(name, recursive=True)
