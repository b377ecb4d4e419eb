"""receivers.toml: whom a service can tell. It is read again when it changes."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline_gui.near_names import near_name
from pipeline_gui.pipeline.alert import Letter, NotDelivered, Receiver, ReceiverName
from pipeline_gui.pipeline.redaction import REDACTED
from pipeline_gui.pipeline.secret_references import REFERENCE, is_ill_formed
from pipeline_gui.private_file import NotUsable, read_private_toml
from pipeline_gui.receivers.guard import Reach
from pipeline_gui.receivers.mail import Encryption, Mail
from pipeline_gui.receivers.through_apprise import ThroughApprise
from pipeline_gui.receivers.webhook import Webhook

RECEIVERS_FILE = "receivers.toml"
VARIABLE = "PIPELINE_GUI_SECRET_"
"""What the name of a secret in the service's environment begins with."""
SHORTEST_SECRET = 4
"""What is shorter stands in too many words to be hidden."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}")
_ADDRESS = re.compile(r"[!-~]+@[!-~]+")
_PORTS = {Encryption.STARTTLS: 587, Encryption.IMPLICIT: 465, Encryption.NONE: 25}
_KEYS = {
    "mail": ("kind", "host", "port", "tls", "user", "password", "from", "to", "reach", "ca_file"),
    "webhook": ("kind", "url", "headers", "reach", "ca_file"),
    "apprise": ("kind", "url", "reach"),
}


@dataclass(frozen=True, slots=True)
class _Read:
    """The file as it was found."""

    receivers: dict[str, Receiver]
    public_url: str | None
    trouble: str | None


class FileReceivers:
    """Receivers of a file. Thread-safe."""

    def __init__(self, file: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._file = file
        self._environ = environ
        self._seen: object = None
        self._read = _Read({}, None, None)

    @property
    def trouble(self) -> str | None:
        """Why they can't be used, in a sentence."""
        return self._current().trouble

    @property
    def public_url(self) -> str | None:
        """Where people find the service's page."""
        return self._current().public_url

    def all(self) -> dict[str, Receiver]:
        """By name, as they are now."""
        return self._current().receivers

    def _current(self) -> _Read:
        try:
            found = self._file.stat()
            seen: object = (found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode, found.st_uid)
        except OSError as error:
            seen = error.errno
        if seen != self._seen:
            self._read = self._read_file()
            self._seen = seen
        return self._read

    def _read_file(self) -> _Read:
        try:
            table = read_private_toml(self._file, "file of receivers", '[receivers.ops] kind = "mail"')
            return _read(table, self._environ)
        except FileNotFoundError:
            return _Read({}, None, f"there is no file {self._file}.")
        except NotUsable as error:
            return _Read({}, None, str(error))


