"""A thread -> its card: what lists show of a page, and the words by which a search finds it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.domain import Author, Post, Thread
from bot.rules import text
from bot.rules.words import distinct, tag

LONGEST_TITLE = 90
OPENING = 280

# A search reads so much of a thread; a thousand posts of the usual length fit.
LONGEST_TEXT = 300_000
MOST_WORDS = 20_000
MOST_TAGS = 30


@dataclass(frozen=True, slots=True)
class Card:
    """`title` is the first line where it can be one, else empty; `opening` are the words after it.

    `picture_url` is X's address of the first picture that may be shown to somebody who did not ask for it;
    `tags` are hashtags as written, without their sign.
    """

    thread_id: int
    author: Author
    written_at: datetime
    title: str
    opening: str
    lang: str | None
    direction: str
    posts: int
    minutes: int
    picture_url: str | None = None
    tags: tuple[str, ...] = ()


def card(thread: Thread) -> Card:
    plain = text.thread_texts(thread)
    title, rest = _headed(plain)
    first = thread.posts[0]
    return Card(
        thread_id=thread.id,
        author=thread.author,
        written_at=first.created_at,
        title=title,
        opening=text.opening(rest, OPENING),
        lang=first.lang,
        direction=text.direction(first.lang, title or rest),
        posts=len(thread.posts),
        minutes=text.reading_minutes(plain),
        picture_url=_picture(thread),
        tags=tuple(_tags(thread))[:MOST_TAGS],
    )


def searched(thread: Thread) -> str:
    """What of a thread is searched: its author's words. What others wrote, and is quoted, is theirs."""
    return "\n\n".join(part for post in _posts(thread) for part in _parts(post))[:LONGEST_TEXT]


def head_words(made: Card) -> tuple[str, ...]:
    """The words of title, author and hashtags: a page that has them there is found first."""
    author = made.author
    return distinct((made.title, author.name, author.username, *made.tags), MOST_WORDS)


def _headed(plain: list[str]) -> tuple[str, str]:
    """The first line as a title if it is short and no address, and what follows."""
    first, _, rest = plain[0].partition("\n")
    later = " ".join((rest, *plain[1:]))
    if 0 < len(first.strip()) <= LONGEST_TITLE and (rest.strip() or len(plain) > 1) and "/" not in first:
        return " ".join(first.split()), later
    return "", " ".join(plain)


def _posts(thread: Thread) -> Iterator[Post]:
    yield from thread.posts
    for fork in thread.forks:
        yield from fork.posts


def _parts(post: Post) -> Iterator[str]:
    yield text.plain(post)
    yield from (media.alt_text for media in post.media if media.alt_text)
    if post.poll:
        yield "\n".join(option.label for option in post.poll.options)
    if post.article:
        yield post.article.title


def _picture(thread: Thread) -> str | None:
    shown = (media.picture_url for post in thread.posts if not post.sensitive for media in post.media)
    return next((url for url in shown if url), None)


def _tags(thread: Thread) -> Iterator[str]:
    seen: set[str] = set()
    for post in _posts(thread):
        for entity in post.entities:
            if entity.kind == "hashtag" and (folded := tag(entity.value)) and folded not in seen:
                seen.add(folded)
                yield entity.value
