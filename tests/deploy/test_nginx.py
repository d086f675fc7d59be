"""deploy/nginx.conf by a real nginx before a real site: what it keeps, lets through and refuses."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from bot.store import Store, open_store
from sandbox.broker import free_port
from tests.deploy import nginx
from tests.needs import unavailable
from tests.store.made import post, thread

PUBLIC = "https://reader.example"
FORM = {"Origin": PUBLIC}


@pytest.fixture(scope="module", autouse=True)
def _needs_nginx() -> None:
    if not nginx.installed():
        unavailable("no nginx: install nginx-light")


@dataclass(frozen=True)
class Place:
    """A site with nginx before it."""

    store: Store
    url: str
    folder: Path

    def ask(self, path: str, *, method: str = "GET", by: str = "127.0.0.1", **more) -> httpx.Response:
        """Somebody at an address of their own asks nginx."""
        with httpx.Client(transport=httpx.HTTPTransport(local_address=by), base_url=self.url) as client:
            return client.request(method, path, timeout=20, **more)

    def in_cache(self) -> str:
        return "".join(
            file.read_bytes().decode("latin-1")
            for file in (self.folder / "cache").rglob("*")
            if file.is_file()
        )


@contextmanager
def _site(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    settings = {
        "DATABASE_URL": f"sqlite:///{folder}/unroll.db",
        "MEDIA_DIR": f"{folder}/media",
        "PUBLIC_URL": PUBLIC,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "UNROLLS_PER_VISITOR_PER_DAY": "2",
        "LOG_LEVEL": "ERROR",
    }
    words = [Path(sys.executable).with_name("unroll"), "web", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, cwd=folder, env={**os.environ, **settings}, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[Place]:
    folder, port, site = tmp_path_factory.mktemp("nginx"), free_port(), free_port()
    store = open_store(f"sqlite:///{folder}/unroll.db")
    config = nginx.configure(folder, nginx.ours(folder, port=port, site=site))
    here = Place(store, f"http://127.0.0.1:{port}", folder)
    with _site(folder, site), nginx.running(config):
        _until(lambda: here.ask("/healthz").status_code == 200)
        yield here
    store.close()


def _until(true, within: float = 30) -> None:
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            if true():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("it did not come to that")


def _save(store: Store, number: int, words: str) -> str:
    first = post(number, conversation=number, text=words)
    store.threads.save(thread(first), now=datetime.now(UTC))
    return f"/thread/{number}"


@pytest.mark.parametrize("extras", [(), ("nginx-flower.conf",)])
def test_nginx_takes_it_as_it_is(tmp_path, extras):
    for name in extras:
        (tmp_path / "extras").mkdir()
        (tmp_path / "extras" / name).write_text((nginx.DEPLOY / name).read_text())
    config = nginx.configure(tmp_path, nginx.ours(tmp_path, port=free_port(), site=8000))
    assert nginx.check(config) == ""


def test_nginx_takes_it_with_a_certificate(tmp_path):
    text = (nginx.DEPLOY / "nginx-tls.conf").read_text()
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=reader.example"]
    made = subprocess.run([*words, "-keyout", key, "-out", certificate], capture_output=True, check=False)
    assert made.returncode == 0, made.stderr.decode()
    for theirs, ours in (
        ("/etc/letsencrypt/live/unroll/fullchain.pem", certificate),
        ("/etc/letsencrypt/live/unroll/privkey.pem", key),
        ("443 ssl", f"{free_port()} ssl"),
    ):
        assert theirs in text
        text = text.replace(theirs, str(ours))
    (tmp_path / "extras").mkdir()
    (tmp_path / "extras" / "nginx-tls.conf").write_text(text)
    config = nginx.configure(tmp_path, nginx.ours(tmp_path, port=free_port(), site=8000))
    assert nginx.check(config) == ""


def test_a_page_comes_from_the_cache_and_is_asked_for_again(place):
    path = _save(place.store, 1001, "Said at first.")
    first = place.ask(path)
    assert first.status_code == 200
    assert first.headers["content-encoding"] == "gzip"
    assert "Said at first." in first.text
    assert "/thread/1001" in place.in_cache()
    again = place.ask(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    _save(place.store, 1001, "Said otherwise.")
    _until(lambda: "Said otherwise." in place.ask(path).text)


def test_every_browser_gets_what_it_takes(place):
    path = _save(place.store, 1101, "Words for all.")
    for takes, encoding in (("gzip, br", "gzip"), ("br", None), ("gzip;q=0, br", None), ("GZIP", "gzip")):
        answer = place.ask(path, headers={"Accept-Encoding": takes})
        assert answer.headers.get("content-encoding") == encoding
        if encoding or "br" not in takes:
            assert "Words for all." in answer.text


def test_a_page_that_is_removed_is_gone_from_the_cache_too(place):
    path = _save(place.store, 1201, "What should not have been said.")
    _until(lambda: place.ask(path).status_code == 200)
    place.store.threads.bury(1201, datetime.now(UTC))
    _until(lambda: place.ask(path).status_code == 410, within=10)
    for takes in ("gzip", "identity"):
        assert place.ask(path, headers={"Accept-Encoding": takes}).status_code == 410


def test_a_form_is_sent_on_with_the_address_of_its_sender(place):
    def unroll(number: int, by: str, **headers: str) -> int:
        sent = {"post": f"https://x.com/ada/status/{number}"}
        return place.ask("/unroll", method="POST", data=sent, by=by, headers=FORM | headers).status_code

    assert [unroll(number, "127.0.0.2") for number in (5001, 5002)] == [303, 303]
    assert unroll(5003, "127.0.0.2") == 429
    assert unroll(5003, "127.0.0.2", **{"X-Forwarded-For": "198.51.100.7"}) == 429, "nginx says who asks"
    assert unroll(5003, "127.0.0.3") == 303


def test_forms_are_not_for_machines(place):
    answers = [
        place.ask("/unroll", method="POST", data={"post": "soup"}, headers=FORM, by="127.0.0.4")
        for _ in range(13)
    ]
    assert [each.status_code for each in answers][:11] == [422] * 11
    assert answers[-1].status_code == 429
    assert "try again" in answers[-1].text
    assert place.ask("/", by="127.0.0.4").status_code == 200


def test_numbers_are_not_for_the_world(place):
    for path in ("/metrics", "/metrics?all", "/./metrics", "/%6detrics"):
        answer = place.ask(path)
        assert answer.status_code == 404
        assert "unroll_" not in answer.text


@pytest.mark.parametrize("path", ["/", "/thread/1301", "/thread/1301.md", "/nowhere", "/healthz", "/metrics"])
def test_every_answer_is_guarded_once(place, path):
    _save(place.store, 1301, "Words.")
    headers = place.ask(path).headers
    for name in ("content-security-policy", "referrer-policy", "x-content-type-options"):
        assert len(headers.get_list(name)) == 1
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "1." not in headers["server"]


def test_files_of_the_site_are_kept_packed(place):
    page = place.ask("/").text
    sheet = next(part for part in page.split('"') if part.startswith("/static/") and part.endswith(".css"))
    answer = place.ask(sheet, headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip")
    assert "immutable" in answer.headers["cache-control"]
    assert sheet in place.in_cache()


def test_a_site_that_is_away_is_said_to_be_away(tmp_path):
    port = free_port()
    config = nginx.configure(tmp_path, nginx.ours(tmp_path, port=port, site=free_port()))
    here = Place(None, f"http://127.0.0.1:{port}", tmp_path)
    with nginx.running(config):
        _until(lambda: here.ask("/").status_code == 502)
        answer = here.ask("/thread/1001")
        assert answer.status_code == 502
        assert answer.headers["retry-after"] == "10"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
