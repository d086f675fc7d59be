"""Pictures and films as they go out: from a folder and from a bucket alike, whole or in parts."""

import os

import pytest

from bot.blobs import CHUNK, by_hash, open_blobs
from reader.app import create_app
from tests.reader.conftest import Visitor
from tests.reader.fakes import FakeSettings

NAME = "ab" * 32
PICTURE = b"\xff\xd8\xff" + os.urandom(CHUNK + 100)


@pytest.fixture(params=["folder", "bucket"])
def site(request, store, tmp_path):
    settings = FakeSettings(tmp_path / "media")
    if request.param == "bucket":
        bucket = request.getfixturevalue("bucket")
        settings = FakeSettings(bucket.address, media_endpoint_url=bucket.endpoint)
    open_blobs(settings.media_dir, endpoint=settings.media_endpoint_url).save(by_hash(NAME), PICTURE)
    return Visitor(create_app(store, settings))


def ask(site, name=NAME, method="GET", **headers):
    return site.request(
        method, f"/media/{name}", headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def test_a_picture_is_sent_whole(site):
    answer = ask(site)
    assert (answer.status_code, answer.content) == (200, PICTURE)
    told = answer.headers
    assert (told["content-type"], told["content-length"]) == ("image/jpeg", str(len(PICTURE)))
    assert (told["accept-ranges"], told["etag"]) == ("bytes", f'"{NAME}"')
    assert told["cache-control"] == "public, max-age=3600, immutable"


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=10-", slice(10, None)),
        ("bytes=-7", slice(-7, None)),
        (f"bytes=5-{len(PICTURE) * 2}", slice(5, None)),
    ],
)
def test_a_part_is_sent_alone(site, asked, part):
    answer = ask(site, Range=asked)
    start, end, _ = part.indices(len(PICTURE))
    assert (answer.status_code, answer.content) == (206, PICTURE[part])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(PICTURE)}"
    assert answer.headers["content-length"] == str(end - start)


def test_a_part_behind_the_end_is_refused(site):
    answer = ask(site, Range=f"bytes={len(PICTURE)}-")
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(PICTURE)}")


def test_a_part_of_another_file_is_no_use(site):
    assert ask(site, Range="bytes=0-9", If_Range='"another"').status_code == 200
    assert ask(site, Range="bytes=0-9", If_Range=f'"{NAME}"').status_code == 206


def test_whoever_has_it_gets_it_no_second_time(site):
    answer = ask(site, If_None_Match=f'"{NAME}"')
    assert (answer.status_code, answer.content) == (304, b"")
    assert "immutable" in answer.headers["cache-control"]


def test_its_headers_alone(site):
    answer = ask(site, method="HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(PICTURE))


def test_what_is_not_there_is_not_found(site):
    assert ask(site, "cd" * 32).status_code == 404
