"""The only place that talks SMTP. It tells what surely was not sent from what may have been.

    connect -> EHLO -> TLS -> login -> each letter: MAIL FROM -> RCPT TO -> mark -> DATA -> the server's word

A server's words may name an address, so none of them leaves this place: only codes do.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from ipaddress import ip_address
from urllib.parse import quote, unquote, urlsplit

from bot.errors import Misconfigured, Permanent, Transient
from bot.rules.letters import GOES_AWAY, Body, Letter, Step, enhanced, fate
from bot.settings import HTTP_TIMEOUT, BadSettings, Settings

PORTS = {"smtp": 587, "smtps": 465}
OK = 250
FORWARDED = 251

# Addresses without a blank in them: the library would fold long ones by encoding them, which nobody reads.
WHOLE = frozenset({"list-id", "list-unsubscribe", "message-id"})


class _Policy(EmailPolicy):
    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in WHOLE:
            return f"{name}: {value}\r\n".encode("ascii")
        return super().fold_binary(name, value)


POLICY = _Policy(linesep="\r\n", cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Server:
    """`encrypted` is TLS from the start; otherwise it is asked for, and needed unless the server is here."""

    host: str
    port: int
    encrypted: bool
    user: str
    password: str = field(repr=False)
    known_as: str

    @property
    def local(self) -> bool:
        with suppress(ValueError):
            return ip_address(self.host).is_loopback
        return self.host == "localhost"


class Line:
    """An open connection, logged in."""

    def __init__(self, client: smtplib.SMTP) -> None:
        self._client = client

    def hand_over(self, message: EmailMessage, mark: Callable[[], bool]) -> bool:
        """True once the server has taken the letter; False where `mark` says that it is not ours to send.

        Raises Permanent or Transient for a letter refused, Misconfigured where it is the sender that is, and
        Transient with `may_have_landed` where the line was cut before the server's word. `smtp-away` says
        that the line is of no use any more.
        """
        content = message.as_bytes(policy=POLICY)
        with _surely_unsent():
            self._said("sender", self._client.mail(parseaddr(str(message["From"]))[1]))
            self._said("address", self._client.rcpt(str(message["To"])))
        if not mark():
            with _surely_unsent():
                self._client.rset()
            return False
        try:
            self._said("letter", self._client.data(content))
        except smtplib.SMTPDataError as error:
            self._said("letter", (error.smtp_code, _bytes(error.smtp_error)))
        except (smtplib.SMTPException, OSError) as error:
            raise Transient("letter-unsure", type(error).__name__, may_have_landed=True) from None
        return True

    def _said(self, step: Step, answer: tuple[int, bytes]) -> None:
        code, words = answer[0], answer[1].decode("ascii", "replace")
        if code in {OK, FORWARDED}:
            return
        told = f"{code} {enhanced(words)}".strip()
        if code < 0 and step == "letter":
            raise Transient("letter-unsure", "no code", may_have_landed=True)
        if code == GOES_AWAY or code < 0:
            raise Transient("smtp-away", told)
        with suppress(smtplib.SMTPException, OSError):  # a broken line is noticed by its next use
            self._client.rset()
        match fate(step, code, words):
            case "misconfigured":
                raise Misconfigured("sender-refused", told)
            case "later":
                raise Transient("put-off", told)
            case reason:
                raise Permanent("refused" if reason == "never" else reason, told)


def server(settings: Settings) -> Server | None:
    """The server that letters go to; None where there are none."""
    if settings.smtp_url is None:
        return None
    parts = urlsplit(settings.smtp_url.get_secret_value())
    return Server(
        host=parts.hostname or "",
        port=parts.port or PORTS[parts.scheme],
        encrypted=parts.scheme == "smtps",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        known_as=urlsplit(settings.public_url).hostname or "localhost",
    )


@contextmanager
def connected(to: Server) -> Iterator[Line]:
    """Raises Transient `smtp-away` where no server answers, Misconfigured where it lets nobody in."""
    client = _opened(to)
    try:
        yield Line(client)
    finally:
        with suppress(smtplib.SMTPException, OSError):
            client.quit()
        client.close()


def check(settings: Settings) -> str:
    """Connects, says hello and logs in; no letter is sent. Raises BadSettings with one line."""
    to = server(settings)
    if to is None:
        return "none is set, so nobody can follow by e-mail"
    try:
        with connected(to):
            return f"{to.host}:{to.port} lets us in"
    except (Transient, Misconfigured) as error:
        raise BadSettings(f"SMTP_URL: {to.host}:{to.port}: {error}") from None


def message(letter: Letter, body: Body, settings: Settings, *, now: datetime) -> EmailMessage:
    """The letter as it is sent; a second try of the same one is the same but for its date."""
    host = urlsplit(settings.public_url).hostname or "localhost"
    made = EmailMessage(policy=POLICY)
    made["From"] = settings.mail_from
    made["To"] = letter.to
    made["Subject"] = body.subject
    made["Date"] = format_datetime(now)
    made["Message-ID"] = f"<letter.{letter.id}.{letter.created_at.timestamp():.0f}@{host}>"
    made["Auto-Submitted"] = "auto-generated"
    if settings.mail_reply_to:
        made["Reply-To"] = settings.mail_reply_to
    if body.leave and letter.author:
        made["List-Id"] = f"<{letter.author.id}.threads.{host}>"
        made["List-Unsubscribe"] = ", ".join(_ways_out(body.leave, letter, settings))
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made.set_content(body.text, cte="quoted-printable")
    made.add_alternative(body.html, subtype="html", cte="quoted-printable")
    return made


def _ways_out(leave: str, letter: Letter, settings: Settings) -> Iterator[str]:
    """RFC 8058 wants an address for a POST; people's own programs may write instead."""
    yield f"<{leave}>"
    if settings.mail_reply_to:
        subject = quote(f"unsubscribe {letter.author.id}" if letter.author else "unsubscribe")
        yield f"<mailto:{parseaddr(settings.mail_reply_to)[1]}?subject={subject}>"


