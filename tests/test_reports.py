"""What Sentry is told, and what it is never told."""

import io
import json
import logging

import pytest
import sentry_sdk
import structlog
from pydantic import SecretStr
from sentry_sdk.transport import Transport
from sqlalchemy.exc import IntegrityError
from structlog.contextvars import bound_contextvars

from bot import log, reports
from bot.store.models import MentionRow

DSN = "https://public@sentry.example/1"
WORDS = "Lighthouses taught me patience."


@pytest.fixture
def sent(house):
    """What would go over the network, as text; the log goes on beside it."""
    root, heard = logging.getLogger(), []
    handlers, level = root.handlers[:], root.level

    class Collecting(Transport):
        def capture_envelope(self, envelope):
            heard.append(envelope)

    settings = house.parts.settings.model_copy(update={"sentry_dsn": SecretStr(DSN), "log_format": "json"})
    log.configure(settings.model_copy(update={"sentry_dsn": None}))
    root.handlers[0].setStream(io.StringIO())
    reports.configure(settings, transport=Collecting)
    yield lambda: [json.loads(item.payload.get_bytes()) for envelope in heard for item in envelope.items]
    sentry_sdk.get_client().close()
    sentry_sdk.init()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_it_is_off_by_default(house, monkeypatch):
    monkeypatch.setattr(sentry_sdk, "init", lambda **_: pytest.fail("nobody asked for it"))
    reports.configure(house.parts.settings)
    assert not any(isinstance(each, reports.ToSentry) for each in logging.getLogger().handlers)


def test_a_poisoned_job_is_told_with_its_ids_and_the_place_in_the_code(house, sent, monkeypatch):
    def poisoned(*_args, **_more):
        raise ValueError(WORDS)

    monkeypatch.setattr("bot.flows.gather.assemble", poisoned)
    thread = house.world.thread(house.author(), [WORDS, "The lamp is older than the tower."])
    mention = house.world.mention(house.author("asker"), under=thread[1])
    house.poll()
    house.work()

    [event] = sent()
    assert event["logentry"]["message"] == "job.unexpected_error"
    assert event["tags"] == {
        "job": str(house.job(mention).id),
        "mention": mention.id,
        "post": thread[1].id,
    }
    [error] = event["exception"]["values"]
    assert (error["type"], "value" in error) == ("ValueError", False)
    assert error["stacktrace"]["frames"][-1]["function"] == "poisoned"
    told = json.dumps(event)
    assert WORDS not in told
    assert "Lighthouses" not in told


def fail(secret):
    try:
        int(secret)  # quotes it
    except ValueError as error:
        raise RuntimeError(WORDS) from error


def test_nothing_but_names_places_and_ids_goes_out(house, sent):
    secret = house.world.credentials.access_token_secret
    sentry_sdk.add_breadcrumb(message=WORDS)
    sentry_sdk.set_user({"username": WORDS})
    sentry_sdk.set_tag("words", WORDS)
    sentry_sdk.set_extra("words", secret)
    with bound_contextvars(job=7, text=WORDS):
        try:
            fail(secret)
        except RuntimeError:
            structlog.get_logger("bot").exception("something.failed", detail=WORDS, words=[secret])
            logging.getLogger("celery.app.trace").exception("Task %s raised", WORDS)
            logging.getLogger("a.library").error(f"it said {WORDS}")  # noqa: G004, TRY400 - as libraries do
    sentry_sdk.capture_message(WORDS)

    events = sent()
    told = json.dumps(events)
    assert WORDS not in told
    assert secret not in told
    assert [event["logentry"]["message"] for event in events] == [
        "something.failed",
        "Task %s raised",
        "a.library",
        "",
    ]
    assert [each["type"] for each in events[0]["exception"]["values"]] == ["ValueError", "RuntimeError"]
    assert events[0]["tags"] == {"job": "7"}


def test_what_is_no_error_is_not_told(house, sent):
    assert house.world.replies_to(
        house.ask(house.world.thread(house.author(), ["One.", "Two.", "Three."])[1]).id
    )
    structlog.get_logger("bot").warning("x.failed", detail=WORDS)
    assert sent() == []


def test_a_statement_that_fails_names_no_value(house):
    """What SQLAlchemy says of an error is logged, and sent by nobody."""
    row = MentionRow(id=1, author_id=2, conversation_id=3, decision=None, payload={"text": WORDS})
    with pytest.raises(IntegrityError) as raised:
        put(row, house.store)
    assert WORDS not in str(raised.value)


def put(row, store):
    with store.database.write() as session:
        session.add(row)
