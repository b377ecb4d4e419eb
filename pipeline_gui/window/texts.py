"""Texts of others made safe to show: bounded, on one line, and never taken for markup."""

from __future__ import annotations

import re

LONGEST_CELL = 300
LONGEST_TOOLTIP = 3000
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\s]+")


def one_line(text: str, longest: int = LONGEST_CELL) -> str:
    """A text on one line, without control characters, cut at a length in characters."""
    flat = _CONTROL.sub(" ", text[: longest * 4]).strip()
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"


def escaped(text: str) -> str:
    """A text within HTML: html.escape without html, whose two thousand entities every start would pay for."""
    return text.translate(_MARKUP)


def tooltip(text: str | None) -> str:
    """A tooltip that Qt can't take for HTML: a log line of others may look like it."""
    if not text:
        return ""
    cut = text if len(text) <= LONGEST_TOOLTIP else text[: LONGEST_TOOLTIP - 1] + "…"
    lines = [one_line(line, LONGEST_TOOLTIP) for line in cut.splitlines()[:40]]
    return "<qt>" + "<br>".join(escaped(line) for line in lines) + "</qt>"
