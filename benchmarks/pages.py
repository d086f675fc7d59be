"""Pages a second on one core: a thread of 25 posts served by the site, beside nginx sending the same bytes.

Each server has one core to itself, the load generator and PostgreSQL have the other. Rounds go in turn, so
that whatever else the machine does hits all of them. What comes from the database is many pages, each asked
for in its turn and kept by nobody; beside it stands nginx with as many files.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import socket
from statistics import median

from starlette.applications import Starlette

from benchmarks.tables import table
from bot.domain import Author, Post, Thread
from bot.settings import Settings, load
from bot.store import Store, open_store
from bot.store.printed import Prints
from bot.store.stamps import Stamp
from reader import app
from tests.deploy import nginx
from tests.store import postgres
from tests.store.databases import Server

POSTS = 25
PAGES = 300
ROUNDS, SECONDS = 7, 2
# Enough that a core which waits for the database in between has something to do.
CONNECTIONS = 16
FIRST = 1_800_000_000_000_000_000
NEEDED = ("nginx", "wrk", "taskset")
SITE, LOAD = 0, 1  # which of our cores

# Asks as a browser does, for one page after the other, and prints what came of it as JSON.
SCRIPT = """
wrk.headers["Accept-Encoding"] = "gzip"
wrk.headers["User-Agent"] = "Mozilla/5.0 (bench)"
local paths = {%s}
local requests, turn = {}, 0
init = function(args)
  for place, path in ipairs(paths) do requests[place] = wrk.format("GET", path) end
end
request = function()
  turn = turn %% #requests + 1
  return requests[turn]
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('\\n{"requests": %%d, "a_second": %%f, "p99_ms": %%f, "errors": %%d}\\n',
    summary.requests, summary.requests / summary.duration * 1e6, latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""

FILES = """
  server {{
    listen 127.0.0.1:{port}; root {folder}/files; default_type text/html; gzip_static on; sendfile on;
    open_file_cache max=1000;
    location = /nothing {{ return 204; }}
  }}
"""

NUMBERS = tuple(FIRST + place * 1000 for place in range(PAGES))
PATHS = tuple(f"/thread/{number}" for number in NUMBERS)


@dataclass(frozen=True)
class Running:
    """A server with its processes, and the pages to ask it for."""

    port: int
    pid: int
    paths: tuple[str, ...] = (PATHS[0],)

    def cpu_seconds(self) -> float:
        """What the server has used by now, with its children."""
        return sum(_cpu_seconds(pid) for pid in (self.pid, *_children(self.pid)))


@dataclass(frozen=True)
class Load:
    a_second: float
    p99_ms: float
    cpu_us: float


def report() -> str:
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing or len(_cores()) < 2:  # noqa: PLR2004
        return f"Skipped: needs two cores and {', '.join(NEEDED)}; not here: {', '.join(missing) or 'cores'}."
    parts = [f"{name}:\n\n{_measured(name)}" for name in ("SQLite", "PostgreSQL")]
    return "\n\n".join(parts)


def cold() -> Starlette:
    """A site that asks the database each time: for a server of its own."""
    settings = load()
    return _forgetful(open_store(settings.database_url), settings)


def anew() -> Starlette:
    """A site that renders each time: for a server of its own."""
    settings = load()
    store = open_store(settings.database_url)
    return _forgetful(replace(store, prints=_Unprinted(store.database)), settings)


def _forgetful(store: Store, settings: Settings) -> Starlette:
    made = app.create_app(store, settings)
    made.state.site.shelf._size = 0  # noqa: SLF001 - what nobody but this measurement wants
    return made


class _Unprinted(Prints):
    def find_soon(
        self, _post_ids: Iterable[int], loop: asyncio.AbstractEventLoop
    ) -> asyncio.Future[dict[int, tuple[Stamp, str | None, bytes]]]:
        found: asyncio.Future[dict[int, tuple[Stamp, str | None, bytes]]] = loop.create_future()
        found.set_result({})
        return found

    def keep(self, pages: Iterable[tuple[Stamp, str, bytes]]) -> None:
        """Nothing."""


def _measured(database: str) -> str:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="unroll-bench-")))
        url = stack.enter_context(_sqlite(folder) if database == "SQLite" else _postgresql())
        _save_threads(url)
        site, stored, renders = (
            stack.enter_context(_site(url, factory))
            for factory in ("reader.app:create", "benchmarks.pages:cold", "benchmarks.pages:anew")
        )
        pages = {path: _ask(site.port, path) for path in PATHS}
        page = pages[PATHS[0]]
        _wait_until_kept(url)
        file = stack.enter_context(_files(folder / "file", pages))
        cache = stack.enter_context(_cache(folder / "cache", site))
        limit = _load(replace(file, paths=("/nothing",))).a_second
        one, many = "nginx, a file", f"nginx, {PAGES} files"
        servers = {
            one: file,
            "nginx's cache before the site": cache,
            "from the process's cache": site,
            many: replace(file, paths=PATHS),
            f"{PAGES} pages from the database": replace(stored, paths=PATHS),
            "rendered anew": renders,
        }
        rounds = [{name: _load(server) for name, server in servers.items()} for _ in range(ROUNDS)]
    rows = [
        _row(
            name,
            [each[name] for each in rounds],
            [each[one if len(server.paths) == 1 else many] for each in rounds],
        )
        for name, server in servers.items()
    ]
    head = [
        "a page of 25 posts",
        "requests a second",
        "of nginx's",
        "p99, ms",
        "CPU for each, µs",
        "of nginx's",
    ]
    size = f"{len(gzip.decompress(page)) / 1000:.0f} kB, {len(page) / 1000:.1f} kB as sent"
    return f"{table(head, rows)}\n\nThe page is {size}; wrk itself reaches {limit:,.0f} requests a second."


