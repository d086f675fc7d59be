"""The stable words of jobs, mentions and gaps in sentences. All that a reader is told stands here."""

from __future__ import annotations

from bot.domain import GapReason

GAPS: dict[GapReason, str] = {
    "deleted": "A post here was deleted.",
    "protected": "A post here is protected: only people its author approved can read it.",
    "withheld": "A post here is withheld by X.",
    "not-found": "A post here could not be found on X.",
    "over-cap": "More posts belong here: this page holds as many as its operator pays for.",
}

REASONS = {
    "not-a-thread": "This is a single post, not a thread: the author did not go on below it.",
    "author-opted-out": "The author of this thread asked us not to unroll their posts.",
    "over-budget": "The operator of this site pays X for every post it reads, and today's budget is used up.",
    "only-confirmed": "Its posts were read again. For what was added since, today's budget had nothing left.",
    "rate-limited": "X lets us ask only so often, and that is used up for the moment.",
    "post-gone": "The post is gone: its author deleted it, or X took it down.",
    "protected": "The author's posts are protected: only people they approved can read them.",
    "reply-not-allowed": "X did not let us answer under that post. If the thread could be read, it is here.",
    "no-keyword": "The post names the bot but asks for nothing. Write \u201cunroll\u201d beside the name.",
    "in-prefix": "The bot is named there only because X names everybody who is in a conversation.",
    "own-post": "The post was written by the bot itself.",
    "repost": "Reposts are not requests.",
    "edited": "This is a newer version of a post that asked before: it gets one answer, under it on X.",
    "negated": "The post says not to unroll.",
    "only-talk": "The post speaks of unrolling without asking for it.",
    "already-answered": "This thread was already asked for and answered; everybody reads the same page.",
    "no-thread": "The request does not stand under a thread. Reply to a post of the thread.",
    "too-many-requests": "That is as many threads as one person can have in a day. Try again tomorrow.",
    "conversation-limit": "Too much was asked under that conversation within an hour. Try again later.",
    "author-limit": "That author's threads were asked for as often as one day allows. Try again tomorrow.",
    "requester-opted-out": "Who asked had told the bot to stop; a mention with \u201cstart\u201d undoes it.",
    "blocked": "The operator of this site does not take requests from whoever asked.",
    "helped-already": "The bot has explained itself to whoever asked today already.",
    "not-yours": "Only the author of a thread can have its page removed or unlisted.",
    "no-page": "There is no page of that thread here.",
    "page-removed": "The page of this thread was removed, and is not made again.",
    "being-fetched": "The same thread is being read for somebody else; this request is next.",
    "being-answered": "The same thread is being answered for somebody else; this request is next.",
    "young-thread": "The thread has only just begun; X needs a minute to find the rest of it.",
    "cooling-down": "X wants fewer replies of the bot for now; this one is made as soon as X lets it.",
    "looking-back": "The bot looks through its own answers before it gives another; this request is next.",
    "maybe-answered": "The bot may have answered already and cannot find out any more, so it stays silent.",
    "reply-unsure": "X may have taken our answer; we look for it before we answer again.",
    "unexpected-error": "Something broke on our side; its operator can run the request again.",
    "given-up": "The operator of this site ended this request; it can be run again.",
    "database-away": "Our own memory failed us for a moment; the request is taken up again.",
    "unreadable": "The post that asked could not be read.",
    "shutting-down": "The bot was just being restarted; the request is taken up at once.",
    "too-slow": "X was too slow; the request is tried again.",
    "x-unreadable": "X answered with something that could not be read; the request is tried again.",
    "x-down": "X does not answer at the moment.",
    "x-unreachable": "X does not answer at the moment.",
    "usage-capped": "X lets the operator of this site read no more posts for now.",
    "credits-depleted": "The operator of this site pays X for every post, and the credit is used up.",
    "unauthorized": "X does not let the bot in; its operator has to mend that.",
    "not-permitted": "X does not permit what was asked of it; the bot's operator has to look into it.",
    "duplicate-text": "X took our answer for one we gave before.",
    "bad-request": "X did not understand what we asked of it.",
}


def sentence(reason: str | None) -> str:
    """A sentence for every reason; one that is not known here is named as it is."""
    if not reason:
        return ""
    return REASONS.get(reason) or f"The reason noted is \u201c{reason}\u201d."
