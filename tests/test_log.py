"""What the log says, and what it never says."""

import io
import json
import logging

import pytest
import structlog
from pydantic import SecretStr
from structlog.contextvars import bound_contextvars

from bot import log
from bot.settings import Settings

KEYS = {
    "x_consumer_key": "consumer-key-1",
    "x_consumer_secret": "consumer-secret-1-and-more",
    "x_access_token": "17-access-token-1",
    "x_access_token_secret": "access-token-secret-1",
    "x_bearer_token": "AAAA%2Fbearer%3Dtoken",
}
PASSWORD = "hunter2-but-longer"
SECRETS = [*KEYS.values(), "AAAA/bearer=token", PASSWORD, "p@ss/word"]


@pytest.fixture(autouse=True)
def logging_as_it_was():
    """Logging belongs to the whole process: the other tests get it back."""
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in ("", *log.QUIET)}
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(params=["json", "console"])
def form(request):
    return request.param


@pytest.fixture
def logged(form):
    """Sets the log up, and reads what it has said."""
    configure(form)
    logging.getLogger().handlers[0].setStream(heard := io.StringIO())
    return heard.getvalue


def configure(form, level="DEBUG"):
    keys = {name: SecretStr(value) for name, value in KEYS.items()}
    log.configure(
        Settings(
            **keys,
            database_url=f"postgresql+psycopg://bot:{PASSWORD}@db/unroll",
            redis_url="redis://:p%40ss%2Fword@queue/0",
            log_format=form,
            log_level=level,
        )
    )


def test_json_is_one_object_a_line(capsys):
    configure("json")
    with bound_contextvars(job=3, mention=1_234, post=1_200):
        structlog.get_logger("bot").info("job.claimed", attempt=1, name="Zoë 🧵")
        logging.getLogger("celery.worker").warning("said %s\nby another library", "something")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first.pop("timestamp").endswith("Z")
    assert first == {
        "event": "job.claimed",
        "job": 3,
        "mention": 1_234,
        "post": 1_200,
        "attempt": 1,
        "name": "Zoë 🧵",
        "level": "info",
        "logger": "bot",
    }
    assert (second["event"], second["job"]) == ("said something\nby another library", 3)


def test_a_person_reads_it_in_one_line(capsys):
    configure("console")
    with bound_contextvars(job=3):
        structlog.get_logger("bot").info("job.claimed", attempt=1)
    [line] = capsys.readouterr().err.splitlines()
    for word in ("info", "job.claimed", "job=3", "attempt=1"):
        assert word in line


def test_standard_output_stays_free(form, capsys):
    configure(form)
    structlog.get_logger().info("something")
    assert capsys.readouterr().out == ""


def test_the_level_is_kept(form, capsys):
    configure(form, "WARNING")
    structlog.get_logger().info("not this")
    logging.getLogger("celery").info("nor this")
    structlog.get_logger().warning("but this")
    assert "this" in (told := capsys.readouterr().err)
    assert "not this" not in told
    assert "nor this" not in told


def test_setting_it_up_twice_is_harmless(form, capsys):
    configure(form)
    configure(form)
    structlog.get_logger().info("once")
    assert capsys.readouterr().err.count("once") == 1


def test_libraries_that_tell_secrets_stay_quiet(logged):
    for name in (
        "tweepy.client",
        "oauthlib.oauth1",
        "requests_oauthlib.oauth1_auth",
        "urllib3.connectionpool",
    ):
        logging.getLogger(name).debug("Headers: %s", "anything")
    assert logged() == ""


class Address:
    """Something that is no string until it is written."""

    def __repr__(self):
        return f"<Address {' '.join(SECRETS)}>"


SAYINGS = {
    "event": lambda say, it: say(it),
    "argument": lambda say, it: say("told %s", it),
    "value": lambda say, it: say("told", value=it),
    "list": lambda say, it: say("told", value=[it, (it,)]),
    "dict": lambda say, it: say("told", value={"inner": {"key": it}}),
    "key": lambda say, it: say("told", value={it: 1}),
    "bytes": lambda say, it: say("told", value=it.encode()),
    "exception object": lambda say, it: say("told", error=ValueError(it)),
    "object": lambda say, _: say("told", value=Address()),
    "set": lambda say, it: say("told", value={it}),
}


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("saying", SAYINGS.values(), ids=SAYINGS)
def test_no_secret_is_ever_written(logged, saying, secret):
    logger = structlog.get_logger("bot")
    for say in (logger.debug, logger.info, logger.error):
        saying(say, secret)
    told = logged()
    assert "***" in told
    assert not [known for known in SECRETS if known in told]


def fail(secret):
    kept = f"{secret} in a local variable"
    raise ValueError(f"{secret} in the error, {len(kept)}")


@pytest.mark.parametrize("secret", SECRETS)
def test_nor_inside_an_exception(logged, secret):
    try:
        try:
            fail(secret)
        except ValueError as cause:
            raise RuntimeError(f"{secret} around it") from cause
    except RuntimeError:
        structlog.get_logger("bot").exception("failed")
        logging.getLogger("celery.app.trace").exception("Task failed")
        structlog.get_logger("bot").info("stack", stack_info=True)
    told = logged()
    assert "RuntimeError" in told
    assert "ValueError" in told
    assert secret not in told


def test_an_exception_does_not_tell_what_its_variables_held(logged):
    words_of_a_post = "lighthouses".title()
    try:
        fail(words_of_a_post[:0])
    except ValueError:
        structlog.get_logger("bot").exception("failed")
    assert "Lighthouses" not in logged()


