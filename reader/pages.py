"""A saved thread -> the page a person reads, as values for the template. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from bot import domain
from bot.rules import text
from reader import addresses, attachments, prose, reasons, views
from reader.attachments import counted
from reader.ports import SavedThread

TITLE_LENGTH = 70
DESCRIPTION_LENGTH = 200
GO_ON = "Go on reading on X"
SEE = "Look on X"


def thread_page(saved: SavedThread, links: views.Links = "t.co") -> views.ThreadPage:
    thread = saved.thread
    desk = _Desk(saved, _places(thread), links)
    posts = _with_first(tuple(_posts(desk, thread.posts, "p")))
    strays = tuple(fork for at, fork in desk.forks() if at is None)
    plain = text.thread_texts(thread)
    return views.ThreadPage(
        id=thread.id,
        path=addresses.thread(thread.id),
        title=_title(thread, plain),
        headed=bool(posts and posts[0].heading),
        description=prose.label(text.opening(" ".join(plain), DESCRIPTION_LENGTH)),
        author=attachments.person(thread.author, saved.pictures),
        url=addresses.post(thread.author.username, thread.posts[0].id),
        direction=_direction(posts),
        written=thread.posts[0].created_at,
        count=counted(len(thread.posts), "post"),
        minutes=text.reading_minutes(plain),
        complete=thread.complete and not thread.cut,
        checked_at=saved.checked_at,
        before=desk.notices(None),
        posts=posts,
        after=_end_notices(desk),
        stray_forks=strays,
        picture=_picture(posts),
    )


Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class _Desk:
    """What lies open while one page is made. `places` are posts' first versions by any id of theirs."""

    saved: SavedThread
    places: Mapping[int, int]
    links: views.Links

    def notices(self, place: int | None) -> tuple[views.Notice, ...]:
        """The gaps right after a post; None for those before the first."""
        return tuple(
            _notice(self.saved.thread, gap)
            for gap in self.saved.thread.gaps
            if (gap.after is None and place is None)
            or (gap.after is not None and place is not None and self.places.get(gap.after) == place)
        )

    def lost_notices(self) -> tuple[views.Notice, ...]:
        """Gaps after a post that the page does not hold: shown at its end, never hidden."""
        return tuple(
            _notice(self.saved.thread, gap)
            for gap in self.saved.thread.gaps
            if gap.after is not None and gap.after not in self.places
        )

    def forks(self) -> Iterable[tuple[int | None, views.Fork]]:
        """Each fork with the first version of the post it left from, None if the page does not hold it."""
        for number, fork in enumerate(self.saved.thread.forks, start=1):
            posts = tuple(_posts(self, fork.posts, f"f{number}"))
            summary = f"The author went on in another direction: {counted(len(posts), 'post')}"
            yield self.places.get(fork.at), views.Fork(summary, posts)


def _places(thread: domain.Thread) -> dict[int, int]:
    every = [*thread.posts, *(post for fork in thread.forks for post in fork.posts)]
    return {version: post.first_version for post in every for version in (post.id, *post.versions)}


def _posts(desk: _Desk, posts: tuple[domain.Post, ...], prefix: str) -> Iterable[views.Post]:
    forks = list(desk.forks()) if prefix == "p" else []
    day: date | None = None
    for number, post in enumerate(posts, start=1):
        new_day = day not in {None, post.created_at.date()}
        day = post.created_at.date()
        own = tuple(fork for at, fork in forks if at == post.first_version)
        yield _post(
            desk,
            post,
            f"{prefix}{number}" if prefix == "p" else f"{prefix}-{number}",
            number,
            len(posts),
            new_day,
            own,
        )


def _post(
    desk: _Desk,
    post: domain.Post,
    anchor: str,
    number: int,
    total: int,
    new_day: bool,
    forks: tuple[views.Fork, ...],
) -> views.Post:
    thread, pictures = desk.saved.thread, desk.saved.pictures
    address = addresses.post(thread.author.username, post.id)
    paragraphs = prose.paragraphs(text.pieces(post), desk.links)
    heading, rest = prose.heading(paragraphs) if anchor == "p1" else (None, paragraphs)
    return views.Post(
        anchor=anchor,
        number=number,
        total=total,
        url=address,
        written=post.created_at,
        new_day=new_day,
        edited=post.edited,
        sensitive=post.sensitive,
        lang=prose.language(post.lang),
        direction=text.direction(post.lang, text.plain(post)),
        heading=heading,
        paragraphs=rest,
        attachments=attachments.media(post, pictures, anchor),
        quote=attachments.quote(thread, post, pictures, anchor, desk.links),
        cards=attachments.cards(post, pictures, address, desk.links),
        poll=attachments.poll(post.poll),
        notices=desk.notices(post.first_version),
        forks=forks,
    )


def _with_first(posts: tuple[views.Post, ...]) -> tuple[views.Post, ...]:
    """The page's first picture is loaded at once, and before the others."""
    for number, post in enumerate(posts):
        for place, item in enumerate(post.attachments):
            if item.image and not item.film and not post.sensitive:
                shown = _put(post.attachments, place, replace(item, first=True))
                return _put(posts, number, replace(post, attachments=shown))
    return posts


def _put(items: tuple[Item, ...], place: int, item: Item) -> tuple[Item, ...]:
    return (*items[:place], item, *items[place + 1 :])


def _notice(thread: domain.Thread, gap: domain.Gap) -> views.Notice:
    sentence = reasons.GAPS[gap.reason]
    if gap.reason == "over-cap":
        last = gap.post_id or gap.after or thread.posts[-1].id
        return views.Notice(sentence, addresses.post(thread.author.username, last), GO_ON)
    if gap.reason == "deleted" or gap.post_id is None:
        return views.Notice(sentence, None, "")
    return views.Notice(sentence, addresses.post(thread.author.username, gap.post_id), SEE)


def _end_notices(desk: _Desk) -> tuple[views.Notice, ...]:
    thread = desk.saved.thread
    lost = desk.lost_notices()
    if thread.cut and not any(gap.reason == "over-cap" for gap in thread.gaps):
        over = domain.Gap(after=thread.posts[-1].id, reason="over-cap")
        return (*lost, _notice(thread, over))
    return lost


def _title(thread: domain.Thread, plain: list[str]) -> str:
    """A line for a browser's tab: the thread's first words, or whose it is where it has none."""
    first = next((line for line in plain[0].splitlines() if line.strip()), "")
    words = prose.label(text.opening(first, TITLE_LENGTH))
    return words or f"A thread by @{prose.label(thread.author.username)}"


def _direction(posts: tuple[views.Post, ...]) -> views.Direction:
    """The way most of the posts run."""
    turned = sum(post.direction == "rtl" for post in posts)
    return "rtl" if turned * 2 > len(posts) else "ltr"


def _picture(posts: tuple[views.Post, ...]) -> str | None:
    """The first picture of the thread that may be shown to somebody who did not ask for it."""
    return next(
        (item.image.src for post in posts if not post.sensitive for item in post.attachments if item.image),
        None,
    )
