"""References to secrets, ``${secret:NAME}``: what stands in a configuration instead of a password.

The Spark command server alone knows what is behind a name; nothing here ever sees it.
"""

from __future__ import annotations

import re

REFERENCE = re.compile(r"\$\{secret:([A-Za-z_][A-Za-z0-9_.\-]{0,99})\}")
_BEGINNING = "${secret:"
_ALONE = re.compile(rf"(?:(?i:bearer|basic)\s+)?(?:{REFERENCE.pattern})+")


def secret_names(text: str) -> list[str]:
    """The names that a text refers to, in its order."""
    return REFERENCE.findall(text)


def is_ill_formed(text: str) -> bool:
    """Whether something in a text begins as a reference and is none."""
    return _BEGINNING in REFERENCE.sub("", text)


def is_reference_alone(text: str) -> bool:
    """Whether a text is nothing but references, so that it tells nobody anything."""
    return bool(_ALONE.fullmatch(text.strip()))
