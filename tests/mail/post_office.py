"""An SMTP server of the tests' own: it keeps what it is given, and says no as it is told to."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from sandbox.broker import free_port
from tests.needs import unavailable

PASSWORD = b"open sesame"


@dataclass
class PostOffice:
    """`refuse_*` are answers to that step, used up one by one; None lets one through. `cut` breaks the line
    after the letter and before the answer; `kept` are letters as they came.
    """

    port: int = 0
    kept: list[EmailMessage] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    refuse_sender: list[str | None] = field(default_factory=list)
    refuse_address: list[str | None] = field(default_factory=list)
    refuse_letter: list[str | None] = field(default_factory=list)
    cut: bool = False
    hold: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address, options):  # noqa: N802
        if answer := _next(self.refuse_sender):
            return answer
        envelope.mail_from = address
        self.senders.append(address)
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address, options):  # noqa: N802
        if answer := _next(self.refuse_address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope):  # noqa: N802
        if answer := _next(self.refuse_letter):
            return answer
        letter = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(letter, EmailMessage)
        assert envelope.rcpt_tos == [letter["To"]]
        self.kept.append(letter)
        self.reached.set()
        if self.cut:
            server.transport.abort()
            return "250 never heard"
        return "250 OK"

    def authenticate(self, server, session, envelope, mechanism, login) -> AuthResult:
        return AuthResult(success=login.password == PASSWORD, handled=False)


def _next(answers: list[str | None]) -> str | None:
    return answers.pop(0) if answers else None


@contextmanager
def opened(
    *, certificate: tuple[Path, Path] | None = None, from_the_start: bool = False, login: bool = False
) -> Iterator[PostOffice]:
    office = PostOffice(port=free_port())
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    told = {
        "authenticator": office.authenticate,
        "auth_required": login,
        "auth_require_tls": not from_the_start,
    }
    if context is not None and not from_the_start:
        told |= {"tls_context": context, "require_starttls": True}
    controller = Controller(
        office,
        hostname="127.0.0.1",
        port=office.port,
        ssl_context=context if from_the_start else None,
        **(told if login else {}),
    )
    controller.start()
    try:
        yield office
    finally:
        controller.stop()


def certificate(folder: Path) -> tuple[Path, Path]:
    """For this machine, made for the test: signs for itself, so whoever trusts the file trusts the server."""
    if shutil.which("openssl") is None:
        unavailable("no openssl on the PATH")
    made, key = folder / "certificate.pem", folder / "key.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*words, "-out", made, "-keyout", key], check=True, capture_output=True)
    return made, key
