"""What hangs on a post -> views: people, pictures, cards, polls, quotes. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from bot import domain
from bot.rules import text
from reader import addresses, dates, prose, views
from reader.ports import Picture

Pictures = Mapping[str, Picture]

KINDS = {"photo": "Picture", "video": "Video", "animated_gif": "GIF"}
LETTER = re.compile(r"\w")


def image(
    pictures: Pictures, url: str | None, size: tuple[int | None, int | None] = (1, 1)
) -> views.Image | None:
    """Our copy of the picture at X's address, if we keep one under a name we can serve.

    `size` is X's word on its width and height, for a file that did not tell us.
    """
    picture = pictures.get(url) if url else None
    if picture is None or not picture.content_type.startswith("image/"):
        return None
    if not addresses.MEDIA_NAME.fullmatch(picture.sha256):
        return None
    width, height = (picture.width, picture.height) if picture.width and picture.height else size
    copies = tuple((addresses.media(copy.name), copy.width) for copy in picture.copies)
    return views.Image(addresses.media(picture.sha256), width or 1, height or 1, copies)


def film(pictures: Pictures, url: str) -> str | None:
    """The address of our copy of the video at X's address, if we keep one under a name we can serve."""
    kept = pictures.get(url)
    if kept is None or not kept.content_type.startswith("video/"):
        return None
    return addresses.media(kept.sha256) if addresses.MEDIA_NAME.fullmatch(kept.sha256) else None


def person(author: domain.Author, pictures: Pictures) -> views.Person:
    name = prose.label(author.name) or prose.label(author.username)
    letter = LETTER.search(name) or LETTER.search(author.username)
    return views.Person(
        name=name,
        username=prose.label(author.username),
        url=addresses.profile(author.username),
        avatar=image(pictures, author.avatar_url),
        initial=letter.group().upper()[:1] if letter else "@",
    )


def media(post: domain.Post, pictures: Pictures, prefix: str) -> tuple[views.Attachment, ...]:
    return tuple(
        views.Attachment(
            kind=item.kind,
            label=KINDS.get(item.kind, "Media"),
            image=image(pictures, item.picture_url, (item.width, item.height)),
            film=_film(pictures, item),
            alt=prose.clean(item.alt_text or "").strip(),
            key=f"{prefix}-{number}",
            length=dates.length(item.duration_ms) if item.kind == "video" and item.duration_ms else "",
        )
        for number, item in enumerate(post.media, start=1)
    )


def cards(
    post: domain.Post, pictures: Pictures, address: str, links: views.Links = "t.co"
) -> tuple[views.Card, ...]:
    found = [_card(entity, pictures, links) for entity in text.cards(post)]
    if post.article is not None:
        title = prose.label(post.article.title) or "An article on X"
        where = addresses.web(post.article.url) or address
        found.insert(0, views.Card(title, "An article; its text is on X.", "x.com", where, None))
    return tuple(found)


def poll(found: domain.Poll | None) -> views.Poll | None:
    if found is None:
        return None
    most = max((option.votes for option in found.options), default=0)
    options = tuple(
        views.PollOption(
            label=prose.clean(option.label),
            votes=counted(option.votes, "vote"),
            percent=round(100 * option.votes / found.votes) if found.votes else 0,
            leads=option.votes == most > 0,
        )
        for option in found.options
    )
    return views.Poll(options, counted(found.votes, "vote"), _poll_state(found))


def quote(
    thread: domain.Thread, post: domain.Post, pictures: Pictures, prefix: str, links: views.Links = "t.co"
) -> views.Quote | None:
    """The quoted post; where we do not have it, only its address."""
    if post.quoted is None:
        return None
    found = thread.quote_of(post)
    if found is None:
        address = addresses.post(None, post.quoted)
        return views.Quote(False, address, None, None, None, "ltr", (), ())
    quoted = found.post
    return views.Quote(
        known=True,
        url=addresses.post(found.author.username if found.author else None, quoted.id),
        person=person(found.author, pictures) if found.author else None,
        written=quoted.created_at,
        lang=prose.language(quoted.lang),
        direction=text.direction(quoted.lang, text.plain(quoted)),
        paragraphs=prose.paragraphs(text.pieces(quoted), links),
        attachments=media(quoted, pictures, f"{prefix}-q"),
    )


def counted(number: int, noun: str) -> str:
    """1 post, 2 posts, 1,204 votes."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _film(pictures: Pictures, item: domain.Media) -> str | None:
    """Our copy of a video, if we keep one."""
    return next((kept for variant in item.variants if (kept := film(pictures, variant.url))), None)


def _card(entity: domain.Entity, pictures: Pictures, links: views.Links) -> views.Card:
    url, _ = prose.leads(entity.value, entity.expanded_url, links)
    return views.Card(
        title=prose.label(entity.title or ""),
        description=prose.label(entity.description or ""),
        place=_place(entity),
        url=url,
        image=image(pictures, entity.image_url),
    )


def _place(entity: domain.Entity) -> str:
    """The site a card leads to, as people say it."""
    expanded = addresses.web(entity.expanded_url)
    host = urlsplit(expanded).hostname if expanded else (entity.display_url or "").split("/", 1)[0]
    return prose.label(host or "").removeprefix("www.")


def _poll_state(found: domain.Poll) -> str:
    if not found.open:
        return "Final results"
    return f"Open until {dates.full(found.ends_at)}" if found.ends_at else "Still open"
