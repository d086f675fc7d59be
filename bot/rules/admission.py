"""Who is let in, and how often: what becomes of a request or command once its asker is known. Pure.

Requests, and what costs as much, count against three limits. What somebody says about themselves or their own
threads always holds; over a limit, or from somebody who wants no answers, it is done without a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.domain import Command, CommandKind, Decision, Mention, Refusal, Request

# What asks us for something, rather than telling us what to do with the asker's own.
ASKING: frozenset[CommandKind] = frozenset({"refresh", "help"})


@dataclass(frozen=True, slots=True)
class Quota:
    """The most requests of one person on a day, in one conversation in an hour, of one author's posts on a
    day.
    """

    user: int
    conversation: int
    author: int


@dataclass
class Door:
    """Mentions come in the order they were posted; each counts for those after it. `thread_by` is whose
    thread a post belongs to, as far as that is known; else a request is taken to be for who wrote the post.
    """

    quota: Quota
    by_user: Counter[int] = field(default_factory=Counter)
    by_conversation: Counter[int] = field(default_factory=Counter)
    by_author: Counter[int] = field(default_factory=Counter)
    blocked: set[int] = field(default_factory=set)
    stopped: set[int] = field(default_factory=set)
    helped: set[int] = field(default_factory=set)
    thread_by: Mapping[int, int] = field(default_factory=dict)

    def admit(self, mention: Mention, decision: Decision) -> Decision:
        """The decision, or the refusal it comes to: `blocked`, `requester-opted-out`, `too-many-requests`,
        `conversation-limit`, `author-limit`, `helped-already`.
        """
        match decision:
            case Refusal():
                return decision
            case Command() if decision.kind not in ASKING:
                return self._told(mention.post.author_id, decision)
            case _:
                return self._asked(mention, decision)

    def _told(self, by: int, command: Command) -> Command:
        said_before = command.kind == "stop" and by in self.stopped
        if command.kind == "start":
            self.stopped.discard(by)
        silent = by in self.blocked or by in self.stopped or said_before
        if command.kind == "stop":
            self.stopped.add(by)
        self.by_user[by] += 1
        confirmed = command.confirmed and not silent and self.by_user[by] <= self.quota.user
        return replace(command, confirmed=confirmed)

    def _asked(self, mention: Mention, decision: Request | Command) -> Decision:
        by = mention.post.author_id
        if objection := self._objection(mention, decision):
            return Refusal(objection)
        self.by_user[by] += 1
        if isinstance(decision, Command) and decision.kind == "help":
            self.helped.add(by)
            return decision
        self.by_conversation[mention.post.conversation_id] += 1
        if (author := self._author(decision)) is not None:
            self.by_author[author] += 1
        return decision

    def _author(self, decision: Request | Command) -> int | None:
        goal = decision.goal
        return None if goal is None else self.thread_by.get(goal.post_id, goal.author_id)

    def _objection(self, mention: Mention, decision: Request | Command) -> str | None:
        by, author = mention.post.author_id, self._author(decision)
        if by in self.blocked:
            return "blocked"
        if by in self.stopped:
            return "requester-opted-out"
        if isinstance(decision, Command) and decision.kind == "help" and by in self.helped:
            return "helped-already"
        if self.by_user[by] >= self.quota.user:
            return "too-many-requests"
        if self.by_conversation[mention.post.conversation_id] >= self.quota.conversation:
            return "conversation-limit"
        if author is not None and self.by_author[author] >= self.quota.author:
            return "author-limit"
        return None


def may_come_back(removed_by: str | None, author_id: int, asked_by: int | None) -> bool:
    """Whether a page that was taken down may be made again for who asks: the author undoes what the author
    did, and nobody what the operator did.
    """
    return removed_by is None or (removed_by == "author" and asked_by == author_id)
