"""Making what a server said fit to show: no control characters, no escape sequences, no secrets, no markup, bounded."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline_gui.pipeline.redaction import REDACTED, redact_text

LONGEST_SENTENCE = 400
LONGEST_LINE = 16_384
"""Characters of one line of a log; Spark's plans make longer ones, which nobody reads whole."""

# Terminal sequences whole (CSI, OSC and the short ones), so that no visible rest of one is left behind.
_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]P^_X]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
# Besides the control characters: what turns the direction of text or hides in it, and what no database column takes.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")
_TITLE = re.compile(r"<title[^>]*>(.{1,500}?)</title", re.IGNORECASE | re.DOTALL)
_SPACES = re.compile(r"\s+")


def clean(text: str, longest: int = LONGEST_SENTENCE, secrets: Iterable[str] = ()) -> str:
    """One line of plain text of at most longest characters; the given secrets, and what looks like one, replaced."""
    # Far more than is shown, yet bounded: a pattern never runs over megabytes of a hostile answer.
    text = text[: longest * 8]
    text = _SPACES.sub(" ", _UNSEEN.sub(" ", _ESCAPE.sub(" ", text))).strip()
    # Before the cut: half a secret is still a secret, and is no longer recognised.
    for secret in secrets:
        if secret:
            text = text.replace(secret, REDACTED)
    text = redact_text(text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def bounded_line(line: str) -> str:
    """A line of a log, cut to a length that a window can show; its characters are left to whoever shows it."""
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"


def page_title(body: bytes) -> str | None:
    """The title of an HTML page, cleaned; None when it has none."""
    from html import unescape  # only for who answers with a page

    match = _TITLE.search(body[:65_536].decode("utf-8", "replace"))
    return (clean(unescape(match.group(1)), 80) or None) if match else None
