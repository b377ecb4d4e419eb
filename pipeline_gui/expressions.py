"""What people look for in a log, as an expression that takes linear time whatever they typed (RE2)."""

from __future__ import annotations

from typing import Any

LONGEST = 1000
"""Characters."""
_MEMORY = 16 * 1024 * 1024
"""Bytes that the engine may take for one expression."""


class ExpressionInvalid(ValueError):
    """This can't be looked for; the text says why."""


def compile_expression(text: str, *, is_pattern: bool, ignores_case: bool) -> Any:
    """An expression of the module re2, in which ^ and $ are the ends of a line. Raises ExpressionInvalid.

    Its syntax: https://github.com/google/re2/wiki/Syntax
    """
    import re2  # it takes time to load, and many never look for anything

    if not text or len(text) > LONGEST:
        raise ExpressionInvalid(f"What is looked for must have 1 to {LONGEST:,} characters.")
    options = re2.Options()
    options.case_sensitive = not ignores_case
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile((f"(?m){text}" if is_pattern else re2.escape(text)).encode(), options)
    except (re2.error, UnicodeEncodeError) as error:
        said = error.args[0] if isinstance(error, re2.error) and error.args else str(error)
        why = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise ExpressionInvalid(f"This is not a regular expression that can be looked for: {why[:200]}.") from error