def _row(name: str, mine: list[Load], nginx: list[Load]) -> list[str]:
    """Medians; shares are of the same round."""
    pairs = list(zip(mine, nginx, strict=True))
    return [
        name,
        f"{median(each.a_second for each in mine):,.0f}",
        f"{median(ours.a_second / theirs.a_second for ours, theirs in pairs):.3f}",
        f"{median(each.p99_ms for each in mine):.1f}",
        f"{median(each.cpu_us for each in mine):.0f}",
        f"{median(theirs.cpu_us / ours.cpu_us for ours, theirs in pairs):.3f}",
    ]


def _save_threads(url: str) -> None:
    store = open_store(url)
    store.notes.set_bot(Author(9, "unrollbot", "Unroll"), now=datetime.now(UTC))
    for author_id, number in enumerate(NUMBERS, start=100):
        store.threads.save(
            _thread(number, Author(author_id, f"ada{author_id}", "Ada Quill")), now=datetime.now(UTC)
        )
    store.close()


def _thread(number: int, author: Author) -> Thread:
    words = "Keepers wrote the weather down every hour, and nobody read it for a century. " * 3
    began = datetime(2026, 11, 20, 12, tzinfo=UTC)
    posts = (
        Post(
            number + place,
            author.id,
            number,
            began + timedelta(minutes=place),
            f"{place}. {words}",
            lang="en",
            versions=(number + place,),
        )
        for place in range(POSTS)
    )
    return Thread(number, number, author, tuple(posts))


def _wait_until_kept(url: str) -> None:
    store = open_store(url)
    end = time.monotonic() + 20
    while sum(etag is not None for _, etag, _ in store.prints.find(NUMBERS).values()) < PAGES:
        if time.monotonic() > end:
            raise AssertionError("the pages were not kept")
        time.sleep(0.2)
    store.close()


def _load(server: Running) -> Load:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % ", ".join(f'"{path}"' for path in server.paths))
        script.flush()
        before = server.cpu_seconds()
        words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", script.name]
        told = subprocess.run(  # noqa: S603
            [*_on(LOAD), *words, f"http://127.0.0.1:{server.port}/"],
            check=True,
            capture_output=True,
            text=True,
        )
        used = server.cpu_seconds() - before
    found = json.loads(told.stdout.strip().splitlines()[-1])
    if found["errors"] or not found["requests"]:
        raise AssertionError(f"{server}: {found}")
    return Load(found["a_second"], found["p99_ms"], used / found["requests"] * 1e6)


@contextmanager
def _sqlite(folder: Path) -> Iterator[str]:
    url = f"sqlite:///{folder}/unroll.db"
    open_store(url).close()
    yield url


@contextmanager
def _postgresql() -> Iterator[str]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {_cores()[LOAD]})
    with postgres.server() as address:
        os.sched_setaffinity(0, before)
        server = Server(address, prefix="unroll_pages")
        with server.fresh() as url:
            yield url
        server.close()


@contextmanager
def _site(url: str, factory: str) -> Iterator[Running]:
    port = _free_port()
    program = f"from reader.serving import serve; serve({factory!r}, port={port})"
    settings = {"DATABASE_URL": url, "PUBLIC_URL": "https://reader.example", "LOG_LEVEL": "ERROR"}
    with _running([sys.executable, "-c", program], port, {**os.environ, **settings}) as server:
        yield server


@contextmanager
def _files(folder: Path, pages: Mapping[str, bytes]) -> Iterator[Running]:
    """Nginx with the pages as files, packed beforehand."""
    port = _free_port()
    for path, page in pages.items():
        file = folder / "files" / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.decompress(page))
        file.with_name(f"{file.name}.gz").write_bytes(page)
    config = nginx.configure(folder, FILES.format(folder=folder, port=port))
    with _running(["nginx", "-c", str(config)], port) as server:
        yield server


@contextmanager
def _cache(folder: Path, site: Running) -> Iterator[Running]:
    """Nginx before the site, by deploy/nginx.conf."""
    port = _free_port()
    config = nginx.configure(folder, nginx.ours(folder, port=port, site=site.port))
    with _running(["nginx", "-c", str(config)], port) as server:
        yield server


@contextmanager
def _running(words: list[str], port: int, environment: dict[str, str] | None = None) -> Iterator[Running]:
    process = subprocess.Popen([*_on(SITE), *words], env=environment)  # noqa: S603
    try:
        _wait_for(port)
        yield Running(port, process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"nothing listens on {port}")


def _ask(port: int, path: str) -> bytes:
    """The page as a browser gets it, packed."""
    address = f"http://127.0.0.1:{port}{path}"
    request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - loopback
        content: bytes = answer.read()
        return content


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [each for child in map(int, found) for each in (child, *_children(child))]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def _on(place: int) -> list[str]:
    return ["taskset", "-c", str(_cores()[place])]
