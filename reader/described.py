"""A thread's page as machines ask for it: schema.org in its head, and oEmbed for who links to it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from reader import addresses, dates
from reader.views import ThreadPage

PROVIDER = "unroll"

# As long as a link to a page that went may go on showing its opening line elsewhere.
CACHE_AGE = timedelta(hours=1)


def schema(page: ThreadPage, public_url: str) -> Mapping[str, Any]:
    """https://schema.org/SocialMediaPosting, for the head of the page."""
    author = {
        "@type": "Person",
        "name": page.author.name,
        "alternateName": f"@{page.author.username}",
        "url": page.author.url,
    }
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "SocialMediaPosting",
        "headline": page.title,
        "author": author,
        "datePublished": dates.iso(page.written),
        "url": f"{public_url}{page.path}",
        "isBasedOn": page.url,
    }
    if page.picture:
        told["image"] = f"{public_url}{page.picture}"
    if lang := next((post.lang for post in page.posts if post.lang), None):
        told["inLanguage"] = lang
    return told


def oembed(page: ThreadPage, public_url: str) -> Mapping[str, Any]:
    """https://oembed.com, type link: a title and whose it is; the thread itself is read on our page only."""
    return {
        "version": "1.0",
        "type": "link",
        "title": page.title,
        "author_name": page.author.name,
        "author_url": f"{public_url}{addresses.author(page.author.username)}",
        "provider_name": PROVIDER,
        "provider_url": f"{public_url}/",
        "cache_age": int(CACHE_AGE.total_seconds()),
    }


def oembed_address(page: ThreadPage, public_url: str) -> str:
    return f"{public_url}/oembed?{urlencode({'url': public_url + page.path, 'format': 'json'})}"
