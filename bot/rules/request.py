"""Is this mention a request, and for which post? A decision with its reason. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from html import unescape

from bot.domain import Command, CommandKind, Decision, Goal, Mention, Post, Refusal, Request
from bot.rules.asking import hear
from bot.rules.commands import loose_command, strict_command

KEYWORDS = ("unroll", "compile")
ABOUT_A_THREAD: frozenset[CommandKind] = frozenset({"delete", "unlist", "refresh"})

# As X finds a name in a text: letters of other scripts may stand beside it.
CALLED = r"(?<![A-Za-z0-9_!#$%&*@\uff20])[@\uff20]{}(?![A-Za-z0-9_@])"
STATUS_LINK = re.compile(
    r"^(?:https?://)?(?:(?:www|mobile|m)\.)?(?:x|twitter)\.com(?::80|:443)?"
    r"/(?:[A-Za-z0-9_]+|i/web)/status(?:es)?/([0-9]{1,19})(?!\w)",
    re.IGNORECASE,
)
LARGEST_ID = 2**63 - 1


def decide(
    mention: Mention, *, bot_id: int, bot_username: str, keywords: Collection[str] = KEYWORDS
) -> Decision:
    """The thread that the mention asks for, the command it gives, or why it is neither.

    Reasons: `own-post`, `repost`, `in-prefix` (X repeats the bot's name in front of every reply below the
    bot's own), `no-keyword`, `negated`, `only-talk` (a word of thanks, a question about the bot),
    `no-thread` (nothing was replied to, quoted or linked).
    """
    post = mention.post
    words = _own_words(post)
    if objection := _objection(post, words, bot_id, bot_username):
        return Refusal(objection)
    text = unescape(words)
    if kind := strict_command(text):
        return _command(kind, post, bot_id)
    heard = hear(text, keywords)
    if heard == "asks":
        goal = _goal(post, bot_id)
        return Request(goal) if goal else Refusal("no-thread")
    kind = loose_command(text, bot_username)
    if kind and not (kind == "help" and heard == "negated"):
        return _command(kind, post, bot_id)
    return Refusal(heard)


def _objection(post: Post, words: str, bot_id: int, bot_username: str) -> str | None:
    """Why nothing the post says is meant for the bot."""
    if post.author_id == bot_id:
        return "own-post"
    if post.reposted is not None:
        return "repost"
    return None if _names_bot(post, words, bot_id, bot_username) else "in-prefix"


def _command(kind: CommandKind, post: Post, bot_id: int) -> Decision:
    if kind not in ABOUT_A_THREAD:
        return Command(kind)
    goal = _goal(post, bot_id)
    return Command(kind, goal) if goal else Refusal("no-thread")


def post_id_of(address: str) -> int | None:
    """The post id in a link to a post on X, with or without https://, or in a bare id. Nothing is fetched."""
    address = address.strip()
    match = re.fullmatch(r"([0-9]{1,19})", address) or STATUS_LINK.match(address)
    number = int(match.group(1)) if match else 0
    return number if 0 < number <= LARGEST_ID else None


def _own_words(post: Post) -> str:
    """What the person wrote: the text behind the automatic reply prefix."""
    return post.text[post.display_start :] if post.text.startswith("@") else post.text


def _names_bot(post: Post, words: str, bot_id: int, bot_username: str) -> bool:
    named = [e for e in post.entities if e.kind == "mention" and e.start >= post.display_start]
    if any(e.user_id == bot_id or e.value.casefold() == bot_username.casefold() for e in named):
        return True
    return re.search(CALLED.format(re.escape(bot_username)), words, re.IGNORECASE) is not None


def _goal(post: Post, bot_id: int) -> Goal | None:
    """A link in the text means the linked thread, a quote the quoted one, else the post replied to;
    below the bot's own reply, the thread the conversation began with.
    """
    if (linked := _linked(post)) is not None:
        return Goal(linked)
    if post.quoted is not None:
        return Goal(post.quoted)
    if post.reply_to is None:
        return None
    if post.reply_to_author == bot_id:
        return Goal(post.conversation_id, post.conversation_id)
    names = (e.value for e in post.entities if e.kind == "mention" and e.user_id == post.reply_to_author)
    return Goal(post.reply_to, post.conversation_id, post.reply_to_author, next(names, None))


def _linked(post: Post) -> int | None:
    for entity in post.entities:
        if entity.kind != "url" or entity.media_key is not None:
            continue
        linked = post_id_of(entity.expanded_url or "")
        if linked is not None and linked not in (post.id, post.quoted):
            return linked
    return None
