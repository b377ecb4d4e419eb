"""Keeping secrets out of what is recorded and shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pipeline_gui.pipeline.secret_references import REFERENCE, is_reference_alone

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
_OPEN, _CLOSE = "\ue000", "\ue001"
_HIDDEN = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=\-]{6,}")


def is_secret_key(key: str) -> bool:
    """Whether the name of a property or option says that its value is a secret."""
    return bool(_SECRET_KEY.search(key))


def redact_text(text: str) -> str:
    """Replace passwords in URLs, ``token=…`` assignments and bearer tokens; the rest stays.

    A reference to a secret stays too where it is all that stands for one: it tells nothing, and is needed again.
    """
    if "${secret:" not in text:
        return _redacted(text)
    # Out of the way of the patterns: "secret:NAME" is an assignment to them.
    references: list[str] = []

    def hide(match: re.Match[str]) -> str:
        references.append(match[0])
        return f"{_OPEN}{len(references) - 1}{_CLOSE}"

    hidden = REFERENCE.sub(hide, text.replace(_OPEN, "\ufffd"))
    return _HIDDEN.sub(lambda match: references[int(match[1])], _redacted(hidden))


def redact_conf(conf: Mapping[str, str]) -> dict[str, str]:
    """Replace the values of Spark properties whose name, or whose text, says that they are secret."""
    return {key: _redacted_value(value) if is_secret_key(key) else redact_text(value) for key, value in conf.items()}


def redact_arguments(arguments: Iterable[str]) -> list[str]:
    """Replace the values of ``--password x``, ``--password=x`` and the like in an argument vector."""
    redacted: list[str] = []
    secret_follows = False
    for argument in arguments:
        if secret_follows and not argument.startswith("--"):
            redacted.append(_redacted_value(argument))
            secret_follows = False
            continue
        option, equals, value = argument.partition("=")
        if equals and is_secret_key(option) and "${" not in option:
            redacted.append(f"{option}={_redacted_value(value)}")
        else:
            redacted.append(redact_text(argument))
        secret_follows = argument.startswith("-") and not equals and is_secret_key(argument)
    return redacted


def _redacted_value(value: str) -> str:
    return value if is_reference_alone(value) else REDACTED


def _redacted(text: str) -> str:
    text = _URL_PASSWORD.sub(_url_without_password, text)
    # Bearer first: of "token: Bearer x" an assignment would take the word Bearer alone.
    text = _BEARER.sub(rf"\1 {REDACTED}", text)
    return _ASSIGNMENT.sub(_assignment_without_value, text)


def _url_without_password(match: re.Match[str]) -> str:
    return match[0] if _HIDDEN.fullmatch(match[2]) else f"{match[1]}:{REDACTED}@"


def _assignment_without_value(match: re.Match[str]) -> str:
    return match[0] if _HIDDEN.fullmatch(match[2].strip("\"'")) else f"{match[1]}{REDACTED}"
