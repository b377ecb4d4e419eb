"""Texts that are translated where they are shown, and not where they stand. Knows no Qt."""

from __future__ import annotations


def QT_TR_NOOP(text: str) -> str:
    """The same text, marked for who translates."""
    return text
