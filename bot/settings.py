"""The one place that reads settings: the environment and `.env`. A wrong one stops the process at once."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from email.utils import parseaddr
from functools import cached_property
from io import StringIO
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from dotenv.parser import parse_stream
from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.redis import is_watched, watched

# HTTP time-out < deadline of a flow < lease of a job: a worker always stops before another may take over.
# Celery's threads pool has no task time limits, so these three are the only ones there are.
HTTP_TIMEOUT = timedelta(seconds=10)
CONNECT_TIMEOUT = timedelta(seconds=5)  # a host that does not answer at all is given up sooner
FLOW_DEADLINE = timedelta(seconds=40)
LEASE = timedelta(seconds=60)

# The same for a file that is made of a page: nothing is asked of X, and 500 posts with pictures take longer.
EXPORT_DEADLINE = timedelta(seconds=90)
EXPORT_LEASE = timedelta(seconds=120)

# X refuses what is signed with a clock that is further off than this. So our machines' clocks are nearer to
# one another, and a lease that ends later than one could was written before a clock was set back.
CLOCKS_APART = timedelta(minutes=5)

# What X must know to let us in, and what no log may ever show.
CREDENTIALS = (
    *("x_consumer_key", "x_consumer_secret", "x_access_token", "x_access_token_secret"),
    "x_bearer_token",
)


COUNTRY_CODE = 2
DAY_SECONDS = 86_400
MOST_DOLLARS = 1_000_000_000  # in micro-dollars still a number that a database holds
BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]+(/[\w.-]+)*/?", re.ASCII)
NAME = re.compile(r"\s*(?:export\s+)?([A-Z][A-Z0-9_]*)(?![^\s=])", re.ASCII)
COIN_ADDRESS = re.compile(r"[A-Za-z0-9:_.-]{8,200}")
CORE = re.compile(r"auto|any|[0-9]{1,4}")


# What pydantic says of these means little to who has written them.
PLAINLY = {
    "decimal_parsing": "must be a number, such as 5 or 0.25",
    "float_parsing": "must be a number, such as 5 or 0.25",
    "int_parsing": "must be a whole number, such as 5",
    "int_from_float": "must be a whole number, such as 5",
    "bool_parsing": "must be true or false",
}


class BadSettings(Exception):  # noqa: N818 - reads as what it says at the door
    """One line that names the setting and says what to do."""


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", value):
        raise ValueError("must be an address that begins with http:// or https://")
    _require_port(value)
    return value.rstrip("/")


def _base_address(value: str) -> str:
    if "?" in value or "#" in value:
        raise ValueError("must be an address without ? and #: others are made by adding to it")
    return _web_address(value)


def _require_port(address: str) -> None:
    try:
        port = urlsplit(address).port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("must name a port from 1 to 65535, or none")


def _database(value: str) -> str:
    scheme = value.split(":", 1)[0]
    if scheme in {"postgres", "postgresql"}:
        return "postgresql+psycopg:" + value.split(":", 1)[1]
    if scheme not in {"sqlite", "postgresql+psycopg"}:
        raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")
    return value


def _redis(value: str) -> str:
    if is_watched(value):
        watched(value)
    elif value.split(":", 1)[0] not in {"redis", "rediss", "unix"}:
        raise ValueError("must begin with redis://, rediss://, unix:// or sentinel://")
    else:
        _require_port(value)
    return value


def _broker(value: str) -> str:
    if value.split(":", 1)[0] not in {"", "amqp", "amqps"}:
        return _redis(value)
    _require_port(value)
    return value


def _folder_or_bucket(value: Any) -> Any:
    """A folder becomes a Path, `s3://bucket/prefix` stays a string."""
    if not isinstance(value, str) or "://" not in value:
        return Path(value)
    if not BUCKET.fullmatch(value):
        raise ValueError("must be a folder, or such as s3://bucket/prefix")
    return value


def _words(value: Any) -> Any:
    return (
        tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value
    )


def _countries(codes: tuple[str, ...]) -> tuple[str, ...]:
    if any(len(code) != COUNTRY_CODE or not code.isalpha() for code in codes):
        raise ValueError("must be codes of two letters with commas between, such as DE,US")
    return tuple(code.upper() for code in codes)


def _networks(hosts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(str(ip_network(host)) if "/" in host else str(ip_address(host)) for host in hosts)
    except ValueError:
        raise ValueError("must be addresses or networks such as 10.0.0.0/8, with commas between") from None


def _pairs(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    words = _words(value)
    if any("=" not in word for word in words):
        raise ValueError("must be such as Name=address, with commas between")
    return tuple(tuple(part.strip() for part in word.split("=", 1)) for word in words)


def _coins(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    if not all(COIN_ADDRESS.fullmatch(address) for _, address in pairs):
        raise ValueError("must be such as Bitcoin=bc1q..., with commas between")
    return pairs


def _links(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, _web_address(address)) for name, address in pairs)


def _logins(value: SecretStr | None) -> SecretStr | None:
    logins = value.get_secret_value().split(",") if value else []
    if any(not name or not password for name, _, password in (login.partition(":") for login in logins)):
        raise ValueError("must be user:password; several with commas between")
    return value


def _dsn(value: SecretStr | None) -> SecretStr | None:
    parts = urlsplit(value.get_secret_value() if value else "https://key@host/1")
    number = parts.path.rsplit("/", 1)[-1]
    if parts.scheme not in {"http", "https"} or not parts.username or not number.isdecimal():
        raise ValueError("must be a project's DSN, such as https://key@sentry.example/1")
    return value


def _post_office(value: SecretStr | None) -> SecretStr | None:
    if value is None:
        return None
    try:
        parts = urlsplit(value.get_secret_value())
        known = parts.scheme in {"smtp", "smtps"} and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none
        known = None
    if not known or bool(parts.username) != bool(parts.password) or parts.path.strip("/") or parts.query:
        raise ValueError("must be such as smtp://user:password@host:587 or smtps://user:password@host:465")
    return value


def _mailbox(value: str) -> str:
    try:
        validate_email(parseaddr(value)[1], check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        if value:
            raise ValueError(
                "must be an address such as letters@example.org or Name <letters@example.org>"
            ) from None
    return value


def _core(value: str) -> str:
    if not CORE.fullmatch(value):
        raise ValueError("must be auto, any or a core's number, such as 1")
    return value


WebAddress = Annotated[str, AfterValidator(_base_address)]
MaybeAddress = Annotated[str, AfterValidator(lambda value: value and _web_address(value))]
Seconds = Annotated[float, Field(gt=0, le=DAY_SECONDS)]
Dollars = Annotated[Decimal, Field(ge=0, le=MOST_DOLLARS)]
Price = Annotated[Decimal, Field(gt=0, le=MOST_DOLLARS)]
Count = Annotated[int, Field(ge=1)]
Port = Annotated[int, Field(ge=1, le=65535)]


Pairs = Annotated[tuple[tuple[str, str], ...], NoDecode, BeforeValidator(_pairs)]


class Settings(BaseSettings):
    """Every setting with its default; `deploy/env.example` lists them with one line each."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore"
    )

    x_api_url: WebAddress = "https://api.x.com"
    x_consumer_key: SecretStr | None = None
    x_consumer_secret: SecretStr | None = None
    x_access_token: SecretStr | None = None
    x_access_token_secret: SecretStr | None = None
    x_bearer_token: SecretStr | None = None
    x_client_secret: SecretStr | None = None

    database_url: Annotated[str, AfterValidator(_database)] = "sqlite:///var/unroll.db"
    redis_url: Annotated[str, AfterValidator(_redis)] = "redis://localhost:6379/0"
    broker_url: Annotated[str, AfterValidator(_broker)] = ""
    public_url: WebAddress = "http://localhost:8000"
    media_dir: Annotated[Path | str, BeforeValidator(_folder_or_bucket)] = Path("var/media")
    media_endpoint_url: MaybeAddress = ""
    media_hosts: Annotated[tuple[str, ...], NoDecode] = ("pbs.twimg.com", "video.twimg.com", "abs.twimg.com")

    mentions: Literal["poll", "webhook", "stream"] = "poll"
    max_video_mb: Annotated[int, Field(ge=0)] = 16

    poll_interval_seconds: Seconds = 5
    poll_underneath_seconds: Seconds = 300
    watched_authors: Annotated[int, Field(ge=0, le=1_400)] = 0
    reply_visible_after_seconds: Annotated[float, Field(ge=0, le=DAY_SECONDS)] = 30
    reply_policy: Literal["each", "first"] = "each"
    refusal_replies: bool = True
    keywords: Annotated[tuple[str, ...], NoDecode] = ("unroll", "compile")
    single_posts: Literal["worthwhile", "always", "never"] = "worthwhile"

    daily_budget_usd: Dollars = Decimal(5)
    over_budget: Literal["wait", "refuse"] = "wait"
    max_posts_per_thread: Count = 500
    requests_per_user_per_day: Count = 20
    requests_per_conversation_per_hour: Count = 30
    requests_per_author_per_day: Count = 200
    site_budget_usd: Dollars = Decimal(2)
    unrolls_per_visitor_per_day: Count = 10
    refreshes_per_visitor_per_day: Count = 20
    refreshes_per_thread_per_day: Count = 24
    mention_price_usd: Price = Decimal("0.001")
    reply_price_usd: Dollars = Decimal("0.010")
    recheck_budget_usd: Dollars = Decimal(1)
    hide_unconfirmed: bool = True
    served_countries: Annotated[tuple[str, ...], NoDecode] = ()

    export_posts_per_day: Count = 500
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ("127.0.0.1", "::1")

    listing: Literal["asked-twice", "all", "none"] = "asked-twice"
    feed_full_text: bool = False
    links: Literal["t.co", "full"] = "t.co"

    smtp_url: Annotated[SecretStr | None, AfterValidator(_post_office)] = None
    mail_from: Annotated[str, AfterValidator(_mailbox), Field(validate_default=True)] = ""
    mail_reply_to: Annotated[str, AfterValidator(_mailbox)] = ""
    letters_per_day: Count = 500
    subscriptions_per_visitor_per_day: Count = 10

    operator_name: str = ""
    operator_contact: str = ""

    practice_post_url: MaybeAddress = ""
    membership_url: MaybeAddress = ""
    membership_price: str = ""
    paypal_url: MaybeAddress = ""
    crypto_addresses: Annotated[Pairs, AfterValidator(_coins)] = ()
    follow_links: Annotated[Pairs, AfterValidator(_links)] = ()
    metrics_token: SecretStr | None = None
    metrics_host: str = "127.0.0.1"
    poller_metrics_port: Port | None = None
    worker_metrics_port: Port | None = None
    worker_core: Annotated[str, AfterValidator(_core)] = "auto"

    flower_basic_auth: Annotated[SecretStr | None, AfterValidator(_logins)] = None
    flower_url_prefix: str = ""

    sentry_dsn: Annotated[SecretStr | None, AfterValidator(_dsn)] = None
    log_format: Literal["console", "json"] | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    _split = field_validator("media_hosts", "keywords", "served_countries", "trusted_proxies", mode="before")(
        _words
    )
    _check = field_validator("served_countries")(_countries)
    _check_proxies = field_validator("trusted_proxies")(_networks)

    @field_validator("mail_from")
    @classmethod
    def _has_sender(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("smtp_url") and not value:
            raise ValueError("must say whom letters come from where SMTP_URL is set")
        return value

    @property
    def broker(self) -> str:
        """Where wake-ups go: to Redis, unless another broker is named."""
        return self.broker_url or self.redis_url

    @cached_property
    def missing_credentials(self) -> tuple[str, ...]:
        """The names of the X settings that are not set, as a person writes them."""
        return tuple(name.upper() for name in CREDENTIALS if not getattr(self, name))

    @property
    def look_every_seconds(self) -> float:
        """The time that is meant to lie between two looks at the mentions."""
        return self.poll_interval_seconds if self.mentions == "poll" else self.poll_underneath_seconds

    def require_credentials(self) -> None:
        """Raises BadSettings where X cannot be called for lack of a key."""
        if self.missing_credentials:
            names = ", ".join(self.missing_credentials)
            raise BadSettings(f"{names} not set: copy the keys of your X app into .env (`unroll setup` does)")


def load(**chosen: Any) -> Settings:
    """The settings of this process, those in `chosen` whatever the environment says.

    Raises BadSettings with one line that names the first wrong one.
    """
    _require_readable(chosen.get("_env_file", Settings.model_config.get("env_file")))
    try:
        return Settings(**{name.lower(): value for name, value in chosen.items()})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "settings"
        said = PLAINLY.get(first["type"]) or first["msg"].removeprefix("Value error, ")
        raise BadSettings(f"{name}: {said}") from None


def _require_readable(env_file: Any) -> None:
    """A line that python-dotenv does not understand it would leave out, and the default would hold."""
    if env_file is None or not Path(env_file).is_file():
        return
    try:
        told = Path(env_file).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BadSettings(f"{env_file}: must be text in UTF-8") from None
    except OSError as error:
        raise BadSettings(f"{env_file}: {error.strerror}") from None
    if "\0" in told:
        raise BadSettings(f"{env_file}: must be text, and has a zero byte")
    broken = next((line for line in parse_stream(StringIO(told)) if line.error), None)
    if broken is not None:
        name = NAME.match(broken.original.string)  # and not a word of what may be a secret
        which = f" ({name[1]})" if name else ""
        raise BadSettings(
            f"{env_file}, line {broken.original.line}{which}: must be NAME=value, its quotation marks closed"
        )
