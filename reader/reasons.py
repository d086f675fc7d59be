"""The stable words of jobs, mentions and gaps in sentences. All that a reader is told stands here."""

from __future__ import annotations

from bot.domain import GapReason

GAPS: dict[GapReason, str] = {
    "deleted": "A post here was deleted by its author.",
    "protected": "A post here is protected: only people its author approved can read it.",
    "withheld": "A post here is withheld by X.",
    "not-found": "A post here could not be found on X.",
    "over-cap": "The thread goes on; this page stops at the number of posts its operator pays for.",
}

REASONS = {
    "not-a-thread": "This is a single post, not a thread: the author did not go on below it.",
    "author-opted-out": "The author of this thread asked us not to unroll their posts.",
    "over-budget": "The operator of this site pays X for every post it reads, and today's budget is used up.",
    "over-cap": "The thread is longer than the number of posts the operator of this site pays for.",
    "rate-limited": "X lets us ask only so often, and that is used up for the moment.",
    "x-unavailable": "X does not answer at the moment.",
    "post-gone": "The post is gone: its author deleted it, or X took it down.",
    "not-found": "X could not find the post.",
    "deleted": "The post is gone: its author deleted it, or X took it down.",
    "protected": "The author's posts are protected: only people they approved can read them.",
    "withheld": "X withholds the post.",
    "suspended": "X has suspended the author's account.",
    "reply-not-allowed": "X did not let us answer under that post. If the thread could be read, it is here.",
    "no-keyword": "The post names the bot but asks for nothing. Write \u201cunroll\u201d beside the name.",
    "in-prefix": "The bot is named there only because X names everybody who is in a conversation.",
    "own-post": "The post was written by the bot itself.",
    "repost": "Reposts are not requests.",
    "negated": "The post says not to unroll.",
    "already-answered": "This thread was already asked for and answered; everybody reads the same page.",
    "no-thread": "The request does not stand under a thread. Reply to a post of the thread.",
    "not-a-reply": "The request does not stand under a thread. Reply to a post of the thread.",
    "too-many-requests": "That is as many threads as one person can have in a day. Try again tomorrow.",
    "requester-limit": "That is as many threads as one person can have in a day. Try again tomorrow.",
    "requester-opted-out": "You asked the bot not to answer you.",
    "blocked": "The person who asked, or the author, has blocked the bot.",
    "too-old": "The request is too old to be answered.",
    "x-down": "X does not answer at the moment.",
    "x-unreachable": "X does not answer at the moment.",
    "usage-capped": "X lets the operator of this site read no more posts for now.",
    "credits-depleted": "The operator of this site pays X for every post, and the credit is used up.",
    "unauthorized": "X does not let the bot in; its operator has to mend that.",
    "not-permitted": "X does not permit what was asked of it; the bot's operator has to look into it.",
    "duplicate-text": "X took our answer for one we gave before.",
    "bad-request": "X did not understand what we asked of it.",
    "misconfigured": "The bot cannot speak to X until its operator mends its settings.",
    "gone": "The thread was removed.",
}


def sentence(reason: str | None) -> str:
    """A sentence for every reason; one that is not known here is named as it is."""
    if not reason:
        return ""
    return REASONS.get(reason) or f"The reason noted is \u201c{reason}\u201d."
