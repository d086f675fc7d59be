"""What Prometheus sees of the house: read over HTTP, as it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from bot import scraping
from bot.cli.polling import watched
from tests.conftest import House


@dataclass(frozen=True)
class Scrape:
    """The samples of one scrape, by name and labels."""

    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]
    names: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Scrape:
        families = list(text_string_to_metric_families(text))
        samples = [sample for family in families for sample in family.samples]
        names = frozenset(sample.name for sample in samples) | {family.name for family in families}
        return cls({(each.name, frozenset(each.labels.items())): each.value for each in samples}, names)

    def value(self, name: str, **labels: str) -> float | None:
        return self.samples.get((name, frozenset(labels.items())))

    def since(self, before: Scrape, name: str, **labels: str) -> float:
        """By how much a counter has grown: the counters of this process know other tests, too."""
        return (self.value(name, **labels) or 0) - (before.value(name, **labels) or 0)


def read(port: int) -> Scrape:
    answer = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=30)
    assert answer.status_code == 200
    return Scrape.of(answer.text)


@pytest.fixture
def scrape(house: House) -> Iterator[Callable[[], Scrape]]:
    """The poller's `/metrics`; the worker of the house runs in the same process."""
    with scraping.served(watched(house.parts), host="127.0.0.1", port=0, setting="TEST") as port:
        yield lambda: read(port)


@pytest.fixture
def thread(world):
    texts = [f"Part {n} of what I learned about lighthouses." for n in range(1, 5)]
    return world.thread(world.author("ada"), texts, ago=timedelta(hours=2))