class _Discreet:
    """A receiver whose answers never say its own secrets, whatever a server echoes."""

    def __init__(self, receiver: Receiver, secrets: list[str]) -> None:
        self._receiver = receiver
        self._secrets = sorted({each for each in secrets if len(each) >= SHORTEST_SECRET}, key=len, reverse=True)

    @property
    def name(self) -> ReceiverName:
        """How everybody knows it."""
        return self._receiver.name

    def send(self, letter: Letter) -> str:
        """Tell it; its answer in words. Raises NotDelivered."""
        try:
            return self._hidden(self._receiver.send(letter))
        except NotDelivered as error:
            raise NotDelivered(self._hidden(str(error)), is_refusal=error.is_refusal) from None
        except Exception as error:  # noqa: BLE001 - whatever a library does wrong
            # Not as it is: a log must not hold what an error's text or its traceback may quote.
            name = type(error).__name__
            raise NotDelivered(self._hidden(f"An error that was not foreseen, {name}: {error}")) from None

    def _hidden(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return text


def _read(table: Mapping[str, Any], environ: Mapping[str, str]) -> _Read:
    for key in table:
        if key not in ("receivers", "public_url"):
            raise NotUsable(f"receivers.toml has no key {key[:60]!r}; it has public_url and tables [receivers.NAME].")
    public_url = table.get("public_url")
    if public_url is not None and (not isinstance(public_url, str) or not re.match(r"https?://[^/\s]+", public_url)):
        raise NotUsable("public_url must be the address of the service's page, as in https://pipelines.example.")
    receivers = table.get("receivers", {})
    if not isinstance(receivers, dict):
        raise NotUsable("receivers.toml has a table for each receiver: [receivers.NAME].")
    made = {name: _make(name, values, environ) for name, values in receivers.items()}
    return _Read(made, public_url.rstrip("/") if public_url else None, None)


def _make(name: str, values: Any, environ: Mapping[str, str]) -> Receiver:
    if not _NAME.fullmatch(name):
        raise NotUsable(f"{name[:60]!r} is no name for a receiver: letters, digits, “.”, “-”, “_”.")
    if not isinstance(values, dict) or values.get("kind") not in _KEYS:
        raise NotUsable(f"The receiver {name} needs a kind: {', '.join(_KEYS)}.")
    kind = str(values["kind"])
    for key in values:
        if key not in _KEYS[kind]:
            near = near_name(key, _KEYS[kind])
            hint = f"; did you mean {near!r}?" if near else "."
            raise NotUsable(f"The receiver {name} ({kind}) has no key {key[:60]!r}{hint}")
    makers: dict[str, Callable[[_Values], Receiver]] = {
        "mail": _mail, "webhook": _webhook, "apprise": _apprise,
    }  # fmt: skip
    given = _Values(name, kind, values, environ)
    return _Discreet(makers[kind](given), given.secrets)


class _Values:
    """What the file says of one receiver; secrets are put in, and remembered."""

    def __init__(self, name: str, kind: str, values: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        self.name = ReceiverName(name, kind)
        self._values = values
        self._environ = environ
        self.secrets: list[str] = []

    def wrong(self, key: str, should: str) -> NotUsable:
        """What is to be raised where a value is not what it should be."""
        return NotUsable(f"{key} of the receiver {self.name.name} must be {should}.")

    def text(self, key: str, default: str | None = None, *, is_secret: bool = False) -> str | None:
        """A text with its secrets in it."""
        value = self._values.get(key, default)
        return value if value is None else self.filled(key, value, is_secret=is_secret)

    def needed(self, key: str, *, is_secret: bool = False) -> str:
        """The same, which must be there."""
        value = self.text(key, is_secret=is_secret)
        if not value:
            raise self.wrong(key, "given")
        return value

    def filled(self, key: str, value: object, *, is_secret: bool) -> str:
        """A value as text, with its secrets in the place of their references."""
        if not isinstance(value, str) or not value.isprintable() or is_ill_formed(value):
            raise self.wrong(key, "a line of text in quotes; a secret in it is ${secret:NAME}")

        def secret(match: re.Match[str]) -> str:
            found = self._environ.get(VARIABLE + match[1])
            if found is None:
                raise NotUsable(
                    f"The secret {match[1]} of the receiver {self.name.name} is not in the service's environment: "
                    f"{VARIABLE}{match[1]}."
                )
            self.secrets.append(found)
            return found

        filled = REFERENCE.sub(secret, value)
        if is_secret:
            self.secrets.append(filled)
        return filled

    def texts(self, key: str) -> tuple[str, ...]:
        """A text, or a list of them."""
        value = self._values.get(key)
        return tuple(
            self.filled(key, each, is_secret=False) for each in (value if isinstance(value, list) else [value])
        )

    def number(self, key: str, default: int) -> int:
        """A port."""
        value = self._values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 65536:
            raise self.wrong(key, "a number from 1 to 65535")
        return value

    def reach(self, default: Reach) -> Reach:
        """How far it may be."""
        try:
            return Reach(str(self._values.get("reach", default.value)))
        except ValueError:
            raise self.wrong("reach", ", ".join(Reach)) from None

    def headers(self) -> dict[str, str]:
        """Header lines; their values may be secrets."""
        value = self._values.get("headers", {})
        if not isinstance(value, dict) or not all(re.fullmatch(r"[A-Za-z0-9\-]{1,100}", key) for key in value):
            raise self.wrong("headers", 'a table, as in {Authorization = "Bearer ${secret:NAME}"}')
        return {key: self.filled(f"header {key}", each, is_secret=True) for key, each in value.items()}

    def tls(self) -> ssl.SSLContext:
        """What is trusted: the system's certificates, or those of a file."""
        ca_file = self.text("ca_file")
        try:
            return ssl.create_default_context(cafile=ca_file)
        except OSError as error:
            raise self.wrong("ca_file", f"a file of certificates in PEM ({error.strerror or 'it is none'})") from None


def _mail(values: _Values) -> Receiver:
    try:
        encryption = Encryption(values.text("tls", "starttls") or "")
    except ValueError:
        raise values.wrong("tls", ", ".join(Encryption)) from None
    to, sender = values.texts("to"), values.needed("from")
    if not to or not all(_ADDRESS.fullmatch(each) for each in (*to, sender)):
        raise values.wrong("to (a list) and from", "addresses, as ops@example.org")
    user, password = values.text("user"), values.text("password", is_secret=True)
    if (user is None) != (password is None):
        raise values.wrong("user and password", "given together")
    host = values.needed("host")
    if encryption is Encryption.NONE and (user is not None or host not in ("localhost", "127.0.0.1", "::1")):
        raise values.wrong("tls", "starttls or implicit; none is only for this computer, without a password")
    # A mail server is what the administrator names, and often this computer.
    return Mail(
        values.name, host, values.number("port", _PORTS[encryption]), encryption, sender, to, user, password,
        values.reach(Reach.ANY), values.tls(),
    )  # fmt: skip


def _webhook(values: _Values) -> Receiver:
    url = values.needed("url", is_secret=True)
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right or not url.isascii() or " " in url:
        raise values.wrong("url", "an address, as in https://hooks.example/…")
    if parts.username is not None:
        raise values.wrong("url", "without a user; put it in headers, as Authorization")
    if len(parts.path) > 1:
        values.secrets.append(parts.path)
    tls = values.tls() if parts.scheme == "https" else None
    return Webhook(values.name, parts, values.headers(), values.reach(Reach.NETWORK), tls)


def _apprise(values: _Values) -> Receiver:
    url = values.needed("url", is_secret=True)
    if "://" not in url:
        raise values.wrong("url", "one of Apprise's, as in ntfys://ntfy.sh/TOPIC")
    # Tokens stand between the slashes.
    values.secrets.extend(re.split(r"[/:@?&=]+", url.partition("://")[2])[1:])
    return ThroughApprise(values.name, url, values.reach(Reach.NETWORK))
