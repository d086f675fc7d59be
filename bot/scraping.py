"""How Prometheus gets at the metrics: by a port of the process's own, or by the site."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import structlog
from prometheus_client import REGISTRY, CollectorRegistry, start_http_server
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from bot.settings import BadSettings

log = structlog.get_logger()

# Several workers on one machine take one port after the other.
PORTS = 10


def registry(*state: Collector) -> CollectorRegistry:
    """The events of this process, and the given state. With PROMETHEUS_MULTIPROC_DIR (prometheus_client's own
    variable) the events of all processes that share that folder: a site of several server processes.
    """
    whole = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(whole)  # type: ignore[no-untyped-call]
    else:
        whole.register(cast("Collector", REGISTRY))  # a registry collects as a collector does
    for each in state:
        whole.register(each)
    return whole


def exposition(whole: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """The text that a scrape gets, and its content type, in the form that `accept` asks for."""
    encode, content_type = choose_encoder(accept)
    return encode(cast("Collector", whole)), content_type


@contextmanager
def served(whole: CollectorRegistry, *, host: str, port: int | None, setting: str) -> Iterator[int | None]:
    """Serves /metrics in a thread, on `port` or the next free one after it; yields which, None if off.

    Raises BadSettings, naming the setting, where no port can be had.
    """
    if port is None:
        yield None
        return
    for candidate in range(port, port + PORTS):
        try:
            server, thread = start_http_server(candidate, host, cast("Collector", whole))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                continue
            raise BadSettings(f"{setting}: {host}:{candidate}: {error.strerror}") from None
        break
    else:
        raise BadSettings(f"{setting}: ports {port} to {port + PORTS - 1} of {host} are all taken")
    log.info("metrics.served", at=f"http://{host}:{server.server_port}/metrics")
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
