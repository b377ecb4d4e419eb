"""What the service logs: one line of JSON for each entry, with the run it is about; or words, for a person."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

from pipeline_gui.pipeline.redaction import redact_text

FIELDS = ("action", "run_id", "success", "reason", "user", "role", "client", "method", "path")


class JsonFormatter(logging.Formatter):
    """An entry as a line of JSON; secrets in its text are redacted."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        entry: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact_text(record.getMessage()),
        }
        entry |= {field: getattr(record, field) for field in FIELDS if getattr(record, field, None) is not None}
        if record.exc_info:
            entry["error"] = redact_text(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=True, default=str)


class TextFormatter(logging.Formatter):
    """An entry for a person's terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields = " ".join(f"{field}={getattr(record, field)}" for field in FIELDS if getattr(record, field, None))
        text = f"{self.formatTime(record)} {record.levelname} {redact_text(record.getMessage())} {fields}".rstrip()
        # On one line, whatever a client put into it.
        text = "".join(sign if sign.isprintable() else " " for sign in text)
        return f"{text}\n{redact_text(self.formatException(record.exc_info))}" if record.exc_info else text


def log_to_stderr(form: Literal["json", "text"]) -> None:
    """Send what this process has to say to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("pipeline_gui").setLevel(logging.INFO)
