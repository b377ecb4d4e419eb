"""Why a driver failed, in a sentence, from what its server and its log say."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

from pipeline_gui.pipeline.ports import Batch
from pipeline_gui.pipeline.redaction import redact_text

LONGEST_MESSAGE = 2000

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# "pyspark.errors.exceptions.captured.AnalysisException: [UNRESOLVED_COLUMN…] A column …" and "Exception in thread …"
_ERROR = re.compile(
    r"^(?:Caused by: |Exception in thread \"[^\"]*\" |Error: )?"
    r"((?:[\w$]+\.)*[\w$]*(?:Error|Exception|Interrupt|Failure))(?:: |$)(.*)$"
)
_LOG_PREFIX = re.compile(r"^\d{2,4}[/-]\d\d[/-]\d\d[ T]\d\d:\d\d:\d\d\S* (?:ERROR|FATAL) ")


def failure_sentence(batch: Batch, log_lines: Sequence[str]) -> str:
    """Why the batch failed: the last error of its log, and how its driver ended; secrets redacted."""
    error = _last_error(log_lines) or _last_error(batch.log_tail)
    end = _end(batch)
    said = f"{error} ({end})" if error and end else error or end or "Spark reported a failure and no reason."
    said = redact_text(_CONTROL.sub(" ", said)).strip()
    return said if len(said) <= LONGEST_MESSAGE else said[: LONGEST_MESSAGE - 1] + "…"


def _end(batch: Batch) -> str:
    if batch.reason:
        return batch.reason.rstrip(".")
    if batch.signal is not None:
        try:
            name = signal.Signals(batch.signal).name
        except ValueError:
            name = f"signal {batch.signal}"
        return f"the driver was killed by {name}"
    if batch.exit_code is not None:
        return f"exit code {batch.exit_code}"
    return ""


def _last_error(lines: Sequence[str]) -> str | None:
    """The last line that names an exception, with its short name; a traceback ends with what was raised."""
    for line in reversed(lines):
        match = _ERROR.match(_LOG_PREFIX.sub("", line.strip()))
        if match and not line.startswith((" ", "\t")):
            name, text = match.groups()
            short = name.rsplit(".", 1)[-1]
            return f"{short}: {text.strip()}" if text.strip() else short
    return None
