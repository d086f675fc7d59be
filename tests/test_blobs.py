"""Files by key, in a folder and in a bucket alike: whole or not at all."""

import os
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from bot import blobs as module
from bot.blobs import CHUNK, UNFINISHED, Blobs, by_hash, open_blobs
from bot.settings import BadSettings
from sandbox.broker import free_port

KEY = "exports/100/7-abc.pdf"


@pytest.fixture(params=["folder", "bucket"])
def blobs(request, tmp_path) -> Blobs:
    if request.param == "folder":
        return open_blobs(tmp_path / "kept")
    bucket = request.getfixturevalue("bucket")
    return open_blobs(bucket.address, endpoint=bucket.endpoint)


def test_a_file_is_read_as_it_was_saved(blobs):
    blobs.save(KEY, b"0123456789")
    assert blobs.read(KEY) == b"0123456789"
    assert blobs.read(KEY, 2, 5) == b"234"
    with blobs.open(KEY) as file:
        assert (file.read(3), file.seek(8), file.read()) == (b"012", 8, b"89")


def test_what_is_saved_again_is_replaced(blobs):
    blobs.save(KEY, b"older and longer")
    blobs.save(KEY, b"newer")
    assert blobs.read(KEY) == b"newer"
    assert blobs.find(KEY).size == 5


def test_a_local_file_is_saved_and_stays(blobs, tmp_path):
    made = tmp_path / "made.zip"
    made.write_bytes(os.urandom(2 * CHUNK + 7))
    blobs.save(KEY, made)
    assert blobs.read(KEY) == made.read_bytes()


def test_a_long_file_is_streamed_in_pieces(blobs):
    content = os.urandom(2 * CHUNK + 7)
    blobs.save(KEY, content)
    pieces = list(blobs.stream(KEY, 3, len(content)))
    assert b"".join(pieces) == content[3:]
    assert max(map(len, pieces)) == CHUNK
    assert list(blobs.stream(KEY, 5, 5)) == []


def test_what_is_not_there_is_said(blobs):
    assert blobs.find(KEY) is None
    for act in (blobs.read, blobs.open, lambda key: next(blobs.stream(key, 0, 1))):
        with pytest.raises(FileNotFoundError):
            act(KEY)
    blobs.save(KEY, b"x")
    assert blobs.find("exports/100") is None, "a folder is no file"


def test_deleting_twice_is_no_failure(blobs):
    blobs.save(KEY, b"x")
    blobs.delete(KEY)
    blobs.delete(KEY)
    assert blobs.find(KEY) is None


def test_files_are_listed_by_folder(blobs):
    assert list(blobs.list()) == []
    for key in (KEY, "exports/200/1.zip", by_hash("ab" * 32)):
        blobs.save(key, key.encode())
    assert {each.key for each in blobs.list()} == {KEY, "exports/200/1.zip", by_hash("ab" * 32)}
    assert {each.key: each.size for each in blobs.list("exports/100")} == {KEY: len(KEY)}
    assert list(blobs.list("nowhere")) == []
    [found] = blobs.list("exports/100")
    assert abs(found.changed_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert found == blobs.find(KEY)


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../out", "a/../../out", "a//b", "a/", ".hidden", "a/.b", "a\0b", "a b", "ä"]
)
def test_no_key_leads_out_of_the_root(blobs, key):
    for act in (blobs.read, blobs.find, blobs.delete, blobs.path, lambda key: blobs.save(key, b"x")):
        with pytest.raises(ValueError, match="not a key"):
            act(key)


def test_many_threads_save_at_once(blobs):
    threads = [threading.Thread(target=blobs.save, args=(by_hash(f"{n:064x}"), b"x" * n)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.size for each in blobs.list()) == list(range(12))


def test_only_a_folder_has_paths(blobs, tmp_path):
    assert blobs.path(KEY) == (tmp_path / "kept" / KEY if blobs.local else None)


def test_a_crash_while_writing_leaves_what_was_there(tmp_path, monkeypatch):
    blobs = open_blobs(tmp_path)
    blobs.save(KEY, b"whole")

    def dies(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module.os, "fsync", dies)
    with pytest.raises(KeyboardInterrupt):
        blobs.save(KEY, b"half")
    assert blobs.read(KEY) == b"whole"
    assert [each.key for each in blobs.list()] == [KEY]
    [half] = (tmp_path / UNFINISHED).iterdir()
    blobs.drop_unfinished(before=datetime.now(UTC) - timedelta(hours=1))
    assert half.exists(), "it may still be written to"
    blobs.drop_unfinished(before=datetime.now(UTC) + timedelta(hours=1))
    assert not half.exists()


def test_a_bucket_out_of_reach_is_an_os_error(bucket):
    blobs = open_blobs(bucket.address, endpoint=f"http://127.0.0.1:{free_port()}")
    for act in (blobs.find, lambda key: blobs.save(key, b"x")):
        with pytest.raises(OSError, match="connect"):
            act(KEY)


def test_a_bucket_without_its_library_is_refused_at_the_door(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(BadSettings, match=r"^MEDIA_DIR: s3:// needs s3fs: pip install 'unroll-bot\[s3\]'$"):
        open_blobs("s3://bucket")
