"""Files by key, such as pictures and exports, under one root: a local folder, or a place in a bucket of S3.

A key is names with slashes between, such as `ab/abcdef` or `exports/100/7.pdf`. A file is there whole or not
at all. Calls raise FileNotFoundError where there is no such file, OSError where the root does not answer.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO, ParamSpec, TypeVar, cast

from fsspec.implementations.local import LocalFileSystem

from bot.settings import CONNECT_TIMEOUT, HTTP_TIMEOUT, BadSettings

KEY = re.compile(r"(?!\.)[\w.-]+(/(?!\.)[\w.-]+)*", re.ASCII)
CHUNK = 1024 * 1024

# What is being written lies beside the files, on the same disk, under a name that no key can have.
UNFINISHED = ".unfinished"

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file that is there; `size` in bytes."""

    key: str
    size: int
    changed_at: datetime

    @property
    def named_by_hash(self) -> bool:
        """Whether this is a picture, and no export."""
        return self.key == by_hash(self.key.rsplit("/", 1)[-1])


@dataclass(frozen=True, slots=True)
class Blobs:
    """`root` is a folder or `bucket/prefix`. Safe to share between threads."""

    files: Any
    root: str

    @property
    def local(self) -> bool:
        return isinstance(self.files, LocalFileSystem)

    def path(self, key: str) -> Path | None:
        """Where a file of a local folder lies, whether it is there or not; None in a bucket."""
        place = self._place(key)
        return Path(place) if self.local else None

    def save(self, key: str, content: bytes | Path) -> None:
        """Bytes, or a local file that stays where it is; in place of what was there under this key."""
        place = self._place(key)
        if self.local:
            self._write_whole(Path(place), content)
        elif isinstance(content, Path):
            _ask(self.files.put_file, str(content), place)
        else:
            _ask(self.files.pipe_file, place, content)

    def read(self, key: str, start: int | None = None, end: int | None = None) -> bytes:
        """All of it, or the bytes from `start` up to `end`."""
        return _ask(cast("Callable[..., bytes]", self.files.cat_file), self._place(key), start=start, end=end)

    def open(self, key: str) -> BinaryIO:
        """To be read from any place; to be closed by the caller."""
        opened = _ask(self.files.open, self._place(key), "rb", block_size=CHUNK)
        return cast("BinaryIO", opened)

    def stream(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` up to `end`, never more than CHUNK of them in memory."""
        for at in range(start, end, CHUNK):
            yield self.read(key, at, min(at + CHUNK, end))

    def find(self, key: str) -> Blob | None:
        try:
            found = _ask(self.files.info, self._place(key))
        except FileNotFoundError:
            return None
        return self._blob(found) if found["type"] == "file" else None

    def list(self, folder: str = "") -> Iterator[Blob]:
        """Every file below a folder; what is being written is not there yet."""
        place = self._place(folder) if folder else self.root
        for found in _ask(self.files.find, place, detail=True).values():
            blob = self._blob(found)
            if KEY.fullmatch(blob.key):
                yield blob

    def delete(self, key: str) -> None:
        """Deleting what is not there is no failure."""
        with suppress(FileNotFoundError):
            _ask(self.files.rm_file, self._place(key))

    def drop_unfinished(self, *, before: datetime) -> None:
        """What a crash left half written in a local folder; a bucket shows no such thing."""
        if self.local:
            for path in Path(self.root, UNFINISHED).glob("*"):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink(missing_ok=True)

    def _place(self, key: str) -> str:
        if not KEY.fullmatch(key):
            raise ValueError(f"not a key: {key!r}")
        return f"{self.root}/{key}"

    def _blob(self, found: dict[str, Any]) -> Blob:
        changed = found.get("LastModified") or datetime.fromtimestamp(found["mtime"], UTC)
        return Blob(str(found["name"]).removeprefix(f"{self.root}/"), found["size"], changed)

    def _write_whole(self, path: Path, content: bytes | Path) -> None:
        """The whole file or none: nobody ever sees half of it, whatever crashes."""
        unfinished = Path(self.root, UNFINISHED)
        for folder in (unfinished, path.parent):
            folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=unfinished, delete=False) as file:
            for chunk in _chunks(content):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)


def open_blobs(root: Path | str, *, endpoint: str = "") -> Blobs:
    """Of a folder, or of an address such as `s3://bucket/prefix`, where `endpoint` is that of another service
    than Amazon's. Raises BadSettings where S3 is wanted and its library is not there.
    """
    if isinstance(root, Path):
        return Blobs(LocalFileSystem(use_listings_cache=False), str(root.absolute()))
    patience = {
        "connect_timeout": CONNECT_TIMEOUT.total_seconds(),
        "read_timeout": HTTP_TIMEOUT.total_seconds(),
        "retries": {"total_max_attempts": 2, "mode": "standard"},
    }
    try:
        from s3fs import S3FileSystem  # noqa: PLC0415 - it takes half a second, and most have a folder
    except ImportError:
        raise BadSettings("MEDIA_DIR: s3:// needs s3fs: pip install 'unroll-bot[s3]'") from None
    files = S3FileSystem(endpoint_url=endpoint or None, config_kwargs=patience, use_listings_cache=False)
    return Blobs(files, root.removeprefix("s3://").strip("/"))


def by_hash(sha256: str) -> str:
    """The key of a file named by its content: in a folder of two digits, so that none grows too long."""
    return f"{sha256[:2]}/{sha256}"


def _chunks(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _ask(act: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """What the bucket's client raises of its own where it cannot be reached is an OSError like any other."""
    try:
        return act(*args, **more)
    except OSError:
        raise
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
