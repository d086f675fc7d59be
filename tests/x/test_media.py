"""Pictures of strangers: from known hosts, bounded, and what they say they are."""

import hashlib
import io
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from bot.errors import Permanent, Transient
from bot.x import media
from sandbox.broker import free_port
from sandbox.pictures import FILM


def image(kind="PNG", size=(4, 3), mode="RGB"):
    file = io.BytesIO()
    Image.new(mode, size, 1).save(file, kind)
    return file.getvalue()


@dataclass
class MediaHost:
    """Answers every path with `status`, `headers` and `body`, or as `speak` does."""

    netloc: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    speak: Callable[[BaseHTTPRequestHandler], None] | None = None
    asked: list[str] = field(default_factory=list)

    def download(self, path="/1.jpg", hosts=None):
        return media.download(f"http://{self.netloc}{path}", hosts=hosts or [self.netloc])


@pytest.fixture
def host():
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            told.asked.append(self.path)
            if told.speak is not None:
                return told.speak(self)
            self.send_response(told.status)
            for name, value in ({"Content-Length": str(len(told.body))} | told.headers).items():
                self.send_header(name, value)
            self.end_headers()
            return self.wfile.write(told.body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        told = MediaHost(f"127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield told
        server.shutdown()
        thread.join()


def refusal(kind, act):
    with pytest.raises(kind) as told:
        act()
    return told.value.reason


@pytest.mark.parametrize(("kind", "told"), [*media.TYPES.items()])
def test_a_picture_comes_with_what_it_is(host, kind, told):
    host.body, host.headers = image(kind, (40, 30)), {"Content-Type": "text/html"}
    found = host.download()
    assert (found.content, found.content_type, found.width, found.height) == (host.body, told, 40, 30)
    assert len(found.sha256) == 64


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/1.jpg",
        "https://pbs.twimg.com.evil.example/1.jpg",
        "https://user@pbs.twimg.com/1.jpg",
        "https://pbs.twimg.com:8443/1.jpg",
        "https://pbs.twimg.com\\@evil.example/1.jpg",
        "http://pbs.twimg.com/1.jpg",
        "file:///etc/passwd",
        "ftp://pbs.twimg.com/1.jpg",
        "//pbs.twimg.com/1.jpg",
        "https://[::1/1.jpg",
        "http://169.254.169.254/latest",
        "",
    ],
)
def test_no_other_host_is_ever_asked(url, monkeypatch):
    monkeypatch.setattr("socket.create_connection", lambda *_, **__: pytest.fail("asked"))
    assert refusal(Permanent, lambda: media.download(url, hosts=["pbs.twimg.com"])) == "media-host"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(host, status):
    host.status, host.headers = status, {"Location": f"http://{host.netloc}/elsewhere"}
    assert refusal(Transient, host.download) == "media-unreachable"
    assert host.asked == ["/1.jpg"]


@pytest.mark.parametrize("status", [403, 404, 410])
def test_what_is_gone_is_gone_for_good(host, status):
    host.status = status
    assert refusal(Permanent, host.download) == "media-gone"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_host_in_trouble_is_asked_later(host, status):
    host.status = status
    assert refusal(Transient, host.download) == "media-unreachable"


def test_a_host_that_is_not_there_is_asked_later():
    nobody = MediaHost(f"127.0.0.1:{free_port()}")
    assert refusal(Transient, nobody.download) == "media-unreachable"


def test_too_many_bytes(host, monkeypatch):
    monkeypatch.setattr(media, "MAX_BYTES", 10_000)
    host.body = image() + bytes(20_000)
    assert refusal(Permanent, host.download) == "media-too-large"


def test_too_many_pixels(host, monkeypatch):
    monkeypatch.setattr(media, "MAX_PIXELS", 1_000)
    host.body = image(size=(100, 100))
    assert refusal(Permanent, host.download) == "media-too-large"


@pytest.mark.parametrize("side", [9_600, 15_000])
def test_a_decompression_bomb_is_never_unpacked(host, side):
    host.body = image(size=(side, side), mode="1")
    assert len(host.body) < 100_000
    assert refusal(Permanent, host.download) == "media-too-large"


def bmp():
    return image("BMP")


@pytest.mark.parametrize(
    "body",
    [b"", b"<!DOCTYPE html><html></html>", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", bmp()],
    ids=["nothing", "html", "svg", "pdf", "bmp"],
)
def test_what_is_no_picture_of_ours_is_refused_whatever_it_is_called(host, body):
    host.body, host.headers = body, {"Content-Type": "image/jpeg"}
    assert refusal(Permanent, host.download) == "media-unreadable"


@pytest.mark.parametrize("kind", media.TYPES)
def test_half_a_picture_is_no_picture(host, kind):
    whole = image(kind, (200, 200))
    host.body = whole[: len(whole) // 2]
    assert refusal(Permanent, host.download) == "media-unreadable"


def test_an_answer_that_breaks_off_is_asked_again(host):
    host.body, host.headers = image(), {"Content-Length": "999999"}
    assert refusal(Transient, host.download) == "media-unreachable"


def test_a_host_that_drips_is_given_up(host, monkeypatch):
    monkeypatch.setattr(media, "PATIENCE", timedelta(seconds=0.2))
    done = threading.Event()

    def drip(answer):
        answer.send_response(200)
        answer.end_headers()
        while not done.wait(0.02):
            try:
                answer.wfile.write(b"x")
            except OSError:
                return

    host.speak = drip
    assert refusal(Transient, host.download) == "media-unreachable"
    done.set()


MOST = 20_000


def film(host, most=MOST):
    with media.downloaded_film(f"http://{host.netloc}/1.mp4", hosts=[host.netloc], most=most) as found:
        return found.path.read_bytes(), found


def test_a_film_comes_as_a_file_that_goes_again(host):
    host.body, host.headers = FILM, {"Content-Type": "text/html"}
    content, found = film(host)
    assert (content, found.size) == (FILM, len(FILM))
    assert found.sha256 == hashlib.sha256(FILM).hexdigest()
    assert not found.path.exists()


@pytest.mark.parametrize("told", [{}, {"Content-Length": "999999999"}])
def test_a_film_that_is_too_large_is_left(host, told):
    host.body, host.headers = FILM, told
    assert refusal(Permanent, lambda: film(host, most=len(FILM) - 1)) == "media-too-large"


@pytest.mark.parametrize(
    "body",
    [b"", FILM[: len(FILM) // 2], FILM + b"more", FILM[FILM.index(b"moov") - 4 :], bytes(64), image("GIF")],
    ids=["nothing", "half", "more", "headless", "zeros", "a picture"],
)
def test_what_is_no_whole_film_is_refused_whatever_it_is_called(host, body):
    host.body, host.headers = body, {"Content-Type": "video/mp4"}
    assert refusal(Permanent, lambda: film(host)) == "media-unreadable"


def test_films_come_from_the_same_hosts_only(monkeypatch):
    monkeypatch.setattr("socket.create_connection", lambda *_, **__: pytest.fail("asked"))

    def ask():
        with media.downloaded_film("https://evil.example/1.mp4", hosts=["video.twimg.com"], most=MOST):
            pytest.fail("came")

    assert refusal(Permanent, ask) == "media-host"
