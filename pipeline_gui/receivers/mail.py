"""Mail: SMTP with TLS whose certificate is verified."""

from __future__ import annotations

import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.utils import formatdate
from enum import StrEnum

from pipeline_gui.pipeline.alert import Letter, NotDelivered, ReceiverName
from pipeline_gui.pipeline.alert_texts import one_line
from pipeline_gui.receivers import failures
from pipeline_gui.receivers.failures import failed, said_text
from pipeline_gui.receivers.guard import Reach, guarded


class Encryption(StrEnum):
    """How what is said to the mail server is encrypted."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    """From the first byte; port 465."""
    NONE = "none"
    """Only to this computer, and without a password."""


@dataclass(frozen=True, slots=True)
class Mail:
    """Receiver by mail."""

    name: ReceiverName
    host: str
    port: int
    encryption: Encryption
    sender: str
    to: tuple[str, ...]
    user: str | None
    password: str | None = field(repr=False)
    reach: Reach
    tls: ssl.SSLContext

    def send(self, letter: Letter) -> str:
        """Tell them; the server's answer in words. Raises NotDelivered."""
        message = self._message(letter)
        with guarded(self.reach, failures.SECONDS) as guard:
            try:
                with self._connect() as server:
                    return self._hand_over(server, message)
            except smtplib.SMTPResponseException as error:
                raise self._refused("refused", error.smtp_code, error.smtp_error) from error
            except smtplib.SMTPServerDisconnected as error:
                cause = error.__context__  # a time-out, where the library says no more than that it is closed
                raise failed(self.host, cause if isinstance(cause, OSError) else ConnectionError(), guard) from error
            except smtplib.SMTPNotSupportedError as error:
                raise NotDelivered(f"{self.host} offers no TLS or no login, so nothing was sent.") from error
            except smtplib.SMTPException as error:
                raise NotDelivered(f"{self.host} can't be used: {said_text(str(error))}") from error
            except (OSError, ValueError) as error:
                raise failed(self.host, error, guard) from error

    def _connect(self) -> smtplib.SMTP:
        # Named: the library would look up this computer's own name, for who knows how long.
        me = socket.gethostname() or "localhost"
        if self.encryption is Encryption.IMPLICIT:
            return smtplib.SMTP_SSL(
                self.host, self.port, local_hostname=me, timeout=failures.STEP_SECONDS, context=self.tls
            )
        server = smtplib.SMTP(self.host, self.port, local_hostname=me, timeout=failures.STEP_SECONDS)
        if self.encryption is Encryption.STARTTLS:
            try:
                server.starttls(context=self.tls)
            except BaseException:
                server.close()
                raise
        return server

    def _hand_over(self, server: smtplib.SMTP, message: EmailMessage) -> str:
        server.ehlo_or_helo_if_needed()
        if self.user is not None:
            server.login(self.user, self.password or "")
        code, said = server.mail(self.sender)
        if code >= 400:
            raise self._refused(f"refused the sender {self.sender}", code, said)
        refused = []
        for recipient in self.to:
            code, said = server.rcpt(recipient)
            if code >= 400:
                refused.append((recipient, code, said))
        if len(refused) == len(self.to):
            recipient, code, said = refused[0]
            raise self._refused(f"refused the recipient {recipient}", code, said)
        code, said = server.data(message.as_bytes())
        if code >= 400:
            raise self._refused("refused the message", code, said)
        but = f" It refused {', '.join(recipient for recipient, *_ in refused)}." if refused else ""
        return f"{self.host} answered {code} {said_text(said)}.{but}"

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage(policy=policy.SMTP)
        message["Subject"] = one_line(letter.title)
        message["From"] = self.sender
        message["To"] = ", ".join(self.to)
        message["Date"] = formatdate()
        domain = self.sender.rpartition("@")[2].strip("> ") or "pipeline-gui"
        message["Message-ID"] = f"<{letter.key}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text + "\n", cte="quoted-printable")
        return message

    def _refused(self, what: str, code: int, said: bytes | str) -> NotDelivered:
        if code in (530, 534, 535, 538):
            what = "refused the user or the password"
        sentence = f"{self.host} {what}: {code} {said_text(said)}"
        return NotDelivered(sentence, is_refusal=code >= 500 and code not in (530, 534, 535, 538))
