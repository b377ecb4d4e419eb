"""Keeping secrets out of what is recorded and shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

REDACTED = "*********(redacted)"
"""What Spark itself writes in place of a secret."""

# The default of spark.redaction.regex, and a few words more that people use for the same.
_SECRET_KEY = re.compile(
    r"secret|passw|pwd\b|token|access[.\-_]?key|api[.\-_]?key|private[.\-_]?key|credential", re.IGNORECASE
)
_URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):([^/\s@]+)@")
# Each name is looked at once, from its beginning, and never given back (++): text made for it took a minute otherwise.
_ASSIGNMENT = re.compile(
    r"(?<![\w.\-])(?=[\w.\-]*?(?:secret|passw|pwd|token|access[.\-_]?key|api[.\-_]?key|private[.\-_]?key|credential))"
    r"([\w.\-]++[\"']?\s*+[=:]\s*+)(\"[^\"]*\"|'[^']*'|[^\s&,;]+)",
    re.IGNORECASE,
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=\-]{6,}")


def is_secret_key(key: str) -> bool:
    """Whether the name of a property or option says that its value is a secret."""
    return bool(_SECRET_KEY.search(key))


def redact_text(text: str) -> str:
    """Replace passwords in URLs, ``token=…`` assignments and bearer tokens; the rest stays."""
    text = _URL_PASSWORD.sub(rf"\1:{REDACTED}@", text)
    # Bearer first: of "token: Bearer x" an assignment would take the word Bearer alone.
    text = _BEARER.sub(rf"\1 {REDACTED}", text)
    return _ASSIGNMENT.sub(rf"\1{REDACTED}", text)


def redact_conf(conf: Mapping[str, str]) -> dict[str, str]:
    """Replace the values of Spark properties whose name, or whose text, says that they are secret."""
    return {key: REDACTED if is_secret_key(key) else redact_text(value) for key, value in conf.items()}


def redact_arguments(arguments: Iterable[str]) -> list[str]:
    """Replace the values of ``--password x``, ``--password=x`` and the like in an argument vector."""
    redacted: list[str] = []
    secret_follows = False
    for argument in arguments:
        if secret_follows and not argument.startswith("--"):
            redacted.append(REDACTED)
            secret_follows = False
            continue
        option, equals, _ = argument.partition("=")
        if equals and is_secret_key(option):
            redacted.append(f"{option}={REDACTED}")
        else:
            redacted.append(redact_text(argument))
        secret_follows = argument.startswith("-") and not equals and is_secret_key(argument)
    return redacted
