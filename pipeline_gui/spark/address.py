"""The address of a Spark server: checked, spelled in one way, its secrets kept apart."""

from __future__ import annotations

import ipaddress
import re
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from pipeline_gui.pipeline.errors import ConfigurationInvalid

_DEFAULT_PORTS = {"http": 80, "https": 443}
_PREFIX = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*")
_HEADER_TEXT = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, and how a request proves who sends it."""

    url: str
    """Scheme, host, port where it is not the default one, and path prefix; no slash at its end, no secrets."""
    host: str
    port: int
    authorization: str | None = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    """What no sentence may contain."""

    @property
    def is_loopback(self) -> bool:
        """Whether it is this computer, which no proxy can reach."""
        return is_loopback(self.host)


def parse_address(url: str, token: str | None = None) -> Address:
    """The address that a setting names. Raises ConfigurationInvalid, without repeating a secret."""
    parts = _split(url)
    host, port = _host_and_port(parts)
    prefix = parts.path.rstrip("/").removesuffix("/batches")
    if ".." in prefix.split("/") or not _PREFIX.fullmatch(prefix):
        raise _wrong("its path holds characters that a path can't")
    shown_host = f"[{host}]" if ":" in host else host
    shown_port = "" if port == _DEFAULT_PORTS[parts.scheme] else f":{port}"
    authorization, secrets = _authorization(parts, token)
    return Address(f"{parts.scheme}://{shown_host}{shown_port}{prefix}", host, port, authorization, secrets)


def is_loopback(host: str) -> bool:
    """Whether a host's name or number means this computer."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _wrong(why: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(f"The address of the Spark server is wrong: {why}.", field="spark_url")


def _split(url: str) -> SplitResult:
    if any(ord(character) <= 32 or ord(character) == 127 for character in url.strip()):
        raise _wrong("it holds a space or a control character")
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        raise _wrong("it can't be read as an address") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise _wrong("it must begin with http:// or https://")
    if parts.query or parts.fragment:
        raise _wrong("it can't hold a question mark or a hash sign")
    return parts


def _host_and_port(parts: SplitResult) -> tuple[str, int]:
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _wrong("its port must be a number from 1 to 65535") from None
    if not host:
        raise _wrong("it names no host")
    if port == 0:
        raise _wrong("its port must be a number from 1 to 65535")
    return host, port or _DEFAULT_PORTS[parts.scheme]


def _authorization(parts: SplitResult, token: str | None) -> tuple[str | None, tuple[str, ...]]:
    if token is not None:
        token = token.strip()
    if parts.username is not None:
        if token:
            raise _wrong("it holds a user and password, and there is a token as well; give one of them")
        user, password = unquote(parts.username), unquote(parts.password or "")
        if ":" in user:
            raise _wrong("its user's name holds a colon")
        encoded = b64encode(f"{user}:{password}".encode()).decode()
        return f"Basic {encoded}", tuple(secret for secret in (encoded, password) if secret)
    if not token:
        return None, ()
    if not _HEADER_TEXT.fullmatch(token):
        # It would go into a header, where a line break would begin another header.
        sentence = "The token of the Spark server holds a character that no token has."
        raise ConfigurationInvalid(sentence, field="spark_token")
    return f"Bearer {token}", (token,)
