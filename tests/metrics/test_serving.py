"""Where the numbers can be read, and by whom."""

import os
import subprocess
import sys

import httpx
import pytest
import requests
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from bot import scraping
from bot.settings import BadSettings
from reader.app import create_app
from tests.metrics.conftest import Scrape
from tests.reader.conftest import Visitor
from tests.reader.fakes import FakeSettings, FakeStore
from tests.reader.scenes import lighthouse


def site_of(tmp_path, **settings):
    store = FakeStore()
    store.threads.save(lighthouse(tmp_path))
    return Visitor(create_app(store, FakeSettings(tmp_path, **settings)))


def test_the_site_tells_how_everything_stands_and_what_it_served(house, thread):
    house.ask(thread[0])
    app = create_app(house.store, house.parts.settings, house.world.now)
    site = Visitor(app)
    before = Scrape.of(site.get("/metrics").text)
    address = f"/thread/{thread[0].id}"
    for path in (address, address, f"{address}.json", "/thread/1", "/nowhere/at/all", "/status/x"):
        site.get(path)
    answer = site.get("/metrics")
    after = Scrape.of(answer.text)

    def served(page, status):
        return after.since(before, "unroll_pages_served_total", page=page, status=status)

    assert served("/thread/{post}", "200") == 2
    assert served("/thread/{post}.json", "200") == 1
    assert served("/thread/{post}", "404") == 1
    assert served("/status/{mention}", "404") == 1
    assert served("other", "404") == 1
    assert after.value("unroll_jobs", state="done", reason="") == 1
    assert after.value("unroll_database_up") == 1
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"].startswith("text/plain")


def test_no_address_that_was_asked_for_gets_into_a_label(tmp_path):
    site = site_of(tmp_path)
    for path in ("/thread/1234567890123456789", "/somebody", "/%F0%9F%92%A9", "/status/secret-word"):
        site.get(path)
    told = site.get("/metrics").text
    for word in ("1234567890123456789", "somebody", "secret-word", "\N{PILE OF POO}"):
        assert word not in told


def test_an_error_that_nobody_caught_counts_as_500(tmp_path):
    store = FakeStore()
    site = Visitor(create_app(store, FakeSettings(tmp_path)))
    before = Scrape.of(site.get("/metrics").text)
    store.jobs.find_by_mention = lambda _: 1 / 0
    assert site.get("/status/7").status_code == 500
    after = Scrape.of(site.get("/metrics").text)
    assert after.since(before, "unroll_pages_served_total", page="/status/{mention}", status="500") == 1


def test_without_a_database_the_counters_are_still_told(tmp_path):
    seen = Scrape.of(site_of(tmp_path).get("/metrics").text)
    assert seen.value("unroll_database_up") == 0
    assert seen.value("unroll_jobs_due") is None
    assert "unroll_pages_served" in seen.names


class TestWhoMayRead:
    @pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
    def test_nobody_whom_a_proxy_speaks_for(self, tmp_path, name):
        assert site_of(tmp_path).get("/metrics", headers={name: "127.0.0.1"}).status_code == 404

    @pytest.mark.parametrize(
        ("peer", "status"),
        [("127.0.0.1", 200), ("::1", 200), ("10.0.0.7", 404), ("203.0.113.9", 404), ("unix", 404)],
    )
    def test_without_a_token_this_machine_alone(self, tmp_path, peer, status):
        app = create_app(FakeStore(), FakeSettings(tmp_path))
        assert asked(app, peer).status_code == status

    @pytest.mark.parametrize(
        ("header", "status"),
        [("Bearer let-me-in-please", 200), ("Bearer let-me-in", 404), ("let-me-in-please", 404), ("", 404)],
    )
    @pytest.mark.parametrize("peer", ["127.0.0.1", "203.0.113.9"])
    def test_with_a_token_whoever_shows_it(self, tmp_path, peer, header, status):
        app = create_app(FakeStore(), FakeSettings(tmp_path, metrics_token=SecretStr("let-me-in-please")))
        assert asked(app, peer, Authorization=header).status_code == status

    def test_a_header_that_is_no_ascii_is_only_a_wrong_one(self, tmp_path):
        app = create_app(FakeStore(), FakeSettings(tmp_path, metrics_token=SecretStr("let-me-in-please")))
        assert asked(app, "127.0.0.1", Authorization="Bearer \xe9".encode("latin-1")).status_code == 404


def asked(app, peer, **headers):
    async def ask():
        transport = httpx.ASGITransport(app, client=(peer, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="https://reader.example") as client:
            return await client.get("/metrics", headers=headers)

    import asyncio  # noqa: PLC0415

    return asyncio.run(ask())


class TestPorts:
    def serving(self, port):
        return scraping.served(
            CollectorRegistry(), host="127.0.0.1", port=port, setting="WORKER_METRICS_PORT"
        )

    def test_off_without_one(self):
        with self.serving(None) as port:
            assert port is None

    def test_a_second_process_takes_the_next_one_and_gives_it_back(self):
        with self.serving(0) as first:
            with self.serving(first) as second:
                assert first < second < first + scraping.PORTS
                assert requests.get(f"http://127.0.0.1:{second}/metrics", timeout=10).ok
            with pytest.raises(requests.ConnectionError):
                requests.get(f"http://127.0.0.1:{second}/metrics", timeout=10)

    def test_an_address_that_is_not_ours_is_named_with_its_setting(self):
        serving = scraping.served(
            CollectorRegistry(), host="192.0.2.1", port=8021, setting="WORKER_METRICS_PORT"
        )
        with pytest.raises(BadSettings, match=r"^WORKER_METRICS_PORT: 192\.0\.2\.1:8021: "), serving:
            pass


SERVER = "from bot.metrics import PAGES; PAGES.labels('/', '200').inc({count})"
SCRAPER = "from bot import scraping; print(scraping.exposition(scraping.registry(), '')[0].decode())"


def test_server_processes_that_share_a_folder_are_one_site(tmp_path):
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for count in (2, 3):
        subprocess.run([sys.executable, "-c", SERVER.format(count=count)], env=env, check=True)
    told = subprocess.run(
        [sys.executable, "-c", SCRAPER], env=env, check=True, capture_output=True, text=True
    )
    assert Scrape.of(told.stdout).value("unroll_pages_served_total", page="/", status="200") == 5
