"""Which pages lists may lead to. The one place for this rule; `bot.store.cards` says the same in SQL.

There are two kinds of lists. Those that anybody may stumble upon (front page, recent, popular, search,
hashtags, the map for search engines) follow the operator's policy: by default a page stands in them, and may
be indexed, only when a second person has asked for it, for one person's wish to read a thread in peace says
nothing about the author's wish to be found there. Those that somebody asks for by a name (an author's page,
feeds and "more from", what somebody asked for) show every public page: who comes there has named the person,
whose posts are public on X, and a feed that leaves out what is new would be of no use. They are `noindex`.

An unlisted page stands in no list at all, nor does one that is gone or waits for X's word.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.rules.recheck import CONFIRMED_FOR

Policy = Literal["asked-twice", "all", "none"]


@dataclass(frozen=True, slots=True)
class Listing:
    """What lists may show at one moment: pages confirmed since `confirmed_since`, None for any."""

    policy: Policy = "asked-twice"
    confirmed_since: datetime | None = None

    @property
    def public(self) -> bool:
        """Whether there are lists that anybody may stumble upon."""
        return self.policy != "none"

    def by_name(self, confirmed_at: datetime) -> bool:
        """Whether a page that is neither gone nor unlisted stands in its author's lists."""
        return self.confirmed_since is None or confirmed_at >= self.confirmed_since

    def anywhere(self, confirmed_at: datetime, asked_again_at: datetime | None) -> bool:
        """Whether such a page stands in public lists, too."""
        return self.by_name(confirmed_at) and is_public(self.policy, asked_again_at)


def is_public(policy: Policy, asked_again_at: datetime | None) -> bool:
    """Whether the policy lets people stumble upon a page; `asked_again_at` is when a second person asked."""
    return policy == "all" or (policy == "asked-twice" and asked_again_at is not None)


def listing(policy: Policy, *, hides: bool, now: datetime, lasts: timedelta = timedelta(0)) -> Listing:
    """What lists may show now, and still may when they are looked at as long after as `lasts`; `hides` says
    that pages without X's word wait for it.
    """
    return Listing(policy, now + lasts - CONFIRMED_FOR if hides else None)
