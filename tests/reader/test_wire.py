"""HTTP to the byte: thread pages by the short way among everything else that a connection may bring."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reader import quick
from reader.app import create_app
from tests.reader.fakes import FakeSaved, FakeSettings, FakeStore, post, thread
from tests.reader.served import Served, rest, served
from tests.waiting import until

PAGE = b"GET /thread/1001 HTTP/1.1\r\nHost: here\r\nAccept-Encoding: gzip\r\n"
HELP = b"GET /help HTTP/1.1\r\nHost: here\r\nAccept-Encoding: gzip\r\n"
MORE, LAST = b"\r\n", b"Connection: close\r\n\r\n"
DATE = re.compile(rb"date: [^\r]*\r\n")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A page's answer lies ready for the whole module: what is not ready goes the long way."""
    store = FakeStore()
    store.threads.save(FakeSaved(thread(post(1, "Words of a page. " * 9), post(2, "More"))))
    app = create_app(store, FakeSettings(tmp_path_factory.mktemp("media")), lasts=timedelta(hours=1))
    with served(app) as site:
        assert site.get("/thread/1001").status_code == 200
        until(lambda: site.get("/thread/1001").status_code == 200 and site.answers.ready(1001))
        yield site


@pytest.fixture(scope="module")
def etag(site) -> bytes:
    return site.get("/thread/1001").headers["etag"].encode()


@pytest.fixture
def at_once(site, monkeypatch) -> list[bool]:
    """Whether each answer went the short way."""
    went = []
    real = quick.QuickProtocol._answer_at_once
    monkeypatch.setattr(
        quick.QuickProtocol, "_answer_at_once", lambda self: went.append(real(self)) or went[-1]
    )
    return went


def statuses(wire: bytes) -> list[int]:
    return [int(each) for each in re.findall(rb"HTTP/1\.1 (\d+) ", wire)]


def undated(wire: bytes) -> bytes:
    assert len(DATE.findall(wire)) == 1
    return DATE.sub(b"", wire)


def answer_to(site: Served, request: bytes) -> bytes:
    """One answer, without the goodbye that ends the connection."""
    with site.connect() as wire:
        wire.sendall(request + b"GET /static/end HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        answer, end, _ = rest(wire).rpartition(b"HTTP/1.1 404 Not Found\r\n")
        assert end
        return undated(answer)


WEIGHTS = st.sampled_from(["", ";q=0", "; q=0.0", ";q=1", "; Q=0.5"])
CODINGS = st.lists(
    st.tuples(st.sampled_from(["gzip", "GZIP", "br", "*", "identity", "x-gzip", ""]), WEIGHTS).map("".join)
)
TAGS = st.lists(st.sampled_from(["ETAG", "*", '"other"', 'W/"other"', "", "STRONG"]), min_size=1)
HEADERS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["Accept-Encoding", "accept-encoding"]), CODINGS.map(", ".join)),
        st.tuples(st.sampled_from(["If-None-Match", "IF-NONE-MATCH"]), TAGS.map(",".join)),
        st.tuples(
            st.sampled_from(
                ["User-Agent", "Cookie", "Range", "If-Modified-Since", "X-Forwarded-For", "Accept"]
            ),
            st.text(st.characters(min_codepoint=33, max_codepoint=126)),
        ),
        st.tuples(st.just("User-Agent"), st.just("Mozilla/5.0 \u00e9")),
        st.tuples(st.just("Expect"), st.just("100-continue")),
    ),
    max_size=6,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(headers=[("Accept-Encoding", "gzip"), ("Accept-Encoding", "br")])
@example(headers=[("If-None-Match", '"other"'), ("If-None-Match", "ETAG")])
@given(headers=HEADERS)
def test_both_ways_say_the_same_to_the_byte(site, etag, at_once, headers):
    """The long way is taken for an address that is spelt otherwise, and where an answer is looked up."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers).encode("latin-1")
    lines = lines.replace(b"STRONG", etag.removeprefix(b"W/")).replace(b"ETAG", etag)
    at_once.clear()
    short = answer_to(site, b"GET /thread/1001 HTTP/1.1\r\nHost: here\r\n" + lines + b"\r\n")
    assert at_once == [True, False]
    long = answer_to(site, b"GET /thread/%31001 HTTP/1.1\r\nHost: here\r\n" + lines + b"\r\n")
    assert at_once == [True, False, False, False]
    assert short == long
    pushed = site.say(PAGE.replace(b"1.1", b"1.1", 1) + MORE + HELP + MORE + PAGE + LAST)
    assert statuses(pushed) == [200, 200, 200]


def test_a_head_says_what_the_page_says(site):
    page = answer_to(site, PAGE + MORE)
    head = site.say(PAGE.replace(b"GET", b"HEAD") + LAST)
    assert (
        undated(head).replace(b"connection: close\r\n", b"") == page.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    )


def test_a_line_of_requests_is_answered_in_its_order(site, at_once):
    wire = site.say(PAGE + MORE + HELP + MORE + PAGE + MORE + PAGE + MORE + HELP + LAST)
    assert statuses(wire) == [200] * 5
    kinds = [b"Words" not in each and b"etag" in each for each in wire.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    assert kinds == [True, False, True, True, False]
    assert at_once == [True, False, False, False, False], "behind a slow one the quick ones wait in line"


def test_a_line_as_long_as_it_may_be_ends(site):
    assert statuses(site.say((PAGE + MORE) * 3000 + PAGE + LAST)) == [200] * 3001
    assert statuses(site.say(HELP + MORE + (PAGE + MORE) * 1500 + PAGE + LAST)) == [200] * 1502


def test_who_does_not_read_is_not_written_to_without_end(site):
    """The client's requests wait, not our answers."""
    with site.connect() as wire:
        wire.settimeout(2)
        with pytest.raises(TimeoutError):
            wire.sendall((PAGE + MORE) * 80_000)
        [protocol] = [each for each in site.server.server_state.connections if each.flow.write_paused]
        assert protocol.transport.get_write_buffer_size() < 1_000_000
    until(lambda: not site.server.server_state.connections)


