"""Where a reader's own browser takes a thread: a post on X, a mail, other apps. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from reader import addresses
from reader.views import ThreadPage

# https://docs.x.com/x-for-websites/web-intents/overview: opens the reader's own draft; nothing is posted.
INTENT = "https://x.com/intent/post"


@dataclass(frozen=True, slots=True)
class Share:
    """`title` is for an app that is handed the link."""

    link: str
    title: str
    on_x: str
    by_mail: str


def share(page: ThreadPage, public_url: str) -> Share:
    link = f"{public_url}{addresses.thread(page.id)}"
    by = f"A thread by @{page.author.username}: {page.count}, {page.minutes} min read"
    body = f"{page.title}\r\n{by}\r\n\r\n{link}\r\n"
    return Share(
        link=link,
        title=page.title,
        on_x=f"{INTENT}?text={_part(by)}&url={_part(link)}",
        by_mail=f"mailto:?subject={_part(page.title)}&body={_part(body)}",
    )


def _part(text: str) -> str:
    return quote(text, safe="", errors="replace")
