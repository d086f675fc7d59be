"""A store with a few dozen threads in it, to look at lists: `python -m tests.reader.shelf_scene PORT FOLDER`.

Every author and every word is made up.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from starlette.applications import Starlette

from bot.domain import Author, Conversation, Entity, Goal, Mention, Post, Request, Thread
from bot.store import Store, open_store
from bot.store.media import Picture
from reader import serving
from reader.app import create_app
from tests.reader.fakes import MIRA, FakeSettings, paint, photo
from tests.reader.scenes import TOMAS

NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
NOA = Author(601, "noa_tal", "נעה טל")
AKARI = Author(602, "akari_mori", "森あかり")
BOT = Author(9, "unrollbot", "Unroll")

TITLES = (
    "What a lighthouse keeper knows about waiting",
    "How fog got its bells",
    "A short history of the gull",
    "The winter the supply boat did not come",
    "Letters between towers, 1931 to 1938",
    "On keeping a log of nothing",
    "",
    "Clockwork, and who winds it",
)
WORDS = (
    "My grandfather kept the lamp for thirty-one years. When he died he left us a clock, two good coats, and "
    "a log of almost nothing. I have been reading it all winter, and this is what is in it."
)


@dataclass
class Shelf:
    """Fills a store; ids count up with the time a thread was written."""

    store: Store
    folder: Path
    numbers: count

    def add(  # noqa: PLR0913 - a thread has many sides
        self,
        author: Author,
        title: str,
        words: str,
        *,
        posts: int = 7,
        days: float = 1,
        lang: str = "en",
        picture: int | None = None,
        tags: tuple[str, ...] = (),
        askers: tuple[int, ...] = (50, 51),
        reads: int = 0,
        at: datetime | None = None,
    ) -> int:
        at = at or NOW
        first = int((at - timedelta(days=days)).timestamp() * 1000) << 22 | next(self.numbers) << 8
        text = "\n\n".join(part for part in (title, words) if part) + "".join(f" #{tag}" for tag in tags)
        entities = tuple(
            Entity("hashtag", text.index(f"#{tag}"), text.index(f"#{tag}") + len(tag) + 1, tag)
            for tag in tags
        )
        media = (photo(f"p{first}", "A landscape."),) if picture is not None else ()
        made = tuple(
            Post(
                first + n,
                author.id,
                first,
                at - timedelta(days=days) + timedelta(minutes=n),
                text if n == 0 else words,
                entities if n == 0 else (),
                lang=lang,
                reply_to=first + n - 1 if n else None,
                media=media if n == 0 else (),
                versions=(first + n,),
            )
            for n in range(posts)
        )
        payloads = {one.id: {"post": {"id": str(one.id)}} for one in made}
        found = Conversation({one.id: one for one in made}, {author.id: author}, payloads=payloads)
        self.store.threads.save_conversation(found, first, now=at)
        self.store.threads.save(Thread(first, first, author, made), now=at)
        for asker in askers:
            self.ask(first, asker, at=at)
        if reads:
            self.store.reads.add({first: reads}, today=at.date())
        for url, hue in ((m.url, picture) for m in media):
            self.picture(str(url), 1200, 800, hue or 0, at)
        return first

    def picture(self, url: str, width: int, height: int, hue: int, at: datetime) -> None:
        kept = paint(self.folder, width, height, hue)
        self.store.media.store(url, Picture(kept.sha256, kept.content_type, width, height), 1, now=at)

    def ask(self, post_id: int, asker: int, *, at: datetime, done: bool = True) -> int:
        number = 10**18 + next(self.numbers)
        mention = Mention(Post(number, asker, post_id, at, "@unrollbot unroll"), {})
        [recorded] = self.store.mentions.record([(mention, Request(Goal(post_id)))], now=at)
        if done and recorded.job_id is not None:
            job = self.store.jobs.claim(recorded.job_id, now=at, worker="scene")
            assert job is not None
            self.store.jobs.set_thread(job, post_id, now=at)
            self.store.jobs.finish(job, None, now=at)
        return number


def fill(store: Store, folder: Path, *, at: datetime = NOW) -> Shelf:
    """Forty threads of Mira's over half a year, and a few by others."""
    shelf = Shelf(store, folder, count(1))
    for n in range(40):
        shelf.add(
            MIRA,
            TITLES[n % len(TITLES)],
            WORDS,
            posts=3 + n % 9,
            days=4.6 * (n + 1),
            picture=n * 37 % 256 if n % 3 == 0 else None,
            tags=("lighthouses", "Fog")[: n % 3],
            askers=(50,) if n % 5 == 4 else (50, 51),
            reads=n * 13 % 17,
            at=at,
        )
    shelf.picture(str(MIRA.avatar_url), 400, 400, 128, at)
    shelf.add(
        TOMAS, "Forty letters in my aunt's attic", "Most of them are about soup.", days=2, reads=9, at=at
    )
    hebrew = "המנורה היא החלק הקל. מנקים אותה, מותחים את השעון, ובמשך 11 שעות לא קורה דבר."
    for days in (3, 9):
        shelf.add(
            NOA,
            "מה יודע שומר המגדלור",
            hebrew,
            lang="iw",
            days=days,
            picture=90,
            tags=("מגדלור",),
            reads=12,
            at=at,
        )
    japanese = "灯りを整えるのは簡単だ。芯を切り、時計仕掛けを巻き、それから十一時間、何も起こらない。"
    shelf.add(AKARI, "灯台守が知っていること", japanese, lang="ja", days=1.5, reads=15, tags=("灯台",), at=at)
    shelf.ask(77, 50, at=at, done=False)
    store.people.block(99, now=at, username="someone")
    store.people.obey(50, "start", now=at, username="cleo")
    store.notes.set_bot(BOT, now=at)
    return shelf


def create() -> Starlette:
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    now = datetime.now(UTC)
    url = f"sqlite:///{folder}/shelf.db"
    fresh = not (folder / "shelf.db").exists()
    store = open_store(url)
    if fresh:
        fill(store, folder, at=now)
    return create_app(store, replace(FakeSettings(folder), public_url=f"http://127.0.0.1:{port}"))


if __name__ == "__main__":
    serving.serve("tests.reader.shelf_scene:create", port=int(sys.argv[1]))