@pytest.mark.parametrize("cut", [1, 20, len(PAGE), len(PAGE) + 1])
def test_requests_in_pieces(site, cut):
    request = PAGE + MORE + PAGE + LAST
    assert statuses(site.say(request[:cut], request[cut:])) == [200, 200]
    assert statuses(site.say(*(request[i : i + 1] for i in range(0, len(request), 1)))) == [200, 200]


def test_the_end_of_a_connection_is_the_clients_word(site, at_once):
    assert b"connection: close" in site.say(PAGE + LAST)
    assert statuses(site.say(PAGE.replace(b"HTTP/1.1", b"HTTP/1.0") + MORE)) == [200]
    assert at_once == [False, False]


@pytest.mark.parametrize(
    "body",
    [b"Content-Length: 5\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
)
def test_a_body_where_none_belongs_is_read_over(site, at_once, body):
    assert statuses(site.say(PAGE + MORE + PAGE + body + PAGE + MORE + PAGE + LAST)) == [200] * 4
    assert at_once[1] is False


def test_who_wants_another_protocol_is_answered_in_this_one(site, at_once):
    upgrade = b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    with site.connect() as wire:
        wire.sendall(PAGE + upgrade)
        assert statuses(wire.recv(65536)) == [200]
    assert at_once == [False]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (b"/thread/", 404),
        (b"/thread/x", 404),
        (b"/thread/1003", 404),
        (b"/thread/9999999999999999999", 404),
        (b"/thread/99999999999999999999", 404),
        (b"/thread/01001", 301),
        (b"/thread/1002", 301),
    ],
)
def test_what_is_no_page_is_said_by_the_site(site, path, status):
    request = PAGE.replace(b"/thread/1001", path)
    assert statuses(site.say(request + LAST)) == [status]
    assert statuses(site.say(request + MORE + PAGE + LAST)) == [status, 200]


def test_a_page_under_an_address_with_a_query_is_the_page(site, at_once):
    assert answer_to(site, PAGE.replace(b"1001", b"1001?s=20") + MORE) == answer_to(site, PAGE + MORE)
    assert at_once == [True, False, True, False]


def test_nonsense_is_refused(site):
    assert statuses(site.say(b"soup\r\n\r\n")) == [400]
    assert statuses(site.say(PAGE + MORE + b"soup\r\n\r\n")) == [200, 400]


@pytest.mark.parametrize("endless", [b"X: " + b"x" * 500_000, b"X: y\r\n" * 100_000])
def test_a_head_without_end_is_refused(site, endless):
    with site.connect() as wire:
        try:
            wire.sendall(PAGE + endless)
            answer = wire.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            answer = b"HTTP/1.1 400 "
    assert statuses(answer) == [400]
    assert statuses(site.say(PAGE + b"X: " + b"x" * 20_000 + MORE + LAST)) == [200]


def test_half_a_head_is_waited_for_so_long(site, monkeypatch):
    monkeypatch.setattr(quick, "HEAD_WITHIN_SECONDS", 0.3)
    for said in (b"", PAGE):
        assert site.say(said) == b""


def test_every_answer_is_counted_by_the_server(site):
    before = site.server.server_state.total_requests
    site.say(PAGE + MORE + HELP + MORE + PAGE + LAST)
    assert site.server.server_state.total_requests == before + 3


def test_no_answer_names_the_server(site):
    assert b"\r\nserver:" not in site.say(PAGE + MORE + HELP + LAST).lower()


def test_connections_without_requests_do_not_hold_up_the_end(tmp_path):
    store = FakeStore()
    store.threads.save(FakeSaved(thread(post(1, "Words"), post(2, "More"))))
    with served(create_app(store, FakeSettings(tmp_path), lasts=timedelta(hours=1))) as site:
        assert [site.get("/thread/1001").status_code for _ in range(3)] == [200] * 3
        wires = [site.connect() for _ in range(3)]
        wires[1].sendall(PAGE + MORE)
        assert statuses(wires[1].recv(65536)) == [200]
        wires[2].sendall(PAGE)
    assert [rest(wire) for wire in wires] == [b""] * 3
    for wire in wires:
        wire.close()
