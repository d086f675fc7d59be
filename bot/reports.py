"""Errors told to Sentry, where the operator wants that: what broke, where in the code, and the ids by which
the log knows it. Never anybody's words: an error's message can quote a post or a key, and stays in the log.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bot.settings import Settings

if TYPE_CHECKING:
    from sentry_sdk.transport import Transport
    from sentry_sdk.types import Event

# What goes out, and nothing else; what the library may add one day stays here.
KEPT = (
    "event_id",
    "timestamp",
    "level",
    "logger",
    "platform",
    "release",
    "environment",
    "sdk",
    "fingerprint",
)
FRAME = ("filename", "module", "function", "lineno", "in_app")
TAGS = ("job", "mention", "post", "thread", "reply", "attempt", "reason", "endpoint")


def configure(settings: Settings, transport: type[Transport] | None = None) -> None:
    """Sends errors of this process to SENTRY_DSN; does nothing where that is not set."""
    root = logging.getLogger()
    root.handlers[:] = [each for each in root.handlers if not isinstance(each, ToSentry)]
    if settings.sentry_dsn is None:
        return
    import sentry_sdk  # noqa: PLC0415 - a third of a second that only those pay who want it
    from sentry_sdk.integrations.atexit import AtexitIntegration  # noqa: PLC0415
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration  # noqa: PLC0415

    sentry_sdk.init(
        dsn=settings.sentry_dsn.get_secret_value(),
        transport=transport,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[ExcepthookIntegration(), AtexitIntegration(callback=lambda *_: None)],
        before_send=lambda event, _hint: without_words(event),
        max_breadcrumbs=0,
        include_local_variables=False,
        include_source_context=False,
        server_name="",
    )
    root.addHandler(ToSentry(logging.ERROR))


class ToSentry(logging.Handler):
    """Makes a report of an event of the log: by its name and ids, with the error's traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        """Never raises: a report that cannot be made must not stop a job."""
        if record.name.startswith("sentry_sdk"):
            return
        import sentry_sdk  # noqa: PLC0415 - only added where it is there
        from sentry_sdk.utils import event_from_exception, exc_info_from_error  # noqa: PLC0415

        try:
            # Our own events are mappings. Of a library's line the pattern is taken, not what fills it.
            pattern = record.msg if record.args else record.name
            told: Mapping[str, Any] = record.msg if isinstance(record.msg, Mapping) else {"event": pattern}
            error = _error_of(told, record)
            event: Any = event_from_exception(exc_info_from_error(error))[0] if error else {}
            event["level"] = "fatal" if record.levelno >= logging.CRITICAL else "error"
            event["logger"] = record.name
            event["logentry"] = {"message": str(told.get("event", ""))}
            event["tags"] = {name: str(told[name]) for name in TAGS if told.get(name) is not None}
            sentry_sdk.capture_event(event)
        except Exception:  # noqa: BLE001
            self.handleError(record)


def without_words(event: Event) -> Event:
    """Only names of ours, types, places in the code and ids."""
    values = ((event.get("exception") or {}).get("values")) or []
    kept: Any = {name: event[name] for name in KEPT if name in event}  # type: ignore[literal-required]
    kept["tags"] = {name: value for name, value in (event.get("tags") or {}).items() if name in TAGS}
    kept["logentry"] = {"message": (event.get("logentry") or {}).get("message", "")}
    kept["exception"] = {"values": [_without_value(each) for each in values]}
    return kept  # type: ignore[no-any-return]


def _without_value(error: Mapping[str, Any]) -> dict[str, Any]:
    frames = ((error.get("stacktrace") or {}).get("frames")) or []
    places = [{name: frame[name] for name in FRAME if name in frame} for frame in frames]
    return {"type": error.get("type"), "module": error.get("module"), "stacktrace": {"frames": places}}


def _error_of(told: Mapping[str, Any], record: logging.LogRecord) -> BaseException | None:
    given: Any = told.get("exc_info") or record.exc_info
    if isinstance(given, tuple):
        given = given[1]
    elif given is True:
        given = sys.exc_info()[1]
    return given if isinstance(given, BaseException) else None
