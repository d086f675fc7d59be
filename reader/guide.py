"""The help page's values: what the bot listens to, its limits and its reasons, from what the code goes by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain import CommandKind
from bot.rules import commands, phrases
from reader import reasons
from reader.attachments import counted
from reader.ports import Settings

FOR_EVERYBODY: Mapping[CommandKind, str] = {
    "refresh": "Under a thread: its page is checked again, for what was added, edited or deleted.",
    "stop": "The bot does not answer you any more, whatever you write.",
    "start": "It answers you again.",
    "help": "It says in one line what it understands, once a day.",
}
FOR_AUTHORS: Mapping[CommandKind, str] = {
    "delete": "Under a thread of yours: its page here is removed, and only you can bring it back.",
    "unlist": "Under a thread of yours: its page stays for those who have the link, and stands in no list.",
    "opt-out": "All pages of your threads are removed, and nobody can have new ones made.",
    "opt-in": "Your threads may be unrolled again.",
}
NAMES: Mapping[str, str] = {
    "ar": "العربية",
    "de": "Deutsch",
    "en": "English",
    "es": "español",
    "fr": "français",
    "hi": "हिन्दी",
    "id": "bahasa Indonesia",
    "ja": "日本語",
    "pt": "português",
    "tr": "Türkçe",
}
SINGLE_POSTS = {
    "always": "A single post gets a page too.",
    "worthwhile": "A single post gets a page if it is long or has pictures.",
    "never": "A single post gets no page: the bot unrolls threads.",
}

ANSWERED = {
    "each": "Whoever asks for a thread is answered once for it.",
    "first": "Only the first who asks for a thread is answered; everybody reads the same page.",
}
OVER_BUDGET = {
    "wait": "When the day's budget is used up, requests wait for the next day.",
    "refuse": "When the day's budget is used up, requests are refused until the next day.",
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """A command: the words that give it, and what it does."""

    words: tuple[str, ...]
    does: str


@dataclass(frozen=True, slots=True)
class Language:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Reason:
    word: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Help:
    keywords: tuple[str, ...]
    everybody: tuple[Spoken, ...]
    authors: tuple[Spoken, ...]
    limits: tuple[str, ...]
    single_posts: str
    languages: tuple[Language, ...]
    reasons: tuple[Reason, ...]
    gaps: tuple[str, ...]


def guide(settings: Settings) -> Help:
    return Help(
        keywords=settings.keywords,
        everybody=_spoken(FOR_EVERYBODY),
        authors=_spoken(FOR_AUTHORS),
        limits=_limits(settings),
        single_posts=SINGLE_POSTS[settings.single_posts],
        languages=tuple(Language(code, NAMES.get(code, code)) for code in sorted(phrases.LANGUAGES)),
        reasons=tuple(Reason(*pair) for pair in sorted(reasons.REASONS.items())),
        gaps=tuple(reasons.GAPS.values()),
    )


def _spoken(told: Mapping[CommandKind, str]) -> tuple[Spoken, ...]:
    return tuple(Spoken(commands.examples(kind), does) for kind, does in told.items())


def _limits(settings: Settings) -> tuple[str, ...]:
    def most(name: str, noun: str) -> str:
        return counted(getattr(settings, name), noun)

    return (
        f"One person can ask for {most('requests_per_user_per_day', 'thread')} a day.",
        f"Under one conversation, {most('requests_per_conversation_per_hour', 'request')} an hour are taken.",
        f"One author's threads are unrolled {most('requests_per_author_per_day', 'time')} a day.",
        f"A page holds {most('max_posts_per_thread', 'post')} at most, and says so where more follow.",
        ANSWERED[settings.reply_policy],
        f"On this site, a visitor can ask for {most('unrolls_per_visitor_per_day', 'thread')} a day.",
        f"A visitor can have {most('refreshes_per_visitor_per_day', 'page')} a day checked again.",
        f"One page is checked again {most('refreshes_per_thread_per_day', 'time')} a day at most.",
        f"Downloads hold {most('export_posts_per_day', 'post')} for one visitor a day.",
        *_letters(settings),
        f"X is paid for every post that is read. {OVER_BUDGET[settings.over_budget]}",
        "Days are those of UTC.",
    )


def _letters(settings: Settings) -> tuple[str, ...]:
    if settings.smtp_url is None:
        return ()
    return (
        f"A visitor can ask for letters {counted(settings.subscriptions_per_visitor_per_day, 'time')} a day.",
        f"The site sends {counted(settings.letters_per_day, 'letter')} a day at most; others come later.",
    )
