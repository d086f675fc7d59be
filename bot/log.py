"""One event a step, with the ids of the job, the mention and the post bound to it.

Readable on a terminal, JSON elsewhere; on standard error, so that standard output stays for documents.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import structlog
import structlog.tracebacks
from pydantic import SecretStr
from structlog.typing import Processor

from bot import reports
from bot.settings import Settings

# Whatever slips into a message: headers and addresses carry secrets in these forms.
SECRETS = (
    (re.compile(r"(?i)\b(bearer)\s+[^\s'\"]+"), r"\1 ***"),
    (re.compile(r"(?i)\b(oauth)\s+oauth_\w+=.*"), r"\1 ***"),
    (re.compile(r"(?i)\b(oauth_\w+|access_token|client_secret)=\"?[^\s&,'\"]+"), r"\1=***"),
    (re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]+(?=@)"), r"\1:***"),
)

# A shorter password is part of too many words: it is hidden in addresses only.
TELLING_LENGTH = 8

QUIET = ("tweepy", "oauthlib", "requests_oauthlib", "urllib3", "PIL", "alembic", "kombu", "amqp", "asyncio")

# What happens to a job is told by our own events, with its ids: Celery's two lines for each task have none.
TOLD_BY_OURS = ("alembic.runtime.migration", "celery.worker.strategy", "celery.app.trace", "httpx")

# A person who reads JSON looks for these first, in this order.
FIRST = ("timestamp", "level", "event", "job", "mention", "post", "thread")

TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def configure(settings: Settings) -> None:
    """Sets up structlog and the standard library's logging for this process; doing it twice is harmless."""
    as_json = (settings.log_format or ("console" if sys.stderr.isatty() else "json")) == "json"
    known = _known_secrets(settings)

    def hide(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: _hidden(value, known) for key, value in event.items()}

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    # Exceptions become words before secrets are hidden, and without the values of local variables.
    tail: list[Processor] = (
        [TRACEBACKS, hide, _in_order, structlog.processors.JSONRenderer(ensure_ascii=False, default=repr)]
        if as_json
        else [structlog.processors.format_exc_info, hide, _console()]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,  # what is not to be written costs nothing
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLevelName(settings.log_level)))
    for name in TOLD_BY_OURS:
        logging.getLogger(name).setLevel(logging.WARNING)
    reports.configure(settings)


def _in_order(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: event[name] for name in (*FIRST, *event) if name in event}


def _console() -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _known_secrets(settings: Settings) -> tuple[str, ...]:
    """The longest first, as they are and as addresses spell them."""
    values = (getattr(settings, name) for name in type(settings).model_fields)
    keys = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
    logins = settings.flower_basic_auth.get_secret_value().split(",") if settings.flower_basic_auth else []
    passwords = (
        *(urlsplit(url).password for url in (settings.database_url, settings.redis_url, settings.broker_url)),
        *(login.partition(":")[2] for login in logins),
    )
    telling = [*keys, *(word for word in passwords if word and len(word) >= TELLING_LENGTH)]
    spelt = {form for word in telling if word for form in (word, quote(word, safe=""), unquote(word))}
    return tuple(sorted(spelt, key=len, reverse=True))


def _hidden(value: Any, known: tuple[str, ...]) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {_hidden(key, known): _hidden(item, known) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(item, known) for item in value]
    text = value if isinstance(value, str) else repr(value)
    for secret in known:
        text = text.replace(secret, "***")
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return text
