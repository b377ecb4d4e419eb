"""A real mail server with TLS, whose mood a test sets."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

USER, PASSWORD = "pipelines", "s3cret-password"


@dataclass
class MailServer:
    """What it took, and what it says."""

    certificate: Path
    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    """Answers by command: RCPT, DATA."""
    recipients: list[list[str]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or not."""
        if "RCPT" in self.refuses and not address.startswith("ok"):
            return self.refuses["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a letter, or not."""
        if "DATA" in self.refuses:
            return self.refuses["DATA"]
        parsed = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.letters.append(parsed)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 queued as 4711"


def _authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, handled=False)


@contextmanager
def mail_server(certificate: Path, *, implicit: bool = False, offers_tls: bool = True) -> Iterator[MailServer]:
    """One that runs, on 127.0.0.1."""
    made = MailServer(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    options: dict[str, Any] = {"authenticator": _authenticate, "auth_require_tls": not implicit and offers_tls}
    if implicit:
        options["ssl_context"] = context
    elif offers_tls:
        options |= {"tls_context": context, "require_starttls": True}
    controller = Controller(made, hostname="127.0.0.1", port=_free_port(), **options)
    controller.start()
    made.port = controller.port
    try:
        yield made
    finally:
        controller.stop()


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
