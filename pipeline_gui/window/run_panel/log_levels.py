"""Which lines of a log say a warning or an error, as Spark's log4j, Python and most others write it."""

from __future__ import annotations

from enum import Enum

_ENDING = r"(?:\n(?:[ \t].*|Caused by: .*|Traceback \(most recent.*|[\w.$]+(?:Error|Exception)\b.*|\.\.\. \d+ more))*"
"""What belongs to a line before: a stack trace, in Java's form and in Python's."""
_ERROR = r"(?:ERROR|FATAL|CRITICAL|SEVERE)"
_WARNING = r"(?:WARN|WARNING|ERROR|FATAL|CRITICAL|SEVERE)"
_TRACE = r"^(?:Traceback \(most recent|Exception in thread |[\w.$]+(?:Error|Exception): ).*"


class Level(Enum):
    """Which lines are shown."""

    ALL = ""
    WARNING = rf"(?:^.*\b{_WARNING}\b.*|{_TRACE}){_ENDING}"
    ERROR = rf"(?:^.*\b{_ERROR}\b.*|{_TRACE}){_ENDING}"


FIRST_ERROR = rf"\b{_ERROR}\b|{_TRACE}"
"""What the first error of a log is found by."""
