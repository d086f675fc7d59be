"""One event a step, with the ids of the job, the mention and the post bound to it.

Readable on a terminal, JSON elsewhere; on standard error, so that standard output stays for documents.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

from bot.settings import CREDENTIALS, Settings

# Whatever slips into a message: headers and addresses carry secrets in these forms.
SECRETS = (
    re.compile(r"(?i)\b(bearer|oauth)\s+[^\s'\"]+"),
    re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]+(?=@)"),
    re.compile(r"(?i)\b(oauth_\w+|access_token|client_secret)=[^\s&,'\"]+"),
)
QUIET = ("tweepy", "oauthlib", "requests_oauthlib", "urllib3", "PIL", "alembic", "kombu", "amqp", "asyncio")


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
    tail: list[Processor] = (
        [structlog.processors.dict_tracebacks, hide, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if as_json
        else [hide, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
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
    logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)


def _known_secrets(settings: Settings) -> tuple[str, ...]:
    values = (getattr(settings, name) for name in CREDENTIALS)
    return tuple(value.get_secret_value() for value in values if value)


def _hidden(value: Any, known: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _hidden(item, known) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(item, known) for item in value]
    if not isinstance(value, str):
        return value
    for secret in known:
        value = value.replace(secret, "***")
    for pattern in SECRETS:
        value = pattern.sub(lambda match: f"{match.group(1)}:***" if match.lastindex else "***", value)
    return value