def _opened(to: Server) -> smtplib.SMTP:
    seconds = HTTP_TIMEOUT.total_seconds()
    try:
        client = _dialled(to, seconds)
    except ssl.SSLError as error:
        raise Misconfigured("smtp-tls", error.reason or type(error).__name__) from None
    except (smtplib.SMTPException, OSError) as error:
        raise Transient("smtp-away", type(error).__name__) from None
    try:
        _greet(client, to)
    except BaseException:
        client.close()
        raise
    return client


def _dialled(to: Server, seconds: float) -> smtplib.SMTP:
    if to.encrypted:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(to.host, to.port, to.known_as, timeout=seconds, context=context)
    return smtplib.SMTP(to.host, to.port, to.known_as, timeout=seconds)


def _greet(client: smtplib.SMTP, to: Server) -> None:
    try:
        client.ehlo_or_helo_if_needed()
        if not to.encrypted:
            _encrypt(client, to)
        if to.user:
            _log_in(client, to)
    except smtplib.SMTPAuthenticationError as error:
        raise _let_in(error.smtp_code, "smtp-login") from None
    except smtplib.SMTPNotSupportedError:
        raise Misconfigured("smtp-login", "the server knows no login") from None
    except ssl.SSLError as error:
        raise Misconfigured("smtp-tls", error.reason or type(error).__name__) from None
    except (smtplib.SMTPException, OSError) as error:
        raise Transient("smtp-away", type(error).__name__) from None


def _log_in(client: smtplib.SMTP, to: Server) -> None:
    """Some servers hang up on a wrong password before they have said so."""
    try:
        client.login(to.user, to.password)
    except smtplib.SMTPServerDisconnected:
        raise Transient("smtp-login", "the server hung up") from None


def _encrypt(client: smtplib.SMTP, to: Server) -> None:
    if client.has_extn("starttls"):
        client.starttls(context=ssl.create_default_context())
        client.ehlo()
    elif not to.local:
        raise Misconfigured("smtp-tls", "the server offers no STARTTLS: smtps:// if it has a port for TLS")


def _let_in(code: int, reason: str) -> Transient | Misconfigured:
    """454 and their likes are the server's own trouble (RFC 4954, 6)."""
    return Misconfigured(reason, str(code)) if code >= 500 else Transient("smtp-away", str(code))  # noqa: PLR2004


@contextmanager
def _surely_unsent() -> Iterator[None]:
    """Around what comes before the letter itself, or after the server's word."""
    try:
        yield
    except (smtplib.SMTPException, OSError) as error:
        raise Transient("smtp-away", type(error).__name__) from None


def _bytes(words: bytes | str) -> bytes:
    return words if isinstance(words, bytes) else words.encode("ascii", "replace")