@pytest.mark.parametrize(
    ("said", "hidden"),
    [
        ("Authorization: Bearer ZZZZ-unknown", "ZZZZ-unknown"),
        ("{'Authorization': 'Bearer ZZZZ-unknown'}", "ZZZZ-unknown"),
        ('OAuth oauth_consumer_key="kkk", oauth_token="ttt-9", oauth_signature="sss%3D"', "ttt-9"),
        ('OAuth oauth_consumer_key="kkk", oauth_token="ttt-9", oauth_signature="sss%3D"', "sss%3D"),
        ("oauth_token=abc9def&status=x", "abc9def"),
        ("postgresql://bot:unknown-pw@db/unroll", "unknown-pw"),
        ("redis://:unknown-pw@queue:6379/0 is away", "unknown-pw"),
    ],
)
def test_unknown_secrets_are_known_by_their_form(logged, said, hidden):
    structlog.get_logger().error("told", detail=said)
    told = logged()
    assert hidden not in told
    assert "***" in told


@pytest.mark.parametrize("said", ["https://x.com/ada/status/1?s=20", "12:30 @ada said: hi", "the bearer"])
def test_what_is_no_secret_is_left_as_it_is(logged, said):
    structlog.get_logger().info("told", detail=said)
    assert said in logged()


def test_a_whole_unroll_tells_no_post_and_no_key(house, caplog, capsys):
    log.configure(house.parts.settings.model_copy(update={"log_format": "json"}))
    texts = ["Lighthouses taught me patience.", "The lamp is older than the tower.", "Storms come in threes."]
    house.world.faults.answer("GET /2/tweets", 503)
    mention = house.ask(house.world.thread(house.author(), texts)[1])
    assert house.world.replies_to(mention.id)
    told = capsys.readouterr().err
    events = [json.loads(line) for line in told.splitlines()]
    done = next(event for event in events if event["event"] == "job.done")
    assert {"job", "mention", "post"} <= done.keys()
    for text in texts:
        assert text not in told
        assert text.split()[0] not in told
    keys = house.world.credentials
    for secret in (keys.consumer_key, keys.consumer_secret, keys.access_token, keys.bearer_token):
        assert secret not in told


def test_what_happens_first_is_read_first(capsys):
    configure("json")
    with bound_contextvars(post=3, job=7):
        structlog.get_logger("bot").info("job.done", reply=9, mention=8)
    line = capsys.readouterr().err
    assert list(json.loads(line))[:5] == ["timestamp", "level", "event", "job", "mention"]


# The first words of each thing that is said in the stories, by whom it may.
STORIES = {
    "answered": lambda house, posts: house.ask(posts[1]),
    "refused": lambda house, posts: house.ask(house.world.post(house.author("cleo"), "Zinnias stay single.")),
    "gone": lambda house, posts: (house.world.delete(posts[0]), house.ask(posts[1])),
    "only talk": lambda house, posts: house.ask(posts[1], text="@unrollbot zinnias are not unroll requests?"),
    "opted out": lambda house, posts: house.ask(posts[1], by="ada", text="@unrollbot opt out zinnias"),
    "X down": lambda house, posts: (
        house.world.faults.answer("GET /2/tweets/search/recent", 503, times=3, detail="try later"),
        house.ask(posts[1]),
    ),
    "reply refused": lambda house, posts: (
        house.world.faults.answer("POST /2/tweets", 403, detail="You are not allowed to reply."),
        house.ask(posts[1]),
    ),
    "answer lost": lambda house, posts: (
        house.world.faults.drop_answer_of("POST /2/tweets"),
        house.ask(posts[1]),
    ),
    "garbage": lambda house, posts: (house.world.faults.garbage("GET /2/tweets"), house.ask(posts[1])),
    "revoked": lambda house, posts: (
        house.world.faults.answer("GET /2/users/:id/mentions", 401),
        house.ask(posts[1]),
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_no_story_puts_a_post_or_a_key_into_the_log(house, capsys, story):
    """Neither what was posted by anybody, nor what we said; and each line of a request has its job."""
    log.configure(house.parts.settings.model_copy(update={"log_format": "json"}))
    posts = house.world.thread(house.author(), ["Zinnias taught me.", "Zinnias again.", "No more zinnias."])
    story(house, posts)
    told = capsys.readouterr().err
    for post in house.world.posts:
        assert post.raw not in told
    assert "zinnias" not in told.casefold()
    keys = house.world.credentials
    for secret in (keys.consumer_key, keys.consumer_secret, keys.access_token, keys.access_token_secret):
        assert secret not in told
    assert keys.bearer_token not in told
    lines = [json.loads(line) for line in told.splitlines()]
    for line in lines:
        if line["event"].split(".")[0] in {"job", "reply", "command"}:
            assert "job" in line, line


def test_a_request_is_followed_by_its_job_from_the_mention_to_the_page(house, capsys):
    log.configure(house.parts.settings.model_copy(update={"log_format": "json"}))
    mention = house.ask(house.world.thread(house.author(), ["One here.", "Two here.", "Three here."])[1])
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    job = house.job(mention)
    steps = [line["event"] for line in lines if line.get("job") == job.id]
    expected = [
        "mention.recorded",
        "job.woken",
        "job.claimed",
        "thread.assembled",
        "reply.posted",
        "job.done",
    ]
    assert [step for step in steps if step in expected] == expected
    assert [line["thread"] for line in lines if line["event"] == "job.done"] == [job.thread_id]
